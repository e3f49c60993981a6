-- one row per host of an edge list made elsewhere; one with out-links counts as crawled
with linking as (
    select
        p.source_host,
        p.source_host_id
    from host_edges_parts as p
    group by p.source_host, p.source_host_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    p.host,
    p.host_id,
    l.source_host is not null as is_crawled,
    cast(0 as bigint) as page_count
from host_nodes_parts as p
left join linking as l on p.host_id = l.source_host_id and p.host = l.source_host
