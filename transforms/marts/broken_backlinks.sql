-- one row per live external link whose target is broken, with the redirect that would mend it
select
    b.target_domain,
    b.target_url,
    t.broken_reason,
    t.status as target_status,
    t.error as target_error,
    t.redirects_to,
    t.fetched_at as target_fetched_at,
    m.mend_url,
    m.mend_reason,
    b.source_domain,
    b.source_url,
    b.anchor_text,
    b.placement,
    b.rel_class,
    b.passes_equity,
    b.source_authority_score,
    b.source_farm_score,
    b.first_seen,
    b.last_seen
from backlinks as b
inner join broken_pages as t on b.target_url = t.url
left join mends as m on t.url = m.url
