-- one row per platform_class: what kinds of sites link
select
    b.platform_class,
    count(distinct b.source_domain) as referring_domains,
    count(*) as backlinks,
    count(*) filter (where b.passes_equity) as passing_equity
from backlinks as b
group by b.platform_class
order by count(*) desc, b.platform_class
