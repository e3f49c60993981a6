-- one row per placement: where links stand on their pages, and how many are votes
select
    b.placement,
    count(*) as backlinks,
    count(*) filter (where b.passes_equity) as passing_equity,
    count(distinct b.source_domain) as referring_domains
from backlinks as b
group by b.placement
order by count(*) desc, b.placement
