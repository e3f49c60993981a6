-- one row per farm that a domain is suspected of belonging to, the gravest first
with suspected as (
    select
        v.farm_id,
        count(*) as suspected_count,
        count(*) filter (where v.role = 'booster') as booster_count,
        count(*) filter (where v.role = 'target') as target_count,
        max(v.farm_score) as farm_score
    from farm_verdicts as v
    where v.tier is not null
    group by v.farm_id
)

select
    s.farm_id,
    s.farm_score,
    s.suspected_count,
    s.booster_count,
    s.target_count,
    c.density,
    c.top_target_share,
    c.outside_referring_domains
from suspected as s
left join farm_clusters as c on s.farm_id = c.farm_id
qualify row_number() over (order by s.farm_score desc, s.suspected_count desc, s.farm_id) <= $top
order by s.farm_score desc, s.suspected_count desc, s.farm_id
