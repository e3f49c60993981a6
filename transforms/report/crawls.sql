-- one row per crawl: what was looked at, when, and whether all of it; the newest first
with fetched as (
    select
        f.crawl_id,
        count(*) as page_count
    from page_fetches as f
    group by f.crawl_id
)

select
    c.crawl_id,
    c.kind,
    c.scope,
    c.observed_from,
    c.observed_to,
    c.is_complete,
    coalesce(f.page_count, 0) as fetches
from crawls as c
left join fetched as f on c.crawl_id = f.crawl_id
qualify row_number() over (order by c.observed_to desc, c.started_at desc, c.crawl_id desc) <= $top
order by c.observed_to desc, c.started_at desc, c.crawl_id desc
