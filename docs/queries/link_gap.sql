-- Who links to two competitors and not to us: the link gap (here: theguardian.com and washingtonpost.com, not nytimes.com).
select
    source_domain,
    round(max(source_authority_score), 1) as authority,
    count(*) filter (where followed_backlinks > 0) as competitors_followed,
    sum(backlinks) as links_to_them
from referring_domains
where target_domain in ('theguardian.com', 'washingtonpost.com')
    and source_domain not in (select source_domain from referring_domains where target_domain = 'nytimes.com')
    and source_domain <> 'nytimes.com'
group by source_domain
having count(*) = 2
order by authority desc, source_domain
limit 5
