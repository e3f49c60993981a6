-- one row per verdict on the domain (one, or none): which farm it is seen in, and why
select
    v.domain,
    v.farm_id,
    v.role,
    v.tier,
    v.farm_score,
    v.reasons
from farm_verdicts as v
where v.domain = $domain
