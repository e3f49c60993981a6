-- one row per suspected domain of a farm: its role, its score and why; targets first, the most linked to first
select
    v.domain,
    v.role,
    v.tier,
    v.farm_score,
    d.authority_score,
    d.authority_score_with_farms,
    d.referring_domains,
    v.reasons
from farm_verdicts as v
left join domains as d on v.domain = d.domain
where v.farm_id = $farm and v.tier is not null
order by
    case when v.role = 'target' then 0 else 1 end,
    case when v.role = 'target' then coalesce(d.referring_domains, 0) else 0 end desc,
    v.farm_score desc,
    v.domain
