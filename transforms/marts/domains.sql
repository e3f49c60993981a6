-- one row per registrable domain of the graph: its votes and its worth
with received as (
    select
        e.target_domain,
        e.target_domain_id,
        sum(e.link_count) as backlink_count,
        sum(e.followed_link_count) as followed_backlink_count,
        count(*) as referring_domain_count,
        count(*) filter (where e.followed_link_count > 0) as followed_referring_domain_count,
        sum(e.page_count) as referring_page_count,
        min(e.first_seen) as first_seen,
        max(e.last_seen) as last_seen
    from domain_edges as e
    group by e.target_domain, e.target_domain_id
),

given as (
    select
        e.source_domain,
        e.source_domain_id,
        count(*) as linked_domain_count
    from domain_edges as e
    group by e.source_domain, e.source_domain_id
)

select
    n.domain,
    a.authority_score,
    a.authority_rank,
    a.authority_percentile,
    a.authority_score_with_farms,
    k.pagerank,
    k.harmonic_centrality,
    coalesce(v.farm_score, 0.0) as farm_score,
    v.tier as farm_tier,
    v.role as farm_role,
    cast(coalesce(r.backlink_count, 0) as bigint) as backlinks,
    cast(coalesce(r.followed_backlink_count, 0) as bigint) as followed_backlinks,
    cast(coalesce(r.referring_domain_count, 0) as bigint) as referring_domains,
    cast(coalesce(r.followed_referring_domain_count, 0) as bigint) as followed_referring_domains,
    cast(case when r.target_domain is null then 0 else r.referring_page_count end as bigint) as referring_pages,
    cast(coalesce(g.linked_domain_count, 0) as bigint) as linked_domains,
    n.page_count as crawled_pages,
    r.first_seen,
    r.last_seen
from domain_nodes as n
left join domain_authority as a on n.domain_id = a.domain_id and n.domain = a.domain
left join domain_ranks as k on n.domain_id = k.domain_id and n.domain = k.domain
left join farm_verdicts as v on n.domain_id = v.domain_id and n.domain = v.domain
left join received as r on n.domain_id = r.target_domain_id and n.domain = r.target_domain
left join given as g on n.domain_id = g.source_domain_id and n.domain = g.source_domain
