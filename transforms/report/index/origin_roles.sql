-- one row per origin_role: how links came about
select
    b.origin_role,
    count(*) as backlinks,
    count(*) filter (where b.passes_equity) as passing_equity,
    count(distinct b.source_domain) as referring_domains
from backlinks as b
group by b.origin_role
order by count(*) desc, b.origin_role
