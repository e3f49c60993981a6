-- one row per URL that was asked for or arrived at: what its newest fetch found
with fetches as (
    select
        f.requested_url as url,
        f.requested_host as host,
        f.requested_domain as domain,
        f.source_url,
        f.state,
        f.status,
        f.error,
        f.title,
        f.language,
        f.canonical_url,
        f.is_noindex,
        f.is_nofollow,
        f.word_count,
        f.fetched_at,
        f.crawl_id,
        f.fetch_id,
        0 as is_final
    from page_fetches as f
    where f.requested_url <> f.source_url
    union all
    select
        f.source_url as url,
        f.source_host as host,
        f.source_domain as domain,
        f.source_url,
        f.state,
        f.status,
        f.error,
        f.title,
        f.language,
        f.canonical_url,
        f.is_noindex,
        f.is_nofollow,
        f.word_count,
        f.fetched_at,
        f.crawl_id,
        f.fetch_id,
        1 as is_final
    from page_fetches as f
),

ordered_fetches as (
    select
        f.url,
        f.host,
        f.domain,
        f.source_url,
        f.state,
        f.status,
        f.error,
        f.title,
        f.language,
        f.canonical_url,
        f.is_noindex,
        f.is_nofollow,
        f.word_count,
        f.fetched_at,
        f.is_final,
        max(case when f.is_final = 1 and f.state = 'fetched' then 1 else 0 end) over (partition by f.url) as was_good,
        row_number() over (
            partition by f.url
            order by f.fetched_at desc, f.is_final desc, f.crawl_id desc, f.fetch_id desc
        ) as place
    from fetches as f
)

select
    o.url,
    o.host,
    o.domain,
    o.was_good = 1 as is_crawled,
    o.is_final = 1 as is_final,
    o.state,
    o.status,
    o.error,
    case when o.is_final = 0 then o.source_url end as redirects_to,
    case when o.is_final = 1 then o.title end as title,
    case when o.is_final = 1 then o.language end as language,
    case when o.is_final = 1 then o.canonical_url end as canonical_url,
    case when o.is_final = 1 then o.is_noindex end as is_noindex,
    case when o.is_final = 1 then o.is_nofollow end as is_nofollow,
    case when o.is_final = 1 then o.word_count end as word_count,
    o.fetched_at
from ordered_fetches as o
where o.place = 1
