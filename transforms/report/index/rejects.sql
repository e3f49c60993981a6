-- one row per reason: what could not be used, how often, and an example
with placed as (
    select
        r.reason,
        r.stage,
        substr(r.record, 1, 200) as example,
        row_number() over (partition by r.reason order by r.crawl_id, r.reject_id) as place,
        count(*) over (partition by r.reason) as reject_count
    from rejected_records as r
)

select
    p.reason,
    p.reject_count,
    p.stage,
    p.example
from placed as p
where p.place = 1
order by p.reject_count desc, p.reason
