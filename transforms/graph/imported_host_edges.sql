-- one row per (source_host, target_host) of an edge list made elsewhere: loops dropped, repeated edges merged
with merged as (
    select
        p.source_host,
        p.source_host_id,
        p.target_host,
        p.target_host_id,
        sum(p.link_count) as link_count,
        sum(p.followed_link_count) as followed_link_count
    from host_edges_parts as p
    where p.source_host <> p.target_host
    group by p.source_host, p.source_host_id, p.target_host, p.target_host_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    m.source_host,
    m.source_host_id,
    m.target_host,
    m.target_host_id,
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
