-- one row per rel_class: how links are marked, and how many are votes
select
    b.rel_class,
    count(*) as backlinks,
    count(*) filter (where b.passes_equity) as passing_equity,
    count(distinct b.source_domain) as referring_domains
from backlinks as b
group by b.rel_class
order by count(*) desc, b.rel_class
