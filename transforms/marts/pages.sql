-- one row per URL that was asked for or is the target of a live link
with received as (
    select
        b.target_url as url,
        count(*) as backlink_count,
        count(*) filter (where b.passes_equity) as followed_backlink_count,
        count(distinct b.source_domain) as referring_domain_count
    from backlinks as b
    group by b.target_url
),

received_within as (
    select
        i.target_url as url,
        count(*) as internal_backlink_count
    from internal_links as i
    group by i.target_url
),

places as (
    select
        f.url,
        f.host,
        f.domain
    from newest_fetches as f
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
    coalesce(f.is_crawled, false) as is_crawled,
    f.state,
    f.status,
    f.redirects_to,
    f.title,
    f.language,
    f.canonical_url,
    f.is_noindex,
    f.is_nofollow,
    f.word_count,
    f.fetched_at,
    cast(coalesce(r.backlink_count, 0) as bigint) as backlinks,
    cast(coalesce(r.followed_backlink_count, 0) as bigint) as followed_backlinks,
    cast(coalesce(r.referring_domain_count, 0) as bigint) as referring_domains,
    cast(coalesce(w.internal_backlink_count, 0) as bigint) as internal_backlinks,
    f.error
from known as k
left join newest_fetches as f on k.url = f.url
left join received as r on k.url = r.url
left join received_within as w on k.url = w.url
