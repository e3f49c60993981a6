-- Where links stand, and how many of them are votes: boilerplate against content.
select
    placement,
    count(*) as backlinks,
    count(*) filter (where passes_equity) as passing_equity,
    count(distinct source_domain) as referring_domains
from backlinks
group by placement
order by backlinks desc
