-- one row per domain (one): its headline numbers
with ranked as (
    select count(*) as ranked_domains
    from domains as d
    where d.authority_rank is not null
)

select
    d.domain,
    d.authority_score,
    d.authority_rank,
    r.ranked_domains,
    d.authority_percentile,
    d.authority_score_with_farms,
    d.referring_domains,
    d.followed_referring_domains,
    d.backlinks,
    d.followed_backlinks,
    d.linked_domains,
    d.crawled_pages,
    d.farm_score,
    d.farm_tier,
    d.farm_role,
    d.first_seen,
    d.last_seen
from domains as d
cross join ranked as r
where d.domain = $domain
