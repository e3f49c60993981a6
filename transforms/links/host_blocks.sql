-- one row per (source_host, block_id) that stands on several pages of its host, and what that says of its links.
--
-- Pages that name one canonical URL are one page, and only good (2xx) ones count. A link recurs that stands in the same
-- block, of as many words and links, on $min_pages pages and on half of the pages with that block. A block on half of the pages of its host, of whose
-- links half recur, is the host's template; one whose links hardly ever recur is content in a frame. A host keeps what
-- the newest crawl with $min_pages pages of it says.
with ordered_pages as (
    select
        f.fetch_id,
        f.source_host_id,
        f.source_host,
        f.source_domain_id,
        f.link_count,
        row_number() over (
            partition by f.source_host_id, f.source_host, coalesce(f.canonical_url, f.source_url)
            order by f.fetched_at desc, f.fetch_id desc
        ) as place
    from page_fetches as f
    where f.state = 'fetched'
),

hosts as (
    select
        p.source_host_id,
        p.source_host,
        count(*) as host_page_count
    from ordered_pages as p
    where p.place = 1
    group by p.source_host_id, p.source_host
    having count(*) >= $min_pages
),

-- confidences in millionths, because floats are never summed
sightings as (
    select
        p.fetch_id,
        p.source_host_id,
        p.source_host,
        p.source_domain_id,
        h.host_page_count,
        o.block_id,
        o.target_url_id,
        o.target_url,
        o.block_word_count,
        o.block_link_count,
        cast(round(1000000 * cast(o.position as bigint) / nullif(p.link_count - 1, 0)) as bigint) as depth_micro,
        o.placement,
        cast(round(1000000 * o.placement_confidence) as bigint) as confidence_micro
    from link_observations as o
    inner join ordered_pages as p on o.fetch_id = p.fetch_id and p.place = 1
    inner join hosts as h on p.source_host_id = h.source_host_id and p.source_host = h.source_host
    where o.block_id is not null
),

blocks as (
    select
        s.source_host_id,
        s.source_host,
        s.source_domain_id,
        s.host_page_count,
        s.block_id,
        count(distinct s.fetch_id) as page_count,
        count(*) as sighting_count,
        sum(s.depth_micro) as depth_micro,
        sum(case when s.placement = 'navigation' then s.confidence_micro else 0 end) as navigation_micro,
        sum(case when s.placement = 'header' then s.confidence_micro else 0 end) as header_micro,
        sum(case when s.placement = 'footer' then s.confidence_micro else 0 end) as footer_micro,
        sum(case when s.placement = 'sidebar' then s.confidence_micro else 0 end) as sidebar_micro,
        sum(case when s.placement = 'comment' then s.confidence_micro else 0 end) as comment_micro,
        sum(case when s.placement = 'author_bio' then s.confidence_micro else 0 end) as author_bio_micro,
        sum(case when s.placement = 'ad' then s.confidence_micro else 0 end) as ad_micro
    from sightings as s
    group by s.source_host_id, s.source_host, s.source_domain_id, s.host_page_count, s.block_id
    having count(distinct s.fetch_id) >= $min_pages
),

block_links as (
    select
        s.source_host_id,
        s.source_host,
        s.block_id,
        s.target_url_id,
        s.target_url,
        count(distinct s.fetch_id) as page_count
    from sightings as s
    group by
        s.source_host_id,
        s.source_host,
        s.block_id,
        s.target_url_id,
        s.target_url,
        s.block_word_count,
        s.block_link_count
),

recurrences as (
    select
        b.source_host_id,
        b.source_host,
        b.block_id,
        sum(l.page_count) as link_count,
        sum(
            case when l.page_count >= $min_pages and 2 * l.page_count >= b.page_count then l.page_count else 0 end
        ) as recurring_link_count
    from blocks as b
    inner join block_links as l
        on b.source_host_id = l.source_host_id and b.source_host = l.source_host and b.block_id = l.block_id
    group by b.source_host_id, b.source_host, b.block_id
),

judged as (
    select
        b.source_host_id,
        b.source_host,
        b.source_domain_id,
        b.block_id,
        b.page_count,
        b.host_page_count,
        r.link_count,
        r.recurring_link_count,
        b.sighting_count,
        b.depth_micro,
        b.navigation_micro,
        b.header_micro,
        b.footer_micro,
        b.sidebar_micro,
        b.comment_micro,
        b.author_bio_micro,
        b.ad_micro,
        b.navigation_micro
        + b.header_micro
        + b.footer_micro
        + b.sidebar_micro
        + b.comment_micro
        + b.author_bio_micro
        + b.ad_micro as frame_micro,
        greatest(
            b.navigation_micro,
            b.header_micro,
            b.footer_micro,
            b.sidebar_micro,
            b.comment_micro,
            b.author_bio_micro,
            b.ad_micro
        ) as best_micro,
        case
            when 2 * b.page_count >= b.host_page_count and 2 * r.recurring_link_count >= r.link_count then 'template'
            when 10 * r.recurring_link_count <= r.link_count then 'content'
            else 'mixed'
        end as block_role
    from blocks as b
    inner join recurrences as r
        on b.source_host_id = r.source_host_id and b.source_host = r.source_host and b.block_id = r.block_id
),

-- A template holds no content: where two thirds of the trust that its pages have in other places is in one, that one is
-- it on every page (but for ads: each is judged where it stands); where none has any, its depth on the page decides.
found as (
    select
        j.source_host,
        j.source_host_id,
        j.source_domain_id,
        j.block_id,
        j.page_count,
        j.host_page_count,
        cast(j.link_count as bigint) as link_count,
        cast(j.recurring_link_count as bigint) as recurring_link_count,
        j.block_role,
        case
            when j.block_role <> 'template' or 3 * j.best_micro < 2 * j.frame_micro then null
            when j.best_micro = 0 and 100 * j.depth_micro < 15000000 * j.sighting_count then 'navigation'
            when j.best_micro = 0 and 100 * j.depth_micro >= 85000000 * j.sighting_count then 'footer'
            when j.best_micro = 0 then 'sidebar'
            when j.navigation_micro = j.best_micro then 'navigation'
            when j.header_micro = j.best_micro then 'header'
            when j.footer_micro = j.best_micro then 'footer'
            when j.sidebar_micro = j.best_micro then 'sidebar'
            when j.comment_micro = j.best_micro then 'comment'
            when j.author_bio_micro = j.best_micro then 'author_bio'
        end as placement,
        round((1000000 + j.best_micro / nullif(j.sighting_count, 0)) / 2) / 1000000 as placement_confidence,
        cast($crawl_id as varchar) as seen_crawl_id
    from judged as j
    union all
    select
        p.source_host,
        p.source_host_id,
        p.source_domain_id,
        p.block_id,
        p.page_count,
        p.host_page_count,
        p.link_count,
        p.recurring_link_count,
        p.block_role,
        p.placement,
        p.placement_confidence,
        p.seen_crawl_id
    from previous_host_blocks as p
    left join hosts as h on p.source_host_id = h.source_host_id and p.source_host = h.source_host
    where h.source_host is null
)

select
    cast($crawl_id as varchar) as crawl_id,
    f.source_host,
    f.source_host_id,
    f.source_domain_id,
    f.block_id,
    f.page_count,
    f.host_page_count,
    f.link_count,
    f.recurring_link_count,
    f.block_role,
    f.placement,
    case when f.placement is not null then f.placement_confidence end as placement_confidence,
    f.seen_crawl_id
from found as f
