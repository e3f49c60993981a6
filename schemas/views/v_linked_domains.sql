-- one row per (source_domain, target_domain): to whom a domain links, and what that domain is worth
select
    r.source_domain,
    r.target_domain,
    r.backlinks as links,
    r.followed_backlinks as followed_links,
    r.referring_pages as linking_pages,
    d.authority_score as target_authority_score,
    d.farm_score as target_farm_score,
    d.referring_domains as target_referring_domains,
    r.first_seen,
    r.last_seen
from referring_domains as r
inner join domains as d on r.target_domain = d.domain
