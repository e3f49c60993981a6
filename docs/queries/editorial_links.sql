-- The editorial votes for a domain: followed links in the main content, best source first (here: nytimes.com).
select
    round(source_authority_score, 1) as authority,
    source_domain,
    anchor_text,
    target_url
from backlinks
where target_domain = 'nytimes.com' and passes_equity and placement = 'main'
order by source_authority_score desc, source_url, target_url
limit 5
