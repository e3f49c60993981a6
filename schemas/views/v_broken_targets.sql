-- one row per broken URL that other domains link to: what is wrong, what it costs, and the redirect that would mend it
select
    k.target_domain,
    k.target_url,
    k.broken_reason,
    k.target_status,
    k.target_error,
    k.redirects_to,
    k.target_fetched_at,
    k.mend_url,
    k.mend_reason,
    count(*) as backlinks,
    count(*) filter (where k.passes_equity) as followed_backlinks,
    count(distinct k.source_domain) as referring_domains,
    max(k.source_authority_score) as best_source_authority_score
from broken_backlinks as k
group by
    k.target_domain,
    k.target_url,
    k.broken_reason,
    k.target_status,
    k.target_error,
    k.redirects_to,
    k.target_fetched_at,
    k.mend_url,
    k.mend_reason
