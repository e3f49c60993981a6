-- one row per (target_domain, source_domain) where a government, university or news outlet links
select
    r.target_domain,
    r.source_domain,
    r.platform_class,
    r.source_authority_score,
    r.source_farm_score,
    r.backlinks,
    r.followed_backlinks,
    r.editorial_backlinks,
    r.referring_pages,
    r.first_seen,
    r.last_seen
from referring_domains as r
where r.platform_class in ('gov', 'edu', 'news')
