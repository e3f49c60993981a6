-- Which domains are worth most for how few votes: one good link outweighs dozens of bad ones.
select
    domain,
    round(authority_score, 1) as authority,
    followed_referring_domains,
    followed_backlinks,
    backlinks
from domains
where followed_backlinks between 1 and 5 and not regexp_matches(domain, '^[0-9.]+$')
order by authority_score desc, domain
limit 5
