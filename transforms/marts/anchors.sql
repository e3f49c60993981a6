-- one row per (target_domain, anchor_text): in which words a domain is linked to
with classed as (
    select
        b.target_domain,
        b.anchor_text,
        b.anchor_class,
        count(*) as link_count
    from backlinks as b
    group by b.target_domain, b.anchor_text, b.anchor_class
),

-- one text may be a brand here and an image's alt text there: the class of most links comes first
ordered_classes as (
    select
        c.target_domain,
        c.anchor_text,
        c.anchor_class,
        row_number() over (
            partition by c.target_domain, c.anchor_text
            order by c.link_count desc, c.anchor_class
        ) as place
    from classed as c
),

counted as (
    select
        b.target_domain,
        b.anchor_text,
        count(*) as link_count,
        count(*) filter (where b.passes_equity) as followed_link_count,
        count(distinct b.source_domain) as domain_count,
        min(b.first_seen) as first_seen,
        max(b.last_seen) as last_seen
    from backlinks as b
    group by b.target_domain, b.anchor_text
)

select
    v.target_domain,
    v.anchor_text,
    c.anchor_class,
    cast(v.link_count as bigint) as backlinks,
    cast(v.followed_link_count as bigint) as followed_backlinks,
    cast(v.domain_count as bigint) as referring_domains,
    v.first_seen,
    v.last_seen
from counted as v
inner join ordered_classes as c
    on v.target_domain = c.target_domain and v.anchor_text = c.anchor_text and c.place = 1
