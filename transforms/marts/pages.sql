-- one row per URL that was asked for or is the target of a live link
with fetches as (
    select
        f.requested_url as url,
        f.source_url,
        f.source_host,
        f.source_domain,
        f.state,
        f.status,
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
        f.source_url,
        f.source_host,
        f.source_domain,
        f.state,
        f.status,
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
        f.source_url,
        f.state,
        f.status,
        f.title,
        f.language,
        f.canonical_url,
        f.is_noindex,
        f.is_nofollow,
        f.word_count,
        f.fetched_at,
        f.is_final,
        max(case when f.is_final = 1 and f.state = 'fetched' then 1 else 0 end) over (partition by f.url) as is_crawled,
        row_number() over (
            partition by f.url
            order by f.fetched_at desc, f.is_final desc, f.crawl_id desc, f.fetch_id desc
        ) as place
    from fetches as f
),

votes as (
    select
        l.source_url,
        l.source_domain,
        l.target_url,
        l.link_scope,
        l.link_type not in ('canonical', 'alternate') as is_vote,
        c.passes_equity
    from links as l
    inner join link_classes as c
        on
            l.source_url_id = c.source_url_id
            and l.source_url = c.source_url
            and l.target_url_id = c.target_url_id
            and l.target_url = c.target_url
    where l.link_state = 'live'
),

received as (
    select
        v.target_url as url,
        count(*) filter (where v.is_vote and v.link_scope = 'external') as backlink_count,
        count(*) filter (where v.is_vote and v.link_scope = 'external' and v.passes_equity) as followed_backlink_count,
        count(distinct case when v.is_vote and v.link_scope = 'external' then v.source_domain end)
            as referring_domain_count,
        count(*) filter (
            where v.is_vote and v.link_scope not in ('external', 'no_domain') and v.source_url <> v.target_url
        ) as internal_backlink_count
    from votes as v
    group by v.target_url
),

places as (
    select
        f.requested_url as url,
        f.requested_host as host,
        f.requested_domain as domain
    from page_fetches as f
    union all
    select
        f.source_url as url,
        f.source_host as host,
        f.source_domain as domain
    from page_fetches as f
    union all
    select
        l.target_url as url,
        l.target_host as host,
        l.target_domain as domain
    from links as l
    where l.link_state = 'live'
),

known as (
    select
        p.url,
        p.host,
        p.domain
    from places as p
    group by p.url, p.host, p.domain
)

select
    k.url,
    k.host,
    k.domain,
    coalesce(f.is_crawled, 0) = 1 as is_crawled,
    f.state,
    f.status,
    case when f.is_final = 0 then f.source_url end as redirects_to,
    case when f.is_final = 1 then f.title end as title,
    case when f.is_final = 1 then f.language end as language,
    case when f.is_final = 1 then f.canonical_url end as canonical_url,
    case when f.is_final = 1 then f.is_noindex end as is_noindex,
    case when f.is_final = 1 then f.is_nofollow end as is_nofollow,
    case when f.is_final = 1 then f.word_count end as word_count,
    f.fetched_at,
    cast(coalesce(r.backlink_count, 0) as bigint) as backlinks,
    cast(coalesce(r.followed_backlink_count, 0) as bigint) as followed_backlinks,
    cast(coalesce(r.referring_domain_count, 0) as bigint) as referring_domains,
    cast(coalesce(r.internal_backlink_count, 0) as bigint) as internal_backlinks
from known as k
left join ordered_fetches as f on k.url = f.url and f.place = 1
left join received as r on k.url = r.url
