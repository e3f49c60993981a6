-- one row per state: what became of the fetches of the domain's own pages
select
    f.state,
    count(*) as fetches,
    count(distinct f.source_url) as pages
from page_fetches as f
where f.source_domain = $domain
group by f.state
order by count(*) desc, f.state
