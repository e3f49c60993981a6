-- one row per (target_domain, source_domain): who vouches for it, and how strongly
with classed as (
    select
        b.target_domain,
        b.source_domain,
        b.platform_class,
        count(*) as link_count,
        count(*) filter (where b.origin_role = 'editorial') as editorial_link_count
    from backlinks as b
    group by b.target_domain, b.source_domain, b.platform_class
),

-- pages of one domain may be of several kinds: the known one of most links comes first
ordered_classes as (
    select
        c.target_domain,
        c.source_domain,
        c.platform_class,
        sum(c.editorial_link_count) over (
            partition by c.target_domain, c.source_domain
        ) as editorial_link_count,
        row_number() over (
            partition by c.target_domain, c.source_domain
            order by case when c.platform_class = 'unknown' then 1 else 0 end, c.link_count desc, c.platform_class
        ) as place
    from classed as c
)

select
    e.target_domain,
    e.source_domain,
    c.platform_class,
    a.authority_score as source_authority_score,
    coalesce(v.farm_score, 0.0) as source_farm_score,
    e.link_count as backlinks,
    e.followed_link_count as followed_backlinks,
    cast(c.editorial_link_count as bigint) as editorial_backlinks,
    e.page_count as referring_pages,
    e.first_seen,
    e.last_seen
from domain_edges as e
left join ordered_classes as c
    on e.target_domain = c.target_domain and e.source_domain = c.source_domain and c.place = 1
left join domain_authority as a on e.source_domain_id = a.domain_id and e.source_domain = a.domain
left join farm_verdicts as v on e.source_domain_id = v.domain_id and e.source_domain = v.domain
