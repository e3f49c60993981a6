-- one row per target_domain: whom the domain links to, with what it is worth
select
    e.target_domain,
    d.authority_score,
    e.link_count,
    e.followed_link_count,
    d.farm_tier
from domain_edges as e
left join domains as d on e.target_domain = d.domain
where e.source_domain = $domain
qualify row_number() over (order by e.followed_link_count desc, e.link_count desc, e.target_domain) <= $top
order by e.followed_link_count desc, e.link_count desc, e.target_domain
