-- one row per suspected link farm: how many take part in it, whom it lifts, and what gave it away
with member_counts as (
    select
        m.farm_id,
        count(*) filter (where m.role = 'booster') as booster_count,
        count(*) filter (where m.role = 'target') as target_count
    from farm_members as m
    group by m.farm_id
),

lifted as (
    select
        t.farm_id,
        t.domain,
        count(*) as booster_count,
        sum(e.link_count) as link_count
    from domain_edges as e
    inner join farm_members as b on e.source_domain = b.domain and b.role = 'booster'
    inner join farm_members as t on e.target_domain = t.domain and t.role = 'target' and b.farm_id = t.farm_id
    group by t.farm_id, t.domain
),

ordered_targets as (
    select
        l.farm_id,
        l.domain,
        l.booster_count,
        sum(l.link_count) over (partition by l.farm_id) as link_count,
        row_number() over (partition by l.farm_id order by l.booster_count desc, l.domain) as place
    from lifted as l
)

select
    c.farm_id,
    c.farm_score,
    cast(m.booster_count as bigint) as boosters,
    cast(m.target_count as bigint) as targets,
    t.domain as top_target,
    cast(coalesce(t.booster_count, 0) as bigint) as top_target_boosters,
    cast(coalesce(t.link_count, 0) as bigint) as boosting_links,
    c.density,
    c.top_target_share,
    c.outside_referring_domains,
    w.why,
    c.core_members
from farm_clusters as c
inner join member_counts as m on c.farm_id = m.farm_id
inner join cluster_words as w on c.farm_id = w.farm_id
left join ordered_targets as t on c.farm_id = t.farm_id and t.place = 1
