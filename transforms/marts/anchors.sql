-- one row per (target_domain, anchor_text): in which words a domain is linked to
with votes as (
    select
        l.target_domain,
        l.target_domain_id,
        l.source_domain,
        l.anchor_text,
        l.first_seen,
        l.last_seen,
        c.passes_equity,
        c.anchor_class
    from links as l
    inner join link_classes as c
        on
            l.source_url_id = c.source_url_id
            and l.source_url = c.source_url
            and l.target_url_id = c.target_url_id
            and l.target_url = c.target_url
    where
        l.link_scope = 'external' and l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
),

classed as (
    select
        v.target_domain_id,
        v.target_domain,
        v.anchor_text,
        v.anchor_class,
        count(*) as link_count
    from votes as v
    group by v.target_domain_id, v.target_domain, v.anchor_text, v.anchor_class
),

-- one text may be a brand here and an image's alt text there: the class of most links comes first
ordered_classes as (
    select
        c.target_domain_id,
        c.target_domain,
        c.anchor_text,
        c.anchor_class,
        row_number() over (
            partition by c.target_domain_id, c.target_domain, c.anchor_text
            order by c.link_count desc, c.anchor_class
        ) as place
    from classed as c
),

counted as (
    select
        v.target_domain_id,
        v.target_domain,
        v.anchor_text,
        count(*) as link_count,
        count(*) filter (where v.passes_equity) as followed_link_count,
        count(distinct v.source_domain) as domain_count,
        min(v.first_seen) as first_seen,
        max(v.last_seen) as last_seen
    from votes as v
    group by v.target_domain_id, v.target_domain, v.anchor_text
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
    on
        v.target_domain_id = c.target_domain_id
        and v.target_domain = c.target_domain
        and v.anchor_text = c.anchor_text
        and c.place = 1
