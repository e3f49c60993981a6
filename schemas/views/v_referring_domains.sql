-- one row per (target_domain, source_domain): who vouches for it, what that is worth, and is it returned
select
    r.target_domain,
    r.source_domain,
    r.platform_class,
    r.source_authority_score,
    d.authority_rank as source_authority_rank,
    r.source_farm_score,
    d.farm_tier is not null as is_suspected,
    r.followed_backlinks > 0 as is_followed,
    k.source_domain is not null as is_reciprocal,
    r.backlinks,
    r.followed_backlinks,
    r.editorial_backlinks,
    r.referring_pages,
    r.first_seen,
    r.last_seen
from referring_domains as r
inner join domains as d on r.source_domain = d.domain
left join referring_domains as k on r.target_domain = k.source_domain and r.source_domain = k.target_domain
