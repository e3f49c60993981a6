-- one row per registrable domain and crawl: what it was worth and who vouched for it then
with counted as (
    select count(*) as domain_count
    from domains as d
),

known as (
    select
        d.domain,
        cast($crawl_id as varchar) as crawl_id,
        cast($as_of as timestamptz) as as_of,
        d.authority_score,
        d.authority_rank,
        d.authority_percentile,
        d.farm_score,
        d.backlinks,
        d.followed_backlinks,
        d.referring_domains,
        d.followed_referring_domains,
        d.linked_domains,
        d.crawled_pages,
        cast(c.domain_count as bigint) as domain_count
    from domains as d
    cross join counted as c
    union all
    select
        h.domain,
        h.crawl_id,
        h.as_of,
        h.authority_score,
        h.authority_rank,
        h.authority_percentile,
        h.farm_score,
        h.backlinks,
        h.followed_backlinks,
        h.referring_domains,
        h.followed_referring_domains,
        h.linked_domains,
        h.crawled_pages,
        h.domain_count
    from previous_domain_history as h
)

select
    k.domain,
    k.crawl_id,
    k.as_of,
    k.authority_score,
    k.authority_rank,
    k.authority_percentile,
    k.farm_score,
    k.backlinks,
    k.followed_backlinks,
    k.referring_domains,
    k.followed_referring_domains,
    k.linked_domains,
    k.crawled_pages,
    k.domain_count
from known as k
