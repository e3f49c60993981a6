-- one row per anchor_class: what kind of words links are made of
select
    b.anchor_class,
    count(*) as backlinks,
    count(*) filter (where b.passes_equity) as passing_equity,
    count(distinct b.source_domain) as referring_domains
from backlinks as b
group by b.anchor_class
order by count(*) desc, b.anchor_class
