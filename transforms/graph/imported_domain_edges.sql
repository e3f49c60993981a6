-- one row per (source_domain, target_domain) of an edge list made elsewhere: loops dropped, repeated edges merged
with merged as (
    select
        p.source_domain,
        p.source_domain_id,
        p.target_domain,
        p.target_domain_id,
        sum(p.link_count) as link_count,
        sum(p.followed_link_count) as followed_link_count
    from domain_edges_parts as p
    where p.source_domain <> p.target_domain
    group by p.source_domain, p.source_domain_id, p.target_domain, p.target_domain_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    m.source_domain,
    m.source_domain_id,
    m.target_domain,
    m.target_domain_id,
    cast(m.link_count as bigint) as link_count,
    cast(m.followed_link_count as bigint) as followed_link_count,
    cast(m.followed_link_count as bigint) as body_link_count,
    cast(null as bigint) as page_count,
    cast(null as bigint) as followed_page_count,
    cast(round(1000000 * least(6.0, log2(1 + m.followed_link_count))) as bigint) as weight_micro,
    cast(round(1000000 * least(6.0, log2(1 + m.link_count))) as bigint) as total_weight_micro,
    cast(null as timestamptz) as first_seen,
    cast(null as timestamptz) as last_seen
from merged as m
