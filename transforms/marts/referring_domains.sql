-- one row per (target_domain, source_domain): who vouches for it, and how strongly
select
    e.target_domain,
    e.source_domain,
    a.authority_score as source_authority_score,
    coalesce(v.farm_score, 0.0) as source_farm_score,
    e.link_count as backlinks,
    e.followed_link_count as followed_backlinks,
    e.page_count as referring_pages,
    e.first_seen,
    e.last_seen
from domain_edges as e
left join domain_authority as a on e.source_domain_id = a.domain_id and e.source_domain = a.domain
left join farm_verdicts as v on e.source_domain_id = v.domain_id and e.source_domain = v.domain
