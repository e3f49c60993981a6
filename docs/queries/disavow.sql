-- What speaks against links: what a disavow file may hold, by reason, and how many domains it concerns.
select
    disavow_reason,
    entry_kind,
    count(*) as entries,
    count(distinct target_domain) as domains_linked_to,
    sum(followed_backlinks) as followed_links
from disavow_candidates
group by disavow_reason, entry_kind
order by entries desc, disavow_reason
