-- one row per URL with a live link from another domain: how many vouch for it, and its place among those of its domain
select
    p.domain,
    row_number() over (
        partition by p.domain
        order by p.referring_domains desc, p.backlinks desc, p.url
    ) as links_rank,
    p.url,
    p.title,
    p.referring_domains,
    p.backlinks,
    p.followed_backlinks,
    p.internal_backlinks,
    p.is_crawled,
    p.state,
    p.status,
    p.redirects_to
from pages as p
where p.backlinks > 0
