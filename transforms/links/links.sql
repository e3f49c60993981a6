-- one row per (source_url, target_url): what is believed of a link once this crawl is known.
--
-- A link is live while it was seen on the last good (2xx) fetch of its page. It is lost when a later good fetch no
-- longer has it, or when its page was found gone (404, 410) on two visits at least 24 hours apart. Anything else that
-- keeps us from the page is unreachable or blocked: not observed is not lost.
with sightings as (
    select
        o.fetch_id,
        o.position,
        o.source_url_id,
        o.source_url,
        o.source_host_id,
        o.source_host,
        o.source_domain_id,
        o.source_domain,
        o.source_icann_domain,
        o.target_url_id,
        o.target_url,
        o.target_host_id,
        o.target_host,
        o.target_domain_id,
        o.target_domain,
        o.target_icann_domain,
        o.link_type,
        o.rel,
        case when o.link_type = 'image' then coalesce(o.alt, '') else o.anchor_text end as anchor_text,
        o.placement,
        o.is_hidden,
        o.fetched_at,
        f.state = 'fetched' as is_good,
        f.is_nofollow as page_is_nofollow,
        o.link_type in ('canonical', 'alternate') as is_neutral,
        list_contains(o.rel, 'sponsored') as is_sponsored,
        list_contains(o.rel, 'ugc') as is_ugc,
        f.is_nofollow
        or list_contains(o.rel, 'nofollow')
        or list_contains(o.rel, 'ugc')
        or list_contains(o.rel, 'sponsored') as is_restricted,
        case o.link_type
            when 'text' then 1
            when 'image' then 2
            when 'area' then 3
            when 'iframe' then 4
            when 'form' then 5
            when 'structured_data' then 6
            when 'redirect' then 7
            when 'meta_refresh' then 8
            when 'http_header' then 9
            when 'feed' then 10
            when 'alternate' then 11
            else 12
        end as type_order
    from link_observations as o
    inner join page_fetches as f on o.fetch_id = f.fetch_id
),

ordered_sightings as (
    select
        s.fetch_id,
        s.source_url_id,
        s.source_url,
        s.target_url_id,
        s.target_url,
        s.anchor_text,
        s.placement,
        row_number() over (
            partition by s.fetch_id, s.source_url_id, s.source_url, s.target_url_id, s.target_url
            order by s.is_neutral, s.is_restricted, s.position
        ) as place
    from sightings as s
),

-- one row per link and fetch
versions as (
    select
        s.fetch_id,
        s.source_url_id,
        s.source_url,
        s.source_host_id,
        s.source_host,
        s.source_domain_id,
        s.source_domain,
        s.source_icann_domain,
        s.target_url_id,
        s.target_url,
        s.target_host_id,
        s.target_host,
        s.target_domain_id,
        s.target_domain,
        s.target_icann_domain,
        s.fetched_at,
        s.is_good,
        s.page_is_nofollow,
        list_sort(list_distinct(list(s.link_type))) as link_types,
        min(s.type_order) as type_order,
        list_sort(list_distinct(flatten(list(s.rel)))) as rel,
        count(*) as sightings,
        count(*) filter (where not s.is_neutral and not s.is_restricted) as followed_sightings,
        count(*) filter (where not s.is_neutral and s.is_restricted) as nofollowed_sightings,
        count(*) filter (where not s.is_neutral and s.is_ugc) as ugc_sightings,
        count(*) filter (where not s.is_neutral and s.is_sponsored) as sponsored_sightings,
        count(*) filter (where s.is_hidden) as hidden_sightings
    from sightings as s
    group by
        s.fetch_id,
        s.source_url_id,
        s.source_url,
        s.source_host_id,
        s.source_host,
        s.source_domain_id,
        s.source_domain,
        s.source_icann_domain,
        s.target_url_id,
        s.target_url,
        s.target_host_id,
        s.target_host,
        s.target_domain_id,
        s.target_domain,
        s.target_icann_domain,
        s.fetched_at,
        s.is_good,
        s.page_is_nofollow
),

-- this crawl's versions and what was believed before, side by side
beliefs as (
    select
        v.source_url_id,
        v.source_url,
        v.source_host_id,
        v.source_host,
        v.source_domain_id,
        v.source_domain,
        v.source_icann_domain,
        v.target_url_id,
        v.target_url,
        v.target_host_id,
        v.target_host,
        v.target_domain_id,
        v.target_domain,
        v.target_icann_domain,
        v.link_types,
        case v.type_order
            when 1 then 'text'
            when 2 then 'image'
            when 3 then 'area'
            when 4 then 'iframe'
            when 5 then 'form'
            when 6 then 'structured_data'
            when 7 then 'redirect'
            when 8 then 'meta_refresh'
            when 9 then 'http_header'
            when 10 then 'feed'
            when 11 then 'alternate'
            else 'canonical'
        end as link_type,
        v.rel,
        v.sightings,
        v.followed_sightings,
        v.nofollowed_sightings,
        v.ugc_sightings,
        v.sponsored_sightings,
        v.hidden_sightings,
        o.anchor_text,
        o.placement,
        v.page_is_nofollow,
        v.is_good,
        v.fetched_at as first_seen,
        v.fetched_at as last_seen,
        cast(null as varchar) as believed_state,
        cast(null as timestamptz) as lost_at,
        cast(null as varchar) as lost_reason,
        cast(null as timestamptz) as gone_since,
        cast($crawl_id as varchar) as seen_crawl_id,
        v.fetch_id as seen_fetch_id,
        1 as is_new
    from versions as v
    inner join ordered_sightings as o
        on
            v.fetch_id = o.fetch_id
            and v.source_url_id = o.source_url_id
            and v.source_url = o.source_url
            and v.target_url_id = o.target_url_id
            and v.target_url = o.target_url
            and o.place = 1
    union all
    select
        p.source_url_id,
        p.source_url,
        p.source_host_id,
        p.source_host,
        p.source_domain_id,
        p.source_domain,
        p.source_icann_domain,
        p.target_url_id,
        p.target_url,
        p.target_host_id,
        p.target_host,
        p.target_domain_id,
        p.target_domain,
        p.target_icann_domain,
        p.link_types,
        p.link_type,
        p.rel,
        p.sightings,
        p.followed_sightings,
        p.nofollowed_sightings,
        p.ugc_sightings,
        p.sponsored_sightings,
        p.hidden_sightings,
        p.anchor_text,
        p.placement,
        p.page_is_nofollow,
        p.link_state <> 'unchecked' as is_good,
        p.first_seen,
        p.last_seen,
        p.link_state as believed_state,
        p.lost_at,
        p.lost_reason,
        p.gone_since,
        p.seen_crawl_id,
        p.seen_fetch_id,
        0 as is_new
    from previous_links as p
),

ordered_beliefs as (
    select
        b.source_url_id,
        b.source_url,
        b.source_host_id,
        b.source_host,
        b.source_domain_id,
        b.source_domain,
        b.source_icann_domain,
        b.target_url_id,
        b.target_url,
        b.target_host_id,
        b.target_host,
        b.target_domain_id,
        b.target_domain,
        b.target_icann_domain,
        b.link_types,
        b.link_type,
        b.rel,
        b.sightings,
        b.followed_sightings,
        b.nofollowed_sightings,
        b.ugc_sightings,
        b.sponsored_sightings,
        b.hidden_sightings,
        b.anchor_text,
        b.placement,
        b.page_is_nofollow,
        b.is_good,
        b.last_seen,
        b.believed_state,
        b.lost_at,
        b.lost_reason,
        b.gone_since,
        b.seen_crawl_id,
        b.seen_fetch_id,
        min(b.first_seen) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as first_seen,
        row_number() over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
            order by b.is_good desc, b.last_seen desc, b.is_new desc, b.seen_fetch_id desc
        ) as place
    from beliefs as b
),

-- one row per page visited in this crawl
visits as (
    select
        f.source_url_id,
        f.source_url,
        max(f.fetched_at) filter (where f.state = 'fetched') as good_at,
        max(f.fetched_at) as visited_at
    from page_fetches as f
    group by f.source_url_id, f.source_url
),

-- one row per page known before
known_pages as (
    select
        p.source_url_id,
        p.source_url,
        max(p.last_checked_at) as good_at
    from previous_links as p
    group by p.source_url_id, p.source_url
),

checked as (
    select
        b.source_url_id,
        b.source_url,
        b.source_host_id,
        b.source_host,
        b.source_domain_id,
        b.source_domain,
        b.source_icann_domain,
        b.target_url_id,
        b.target_url,
        b.target_host_id,
        b.target_host,
        b.target_domain_id,
        b.target_domain,
        b.target_icann_domain,
        b.link_types,
        b.link_type,
        b.rel,
        b.sightings,
        b.followed_sightings,
        b.nofollowed_sightings,
        b.ugc_sightings,
        b.sponsored_sightings,
        b.hidden_sightings,
        b.anchor_text,
        b.placement,
        b.page_is_nofollow,
        b.is_good,
        b.first_seen,
        b.last_seen,
        b.believed_state,
        b.lost_at,
        b.lost_reason,
        b.gone_since,
        b.seen_crawl_id,
        b.seen_fetch_id,
        case
            when v.good_at is null then k.good_at
            when k.good_at is null then v.good_at
            else greatest(v.good_at, k.good_at)
        end as last_checked_at,
        v.visited_at
    from ordered_beliefs as b
    left join visits as v on b.source_url_id = v.source_url_id and b.source_url = v.source_url
    left join known_pages as k on b.source_url_id = k.source_url_id and b.source_url = k.source_url
    where b.place = 1
),

-- one row per link that this crawl shows to be missing from its page: when that was first noticed
losses as (
    select
        c.source_url_id,
        c.source_url,
        c.target_url_id,
        c.target_url,
        min(f.fetched_at) as lost_at
    from checked as c
    inner join page_fetches as f
        on c.source_url_id = f.source_url_id and c.source_url = f.source_url and f.fetched_at > c.last_seen
    where c.is_good and f.state = 'fetched'
    group by c.source_url_id, c.source_url, c.target_url_id, c.target_url
),

ordered_failures as (
    select
        f.source_url_id,
        f.source_url,
        f.fetched_at,
        case
            when f.status in (404, 410) then 'gone'
            when f.state = 'robots_disallowed' or f.status in (401, 403, 451) then 'blocked'
            else 'unreachable'
        end as failure,
        row_number() over (
            partition by f.source_url_id, f.source_url
            order by f.fetched_at desc, f.fetch_id desc
        ) as place
    from page_fetches as f
    where f.state <> 'fetched'
),

-- one row per page that was found gone in this crawl
gone_pages as (
    select
        f.source_url_id,
        f.source_url,
        min(f.fetched_at) as first_gone_at,
        max(f.fetched_at) as last_gone_at
    from page_fetches as f
    where f.status in (404, 410)
    group by f.source_url_id, f.source_url
),

judged as (
    select
        c.source_url_id,
        c.source_url,
        c.source_host_id,
        c.source_host,
        c.source_domain_id,
        c.source_domain,
        c.source_icann_domain,
        c.target_url_id,
        c.target_url,
        c.target_host_id,
        c.target_host,
        c.target_domain_id,
        c.target_domain,
        c.target_icann_domain,
        c.link_types,
        c.link_type,
        c.rel,
        c.sightings,
        c.followed_sightings,
        c.nofollowed_sightings,
        c.ugc_sightings,
        c.sponsored_sightings,
        c.hidden_sightings,
        c.anchor_text,
        c.placement,
        c.page_is_nofollow,
        c.is_good,
        c.first_seen,
        c.last_seen,
        c.believed_state,
        c.seen_crawl_id,
        c.seen_fetch_id,
        c.last_checked_at,
        coalesce(c.lost_at, l.lost_at) as missing_at,
        c.lost_reason,
        f.failure,
        case
            when c.last_checked_at is not null and c.gone_since > c.last_checked_at then c.gone_since
            when f.failure = 'gone' and (c.last_checked_at is null or g.last_gone_at > c.last_checked_at)
                then g.first_gone_at
        end as gone_since,
        g.last_gone_at
    from checked as c
    left join losses as l
        on
            c.source_url_id = l.source_url_id
            and c.source_url = l.source_url
            and c.target_url_id = l.target_url_id
            and c.target_url = l.target_url
    left join ordered_failures as f
        on
            c.source_url_id = f.source_url_id
            and c.source_url = f.source_url
            and f.place = 1
            and f.fetched_at = c.visited_at
            and (c.last_checked_at is null or f.fetched_at > c.last_checked_at)
    left join gone_pages as g on c.source_url_id = g.source_url_id and c.source_url = g.source_url
),

states as (
    select
        j.source_url_id,
        j.source_url,
        j.source_host_id,
        j.source_host,
        j.source_domain_id,
        j.source_domain,
        j.source_icann_domain,
        j.target_url_id,
        j.target_url,
        j.target_host_id,
        j.target_host,
        j.target_domain_id,
        j.target_domain,
        j.target_icann_domain,
        j.link_types,
        j.link_type,
        j.rel,
        j.sightings,
        j.followed_sightings,
        j.nofollowed_sightings,
        j.ugc_sightings,
        j.sponsored_sightings,
        j.hidden_sightings,
        j.anchor_text,
        j.placement,
        j.page_is_nofollow,
        j.first_seen,
        j.last_seen,
        j.seen_crawl_id,
        j.seen_fetch_id,
        j.last_checked_at,
        j.missing_at,
        j.lost_reason,
        j.gone_since,
        j.last_gone_at,
        case
            when not j.is_good then 'unchecked'
            when j.last_seen < j.last_checked_at then 'lost'
            when j.believed_state = 'lost' then 'lost'
            when j.failure = 'gone' and j.last_gone_at >= j.gone_since + interval 24 hours then 'lost'
            when j.failure = 'blocked' then 'blocked'
            when j.failure is not null then 'unreachable'
            when j.believed_state is not null then j.believed_state
            else 'live'
        end as link_state
    from judged as j
)

select
    cast($crawl_id as varchar) as crawl_id,
    s.source_url,
    s.source_url_id,
    s.source_host,
    s.source_host_id,
    s.source_domain,
    s.source_domain_id,
    s.source_icann_domain,
    s.target_url,
    s.target_url_id,
    s.target_host,
    s.target_host_id,
    s.target_domain,
    s.target_domain_id,
    s.target_icann_domain,
    s.link_types,
    s.link_type,
    s.rel,
    cast(s.sightings as bigint) as sightings,
    cast(s.followed_sightings as bigint) as followed_sightings,
    cast(s.nofollowed_sightings as bigint) as nofollowed_sightings,
    cast(s.ugc_sightings as bigint) as ugc_sightings,
    cast(s.sponsored_sightings as bigint) as sponsored_sightings,
    cast(s.hidden_sightings as bigint) as hidden_sightings,
    s.anchor_text,
    s.placement,
    s.page_is_nofollow,
    case
        when s.source_host = s.target_host then 'same_host'
        when s.source_domain = s.target_domain then 'same_domain'
        else 'external'
    end as link_scope,
    s.link_state,
    s.first_seen,
    s.last_seen,
    s.last_checked_at,
    case
        when s.link_state <> 'lost' then null
        when s.missing_at is not null then s.missing_at
        else s.last_gone_at
    end as lost_at,
    case
        when s.link_state <> 'lost' then null
        when s.lost_reason is not null then s.lost_reason
        when s.missing_at is not null then 'link_removed'
        else 'page_gone'
    end as lost_reason,
    s.gone_since,
    s.seen_crawl_id,
    s.seen_fetch_id
from states as s
