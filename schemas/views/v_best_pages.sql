-- one row per URL with a live link from another domain: how many vouch for it
select
    p.domain,
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
