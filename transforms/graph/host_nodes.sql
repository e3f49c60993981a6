-- one row per host of the graph: an end of a live link, or a host of which a page was fetched
with ends as (
    select
        l.source_host as host,
        l.source_host_id as host_id,
        l.source_domain as domain
    from links as l
    where l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
    union all
    select
        l.target_host as host,
        l.target_host_id as host_id,
        l.target_domain as domain
    from links as l
    where l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
    union all
    select
        f.source_host as host,
        f.source_host_id as host_id,
        f.source_domain as domain
    from page_fetches as f
    where f.state = 'fetched'
),

crawled as (
    select
        f.source_host as host,
        f.source_host_id as host_id,
        count(distinct f.source_url) as page_count
    from page_fetches as f
    where f.state = 'fetched'
    group by f.source_host, f.source_host_id
),

known as (
    select
        e.host,
        e.host_id
    from ends as e
    where not exists (select 1 from non_domains as n where n.domain = e.domain)
    group by e.host, e.host_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    k.host,
    k.host_id,
    c.page_count is not null as is_crawled,
    cast(coalesce(c.page_count, 0) as bigint) as page_count
from known as k
left join crawled as c on k.host_id = c.host_id and k.host = c.host
