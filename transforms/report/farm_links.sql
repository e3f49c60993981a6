-- one row per (source_domain, target_domain) within a farm: who links to whom
with members as (
    select v.domain
    from farm_verdicts as v
    where v.farm_id = $farm and v.tier is not null
)

select
    e.source_domain,
    e.target_domain,
    e.followed_link_count as link_count
from domain_edges as e
inner join members as s on e.source_domain = s.domain
inner join members as t on e.target_domain = t.domain
where e.followed_link_count > 0
order by e.source_domain, e.target_domain
