-- Which domains look like a link farm, whom do they lift, and what gave them away.
select
    boosters,
    targets,
    top_target,
    round(farm_score, 2) as farm_score,
    why
from farms
order by farm_score desc, farm_id
limit 5
