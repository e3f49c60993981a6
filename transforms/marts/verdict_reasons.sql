-- one row per farm and the reasons of suspected members of it
select
    v.farm_id,
    v.reasons
from farm_verdicts as v
where v.tier is not null
group by v.farm_id, v.reasons
