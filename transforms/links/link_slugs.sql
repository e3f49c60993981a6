-- one row per slug of a target: the last part of its path that is not empty
with parts as (
    select
        split_part(split_part(l.target_url, '?', 1), '/', 4) as first_part,
        split_part(split_part(l.target_url, '?', 1), '/', -1) as last_part,
        split_part(split_part(l.target_url, '?', 1), '/', -2) as part_before
    from links as l
),

slugs as (
    select case when p.last_part = '' and p.first_part <> '' then p.part_before else p.last_part end as slug
    from parts as p
)

select s.slug
from slugs as s
where s.slug <> ''
group by s.slug
