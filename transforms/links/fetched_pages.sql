-- one row per page that was ever fetched well: what it said of itself the last time
with ordered_fetches as (
    select
        f.source_url,
        f.source_host,
        f.source_domain,
        f.title,
        f.h1,
        f.author,
        f.generator,
        f.structured_data_types,
        f.canonical_url,
        row_number() over (
            partition by f.source_url_id, f.source_url
            order by f.fetched_at desc, f.crawl_id desc, f.fetch_id desc
        ) as place
    from page_fetches as f
    where f.state = 'fetched'
)

select
    f.source_url,
    f.source_host,
    f.source_domain,
    f.title,
    f.h1,
    f.author,
    f.generator,
    f.structured_data_types,
    f.canonical_url
from ordered_fetches as f
where f.place = 1
