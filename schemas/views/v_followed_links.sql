-- one row per live external link that passes equity
select
    b.target_domain,
    b.source_domain,
    b.source_url,
    b.target_url,
    b.anchor_text,
    b.anchor_class,
    b.link_type,
    b.placement,
    b.origin_role,
    b.platform_class,
    b.source_authority_score,
    b.source_farm_score,
    b.source_title,
    b.source_language,
    b.first_seen,
    b.last_seen
from backlinks as b
where b.passes_equity
