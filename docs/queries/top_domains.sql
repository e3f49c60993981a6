-- Which domains are worth most, and how many domains vouch for them.
select
    domain,
    round(authority_score, 1) as authority,
    followed_referring_domains,
    referring_domains,
    backlinks
from domains
order by authority_rank
limit 5
