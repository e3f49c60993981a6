-- one row per registrable domain of an edge list made elsewhere; one with out-links counts as crawled
with linking as (
    select
        p.source_domain,
        p.source_domain_id
    from domain_edges_parts as p
    group by p.source_domain, p.source_domain_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    p.domain,
    p.domain_id,
    l.source_domain is not null as is_crawled,
    cast(0 as bigint) as page_count
from domain_nodes_parts as p
left join linking as l on p.domain_id = l.source_domain_id and p.domain = l.source_domain
