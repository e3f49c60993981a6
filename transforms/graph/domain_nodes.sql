-- one row per registrable domain of the graph: an end of a live link, or one of which a page was fetched
with ends as (
    select
        l.source_domain as domain,
        l.source_domain_id as domain_id
    from links as l
    where l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
    union all
    select
        l.target_domain as domain,
        l.target_domain_id as domain_id
    from links as l
    where l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
    union all
    select
        f.source_domain as domain,
        f.source_domain_id as domain_id
    from page_fetches as f
    where f.state = 'fetched'
),

crawled as (
    select
        f.source_domain as domain,
        f.source_domain_id as domain_id,
        count(distinct f.source_url) as page_count
    from page_fetches as f
    where f.state = 'fetched'
    group by f.source_domain, f.source_domain_id
),

known as (
    select
        e.domain,
        e.domain_id
    from ends as e
    where not exists (select 1 from non_domains as n where n.domain = e.domain)
    group by e.domain, e.domain_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    k.domain,
    k.domain_id,
    c.page_count is not null as is_crawled,
    cast(coalesce(c.page_count, 0) as bigint) as page_count
from known as k
left join crawled as c on k.domain_id = c.domain_id and k.domain = c.domain
