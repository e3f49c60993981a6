-- Which domains do governments, universities and news outlets link to most.
select
    target_domain,
    count(*) filter (where platform_class = 'gov') as governments,
    count(*) filter (where platform_class = 'edu') as universities,
    count(*) filter (where platform_class = 'news') as media,
    count(*) filter (where followed_backlinks > 0) as followed
from v_gov_edu_media
group by target_domain
order by count(*) desc, target_domain
limit 5
