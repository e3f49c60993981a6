-- one row per domain of the highest authority: its rank and who vouches for it
select
    d.authority_rank,
    d.domain,
    d.authority_score,
    d.followed_referring_domains,
    d.referring_domains,
    d.backlinks,
    d.farm_tier
from domains as d
where d.authority_rank is not null
qualify row_number() over (order by d.authority_rank, d.domain) <= $top
order by d.authority_rank, d.domain
