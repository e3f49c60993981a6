-- How much of the index is followed, nofollowed, user-generated and paid for, and what passes equity.
select
    rel_class,
    count(*) as backlinks,
    count(*) filter (where passes_equity) as passing_equity,
    count(distinct source_domain) as referring_domains,
    round(100.0 * count(*) / sum(count(*)) over (), 1) as percent
from backlinks
group by rel_class
order by backlinks desc
