-- one row per state: what became of every fetch
select
    f.state,
    count(*) as fetches,
    count(distinct f.source_domain) as domains
from page_fetches as f
group by f.state
order by count(*) desc, f.state
