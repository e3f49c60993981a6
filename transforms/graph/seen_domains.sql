-- one row per domain at either end of a live link, or of which a page was fetched
with ends as (
    select l.source_domain as domain
    from links as l
    where l.link_state = 'live'
    union all
    select l.target_domain as domain
    from links as l
    where l.link_state = 'live'
    union all
    select f.source_domain as domain
    from page_fetches as f
    where f.state = 'fetched'
)

select e.domain
from ends as e
group by e.domain
