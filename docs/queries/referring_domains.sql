-- Who links to a domain, the most worth first, and does it pass equity (here: nytimes.com).
select
    round(source_authority_score, 1) as authority,
    source_domain,
    platform_class as kind,
    backlinks,
    followed_backlinks as followed,
    is_reciprocal
from v_referring_domains
where target_domain = 'nytimes.com'
order by source_authority_score desc, source_domain
limit 5
