-- How does a domain stand: worth, votes, and what kind of votes (here: nytimes.com).
select
    round(authority_score, 1) as authority,
    authority_rank,
    referring_domains,
    followed_referring_domains as followed,
    backlinks,
    nofollow_backlinks as nofollow,
    content_backlinks as in_content,
    suspected_referring_domains as suspected
from v_overview
where domain = 'nytimes.com'
