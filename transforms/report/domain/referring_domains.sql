-- one row per source_domain: who links to the domain, the strongest first
select
    r.source_authority_score,
    r.source_domain,
    r.platform_class,
    r.backlinks,
    r.followed_backlinks,
    r.editorial_backlinks,
    r.source_farm_score
from referring_domains as r
where r.target_domain = $domain
qualify
    row_number() over (order by coalesce(r.source_authority_score, -1) desc, r.backlinks desc, r.source_domain) <= $top
order by coalesce(r.source_authority_score, -1) desc, r.backlinks desc, r.source_domain
