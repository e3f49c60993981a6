-- one row per ten points of authority: how many domains lie there
with bands as (
    select unnest([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]) as band_from
),

placed as (
    select
        least(floor(d.authority_score / 10) * 10, 90) as band_from,
        d.referring_domains
    from domains as d
    where d.authority_score is not null
)

select
    b.band_from,
    b.band_from + 10 as band_to,
    count(p.band_from) as domains,
    count(*) filter (where p.referring_domains > 0) as linked_domains
from bands as b
left join placed as p on b.band_from = p.band_from
group by b.band_from
order by b.band_from
