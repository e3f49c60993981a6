-- one row per target_domain: how many of its links stand in the content, and how many in blocks that pages share
with placed as (
    select
        b.target_domain,
        b.source_domain,
        count(*) as link_count,
        count(*) filter (where b.placement in ('main', 'list')) as content_count,
        count(*) filter (where b.placement in ('navigation', 'header', 'footer', 'sidebar')) as boilerplate_count,
        count(*) filter (where b.passes_equity and b.placement in ('main', 'list')) as followed_content_count,
        count(*) filter (
            where b.passes_equity and b.placement in ('navigation', 'header', 'footer', 'sidebar')
        ) as followed_boilerplate_count
    from backlinks as b
    group by b.target_domain, b.source_domain
),

added as (
    select
        p.target_domain,
        sum(p.link_count) as link_count,
        sum(p.content_count) as content_count,
        sum(p.boilerplate_count) as boilerplate_count,
        sum(p.followed_content_count) as followed_content_count,
        sum(p.followed_boilerplate_count) as followed_boilerplate_count,
        count(*) filter (where p.content_count > 0) as content_domain_count,
        count(*) filter (where p.boilerplate_count = p.link_count) as boilerplate_domain_count
    from placed as p
    group by p.target_domain
)

select
    a.target_domain,
    cast(a.link_count as bigint) as backlinks,
    cast(a.content_count as bigint) as content_backlinks,
    cast(a.boilerplate_count as bigint) as boilerplate_backlinks,
    cast(a.link_count - a.content_count - a.boilerplate_count as bigint) as other_backlinks,
    cast(a.content_count as double) / nullif(a.link_count, 0) as content_share,
    cast(a.followed_content_count as bigint) as followed_content_backlinks,
    cast(a.followed_boilerplate_count as bigint) as followed_boilerplate_backlinks,
    a.content_domain_count as content_referring_domains,
    a.boilerplate_domain_count as boilerplate_only_referring_domains
from added as a
