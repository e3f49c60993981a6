-- one row per registrable domain: its worth, who vouches for it, and what kind of links these are
with link_mix as (
    select
        b.target_domain,
        count(*) filter (where b.rel_class = 'follow') as follow_count,
        count(*) filter (where b.rel_class = 'nofollow') as nofollow_count,
        count(*) filter (where b.rel_class = 'ugc') as ugc_count,
        count(*) filter (where b.rel_class = 'sponsored') as sponsored_count,
        count(*) filter (where b.link_type = 'text') as text_count,
        count(*) filter (where b.link_type in ('image', 'area')) as image_count,
        count(*) filter (where b.placement in ('main', 'list')) as content_count,
        count(*) filter (where b.placement in ('navigation', 'header', 'footer', 'sidebar')) as boilerplate_count
    from backlinks as b
    group by b.target_domain
),

domain_mix as (
    select
        r.target_domain,
        count(*) filter (where r.platform_class = 'gov') as gov_count,
        count(*) filter (where r.platform_class = 'edu') as edu_count,
        count(*) filter (where r.platform_class = 'news') as media_count,
        count(*) filter (where r.source_farm_score >= 0.5) as suspected_count
    from referring_domains as r
    group by r.target_domain
),

broken as (
    select
        k.target_domain,
        count(*) as broken_count
    from broken_backlinks as k
    group by k.target_domain
)

select
    d.domain,
    d.authority_score,
    d.authority_rank,
    d.authority_percentile,
    d.farm_score,
    d.farm_tier,
    d.referring_domains,
    d.followed_referring_domains,
    d.referring_pages,
    cast(coalesce(r.gov_count, 0) as bigint) as gov_referring_domains,
    cast(coalesce(r.edu_count, 0) as bigint) as edu_referring_domains,
    cast(coalesce(r.media_count, 0) as bigint) as media_referring_domains,
    cast(coalesce(r.suspected_count, 0) as bigint) as suspected_referring_domains,
    d.backlinks,
    d.followed_backlinks,
    cast(coalesce(m.follow_count, 0) as bigint) as follow_backlinks,
    cast(coalesce(m.nofollow_count, 0) as bigint) as nofollow_backlinks,
    cast(coalesce(m.ugc_count, 0) as bigint) as ugc_backlinks,
    cast(coalesce(m.sponsored_count, 0) as bigint) as sponsored_backlinks,
    cast(coalesce(m.text_count, 0) as bigint) as text_backlinks,
    cast(coalesce(m.image_count, 0) as bigint) as image_backlinks,
    cast(coalesce(m.content_count, 0) as bigint) as content_backlinks,
    cast(coalesce(m.boilerplate_count, 0) as bigint) as boilerplate_backlinks,
    cast(coalesce(k.broken_count, 0) as bigint) as broken_backlinks,
    d.linked_domains,
    d.crawled_pages,
    d.first_seen,
    d.last_seen
from domains as d
left join link_mix as m on d.domain = m.target_domain
left join domain_mix as r on d.domain = r.target_domain
left join broken as k on d.domain = k.target_domain
