-- one row per domain at either end of a link that is observed now or was believed before
with ends as (
    select o.source_domain as domain
    from link_observations as o
    union all
    select o.target_domain as domain
    from link_observations as o
    union all
    select p.source_domain as domain
    from previous_links as p
    union all
    select p.target_domain as domain
    from previous_links as p
)

select e.domain
from ends as e
group by e.domain
