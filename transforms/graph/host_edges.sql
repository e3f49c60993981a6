-- one row per (source_host, target_host): how many live links, from how many pages, and what they weigh
with votes as (
    select
        l.source_host,
        l.source_host_id,
        l.target_host,
        l.target_host_id,
        l.source_url,
        l.placement in ('navigation', 'header', 'footer', 'sidebar') as is_boilerplate,
        l.first_seen,
        l.last_seen,
        c.passes_equity
    from links as l
    inner join link_classes as c
        on
            l.source_url_id = c.source_url_id
            and l.source_url = c.source_url
            and l.target_url_id = c.target_url_id
            and l.target_url = c.target_url
    where
        l.link_state = 'live'
        and l.link_type not in ('canonical', 'alternate')
        and l.source_host <> l.target_host
        and l.link_scope <> 'no_domain'
),

counted as (
    select
        v.source_host,
        v.source_host_id,
        v.target_host,
        v.target_host_id,
        count(*) as link_count,
        count(*) filter (where v.passes_equity) as followed_link_count,
        count(*) filter (where v.passes_equity and not v.is_boilerplate) as body_link_count,
        count(distinct v.source_url) as page_count,
        count(distinct case when v.passes_equity then v.source_url end) as followed_page_count,
        min(v.first_seen) as first_seen,
        max(v.last_seen) as last_seen
    from votes as v
    group by v.source_host, v.source_host_id, v.target_host, v.target_host_id
)

select
    cast($crawl_id as varchar) as crawl_id,
    c.source_host,
    c.source_host_id,
    c.target_host,
    c.target_host_id,
    cast(c.link_count as bigint) as link_count,
    cast(c.followed_link_count as bigint) as followed_link_count,
    cast(c.body_link_count as bigint) as body_link_count,
    cast(c.page_count as bigint) as page_count,
    cast(c.followed_page_count as bigint) as followed_page_count,
    cast(round(1000000 * least(6.0, log2(1 + c.followed_page_count))) as bigint) as weight_micro,
    cast(round(1000000 * least(6.0, log2(1 + c.page_count))) as bigint) as total_weight_micro,
    c.first_seen,
    c.last_seen
from counted as c
