-- one row per (source_url, target_url): what is believed of a link once this crawl is known.
--
-- A link is live while it was seen on the last good (2xx) fetch of its page. It is lost when a later good fetch no
-- longer has it, or when its page was found gone (404, 410) on two visits at least 24 hours apart. Anything else that
-- keeps us from the page is unreachable or blocked: not observed is not lost.
--
-- The rows follow from the visits of each page in the order of their time, however they fall into crawls. What earlier
-- crawls knew of a page comes back as visits too: its last good one, and those that found it gone.
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
        case when o.link_type in ('image', 'area') then coalesce(o.alt, '') else o.anchor_text end as anchor_text,
        o.placement,
        o.placement_confidence,
        o.block_id,
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
        s.source_host_id,
        s.source_host,
        s.anchor_text,
        s.placement,
        s.placement_confidence,
        s.block_id,
        row_number() over (
            partition by s.fetch_id, s.source_url_id, s.source_url, s.target_url_id, s.target_url
            order by s.is_neutral, s.is_restricted, s.position
        ) as place
    from sightings as s
),

-- one row per link and fetch: the sighting that speaks for it, and what other pages of the host say of its block
first_sightings as (
    select
        s.fetch_id,
        s.source_url_id,
        s.source_url,
        s.target_url_id,
        s.target_url,
        s.anchor_text,
        coalesce(b.placement, s.placement) as placement,
        case
            when b.placement is not null then b.placement_confidence
            when
                b.block_role = 'content'
                and s.placement in ('main', 'list', 'comment', 'author_bio', 'directory')
                then (1 + 3 * s.placement_confidence) / 4
            else s.placement_confidence
        end as placement_confidence,
        case
            when b.placement is not null or b.block_role = 'content' then b.block_role
            else 'page'
        end as placement_basis
    from ordered_sightings as s
    left join host_blocks as b
        on s.source_host_id = b.source_host_id and s.source_host = b.source_host and s.block_id = b.block_id
    where s.place = 1
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
        count(*) filter (where not s.is_neutral and s.is_hidden) as hidden_sightings
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
        o.placement_confidence,
        o.placement_basis,
        v.page_is_nofollow,
        v.is_good,
        v.fetched_at as first_seen,
        v.fetched_at as last_seen,
        cast(null as varchar) as believed_state,
        cast(null as timestamptz) as believed_at,
        cast(null as timestamptz) as last_checked_at,
        cast(null as timestamptz) as lost_at,
        cast(null as varchar) as lost_reason,
        cast(null as timestamptz) as gone_since,
        cast($crawl_id as varchar) as seen_crawl_id,
        v.fetch_id as seen_fetch_id,
        1 as is_new
    from versions as v
    inner join first_sightings as o
        on
            v.fetch_id = o.fetch_id
            and v.source_url_id = o.source_url_id
            and v.source_url = o.source_url
            and v.target_url_id = o.target_url_id
            and v.target_url = o.target_url
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
        p.placement_confidence,
        p.placement_basis,
        p.page_is_nofollow,
        p.link_state <> 'unchecked' as is_good,
        p.first_seen,
        p.last_seen,
        case when p.link_state <> 'unchecked' then p.link_state end as believed_state,
        p.last_seen as believed_at,
        p.last_checked_at,
        p.lost_at,
        p.lost_reason,
        p.gone_since,
        p.seen_crawl_id,
        p.seen_fetch_id,
        0 as is_new
    from previous_links as p
),

-- the newest sighting on a good page stands first; what was believed holds while nothing newer was seen
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
        b.placement_confidence,
        b.placement_basis,
        b.page_is_nofollow,
        b.is_good,
        b.last_seen,
        b.last_checked_at,
        b.gone_since,
        b.seen_crawl_id,
        b.seen_fetch_id,
        min(b.first_seen) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as first_seen,
        max(b.lost_at) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as lost_at,
        max(b.lost_reason) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as lost_reason,
        max(b.believed_state) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as believed_state,
        max(b.believed_at) over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
        ) as believed_at,
        row_number() over (
            partition by b.source_url_id, b.source_url, b.target_url_id, b.target_url
            order by b.is_good desc, b.last_seen desc, b.is_new desc, b.seen_fetch_id desc
        ) as place
    from beliefs as b
),

believed as (
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
        b.placement_confidence,
        b.placement_basis,
        b.page_is_nofollow,
        b.is_good,
        b.first_seen,
        b.last_seen,
        case when b.believed_at = b.last_seen then b.believed_state end as believed_state,
        b.last_checked_at,
        case when b.lost_at > b.last_seen then b.lost_at end as lost_at,
        b.lost_reason,
        b.gone_since,
        b.seen_crawl_id,
        b.seen_fetch_id
    from ordered_beliefs as b
    where b.place = 1
),

fetches as (
    select
        f.source_url_id,
        f.source_url,
        f.redirect_chain,
        f.fetch_id,
        f.fetched_at,
        case
            when f.state = 'fetched' then 'good'
            when f.status in (404, 410) then 'gone'
            when f.state = 'robots_disallowed' or f.status in (401, 403, 451) then 'blocked'
            else 'unreachable'
        end as outcome
    from page_fetches as f
),

-- one row per page that has links
source_pages as (
    select
        b.source_url_id,
        b.source_url
    from believed as b
    group by b.source_url_id, b.source_url
),

-- a page that redirects was visited as well: it has gone wherever the redirects ended
visits as (
    select
        f.source_url_id,
        f.source_url,
        f.fetch_id,
        f.fetched_at,
        f.outcome
    from fetches as f
    union all
    select
        s.source_url_id,
        s.source_url,
        f.fetch_id,
        f.fetched_at,
        f.outcome
    from fetches as f
    cross join unnest(f.redirect_chain) as r (url)
    inner join source_pages as s on r.url = s.source_url
),

visited_pages as (
    select
        v.source_url_id,
        v.source_url
    from visits as v
    group by v.source_url_id, v.source_url
),

-- one row per visited page that was known before
known_pages as (
    select
        p.source_url_id,
        p.source_url,
        max(p.last_checked_at) as last_checked_at,
        max(p.gone_since) as gone_since,
        max(case when p.lost_reason = 'page_gone' then p.lost_at end) as page_gone_at
    from previous_links as p
    inner join visited_pages as v on p.source_url_id = v.source_url_id and p.source_url = v.source_url
    group by p.source_url_id, p.source_url
),

known_visits as (
    select
        v.source_url_id,
        v.source_url,
        v.fetch_id,
        v.fetched_at,
        v.outcome,
        1 as is_new
    from visits as v
    union all
    select
        k.source_url_id,
        k.source_url,
        '' as fetch_id,
        k.last_checked_at as fetched_at,
        'good' as outcome,
        0 as is_new
    from known_pages as k
    where k.last_checked_at is not null
    union all
    select
        k.source_url_id,
        k.source_url,
        '' as fetch_id,
        k.gone_since as fetched_at,
        'gone' as outcome,
        0 as is_new
    from known_pages as k
    where k.gone_since is not null
    union all
    select
        k.source_url_id,
        k.source_url,
        '' as fetch_id,
        k.page_gone_at as fetched_at,
        'gone' as outcome,
        0 as is_new
    from known_pages as k
    where k.page_gone_at is not null
),

-- a good visit begins a new era of its page; of two visits at one time the good one counts as the later
dated_visits as (
    select
        v.source_url_id,
        v.source_url,
        v.fetch_id,
        v.fetched_at,
        v.outcome,
        v.is_new,
        max(case when v.outcome = 'good' then v.fetched_at end) over (
            partition by v.source_url_id, v.source_url
        ) as last_checked_at,
        sum(case when v.outcome = 'good' then 1 else 0 end) over (
            partition by v.source_url_id, v.source_url
            order by v.fetched_at, case when v.outcome = 'good' then 1 else 0 end
        ) as era
    from known_visits as v
),

ordered_visits as (
    select
        v.source_url_id,
        v.source_url,
        v.fetched_at,
        v.outcome,
        v.is_new,
        v.last_checked_at,
        min(case when v.outcome = 'gone' then v.fetched_at end) over (
            partition by v.source_url_id, v.source_url, v.era
        ) as gone_since,
        row_number() over (
            partition by v.source_url_id, v.source_url
            order by v.fetched_at desc, case when v.outcome = 'good' then 1 else 0 end desc, v.is_new, v.fetch_id desc
        ) as place
    from dated_visits as v
),

-- one row per link whose page was visited since without it: by a good fetch, or finding the page gone for a day
losses as (
    select
        b.source_url_id,
        b.source_url,
        b.target_url_id,
        b.target_url,
        min(case when v.outcome = 'good' then v.fetched_at end) as missing_at,
        min(case when v.outcome = 'gone' then v.fetched_at end) as page_gone_at
    from believed as b
    inner join ordered_visits as v
        on b.source_url_id = v.source_url_id and b.source_url = v.source_url and b.last_seen < v.fetched_at
    where v.outcome = 'good' or (v.outcome = 'gone' and v.fetched_at >= v.gone_since + interval 24 hours)
    group by b.source_url_id, b.source_url, b.target_url_id, b.target_url
),

judged as (
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
        b.placement_confidence,
        b.placement_basis,
        b.page_is_nofollow,
        b.first_seen,
        b.last_seen,
        case when v.outcome is null then b.last_checked_at else v.last_checked_at end as last_checked_at,
        case when v.outcome is null then b.gone_since else v.gone_since end as gone_since,
        case when b.is_good then least(b.lost_at, l.missing_at, l.page_gone_at) end as lost_at,
        b.lost_at as lost_before_at,
        b.lost_reason as lost_before_reason,
        l.missing_at,
        b.seen_crawl_id,
        b.seen_fetch_id,
        case
            when not b.is_good then 'unchecked'
            when least(b.lost_at, l.missing_at, l.page_gone_at) is not null then 'lost'
            when b.believed_state is not null and coalesce(v.is_new, 0) = 0 then b.believed_state
            when v.outcome = 'good' then 'live'
            when v.outcome = 'blocked' then 'blocked'
            else 'unreachable'
        end as link_state
    from believed as b
    left join ordered_visits as v
        on b.source_url_id = v.source_url_id and b.source_url = v.source_url and v.place = 1
    left join losses as l
        on
            b.source_url_id = l.source_url_id
            and b.source_url = l.source_url
            and b.target_url_id = l.target_url_id
            and b.target_url = l.target_url
)

select
    cast($crawl_id as varchar) as crawl_id,
    j.source_url,
    j.source_url_id,
    j.source_host,
    j.source_host_id,
    j.source_domain,
    j.source_domain_id,
    j.source_icann_domain,
    j.target_url,
    j.target_url_id,
    j.target_host,
    j.target_host_id,
    j.target_domain,
    j.target_domain_id,
    j.target_icann_domain,
    j.link_types,
    j.link_type,
    j.rel,
    cast(j.sightings as bigint) as sightings,
    cast(j.followed_sightings as bigint) as followed_sightings,
    cast(j.nofollowed_sightings as bigint) as nofollowed_sightings,
    cast(j.ugc_sightings as bigint) as ugc_sightings,
    cast(j.sponsored_sightings as bigint) as sponsored_sightings,
    cast(j.hidden_sightings as bigint) as hidden_sightings,
    j.anchor_text,
    j.placement,
    j.placement_confidence,
    j.placement_basis,
    j.page_is_nofollow,
    case
        when j.source_host = j.target_host then 'same_host'
        when j.source_domain = j.target_domain then 'same_domain'
        when s.domain is not null or t.domain is not null then 'no_domain'
        else 'external'
    end as link_scope,
    j.link_state,
    j.first_seen,
    j.last_seen,
    j.last_checked_at,
    j.lost_at,
    case
        when j.lost_at = j.lost_before_at then j.lost_before_reason
        when j.lost_at = j.missing_at then 'link_removed'
        when j.lost_at is not null then 'page_gone'
    end as lost_reason,
    j.gone_since,
    j.seen_crawl_id,
    j.seen_fetch_id
from judged as j
left join non_domains as s on j.source_domain = s.domain
left join non_domains as t on j.target_domain = t.domain
