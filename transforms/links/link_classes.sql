-- one row per link: what its marks, its page and its state mean for the vote it casts, and how it came about
with marked as (
    select
        l.source_url,
        l.source_url_id,
        l.target_url,
        l.target_url_id,
        l.source_domain_id,
        l.target_domain,
        l.anchor_text,
        l.placement,
        l.link_type,
        l.link_scope,
        l.link_state,
        l.page_is_nofollow,
        l.hidden_sightings = l.followed_sightings + l.nofollowed_sightings as is_hidden,
        l.ugc_sightings,
        l.sponsored_sightings,
        l.link_type in ('canonical', 'alternate') as is_neutral,
        case
            when l.followed_sightings > 0 or l.nofollowed_sightings = 0 then 'follow'
            when l.sponsored_sightings > 0 then 'sponsored'
            when l.ugc_sightings > 0 then 'ugc'
            else 'nofollow'
        end as rel_class,
        list_contains(l.rel, 'nofollow') as has_nofollow,
        case
            when
                split_part(split_part(l.target_url, '?', 1), '/', -1) = ''
                and split_part(split_part(l.target_url, '?', 1), '/', 4) <> ''
                then split_part(split_part(l.target_url, '?', 1), '/', -2)
            else split_part(split_part(l.target_url, '?', 1), '/', -1)
        end as slug
    from links as l
),

-- docs/classes.md tells why the rules stand in this order; a comparison with NULL (nothing known) never holds
reasoned as (
    select
        m.source_url,
        m.source_url_id,
        m.target_url,
        m.target_url_id,
        m.source_domain_id,
        m.rel_class,
        m.page_is_nofollow,
        m.ugc_sightings,
        m.sponsored_sightings,
        coalesce(f.platform_class, 'unknown') as platform_class,
        f.platform_reason,
        case
            when m.link_state <> 'live' then 'not_live'
            when m.is_neutral then 'neutral_type'
            when m.link_scope = 'no_domain' then 'no_domain'
            when m.is_hidden then 'hidden'
            when m.rel_class = 'sponsored' then 'rel_sponsored'
            when m.rel_class = 'ugc' then 'rel_ugc'
            when m.rel_class = 'nofollow' and m.has_nofollow then 'rel_nofollow'
            when m.rel_class = 'nofollow' then 'page_nofollow'
        end as equity_block_reason,
        case
            when m.link_type in ('image', 'area') then 'image'
            when t.is_empty then 'empty'
            when t.has_scheme or contains(t.address, d.domain_text) or contains(t.address, d.domain) then 'url'
            when t.compact = d.brand then 'brand'
            when t.is_generic then 'generic'
            when contains(t.phrase, d.brand_phrase) then 'brand'
            when length(d.brand) >= 6 and contains(t.compact, d.brand) then 'brand'
            when t.phrase = p.title_phrase or t.phrase = p.h1_phrase or t.phrase = s.slug_phrase then 'exact'
            when length(p.title_phrase) >= 5 and contains(t.phrase, p.title_phrase) then 'partial'
            when length(p.h1_phrase) >= 5 and contains(t.phrase, p.h1_phrase) then 'partial'
            when length(s.slug_phrase) >= 5 and contains(t.phrase, s.slug_phrase) then 'partial'
            when t.is_telling and contains(p.title_phrase, t.phrase) then 'partial'
            when t.is_telling and contains(p.h1_phrase, t.phrase) then 'partial'
            when t.is_telling and contains(s.slug_phrase, t.phrase) then 'partial'
            else 'other'
        end as anchor_class,
        case
            when m.link_scope in ('same_host', 'same_domain', 'same_owner') then 'scope: one owner'
            when m.rel_class = 'sponsored' then 'rel: sponsored'
            when m.rel_class = 'ugc' then 'rel: ugc'
            when f.is_paid then 'page: paid for'
            when f.is_copy then 'page: canonical elsewhere'
            when f.platform_class = 'archive' then 'platform: archive'
            when m.link_type = 'iframe' then 'type: iframe'
            when m.link_type not in ('text', 'image', 'area') then 'type: no anchor'
            when m.placement = 'ad' then 'placement: ad'
            when m.placement = 'comment' then 'placement: comment'
            when m.placement in ('navigation', 'header', 'footer', 'sidebar') then 'placement: shared block'
            when f.is_guest then 'page: guest author'
            when m.placement = 'author_bio' then 'placement: author_bio'
            when f.platform_class = 'link_in_bio' then 'platform: link_in_bio'
            when m.placement = 'directory' then 'placement: directory'
            when f.platform_class = 'directory' then 'platform: directory'
            when f.platform_class in ('social', 'forum', 'qa', 'wiki', 'video', 'code_hosting') then 'platform: of users'
            when f.platform_class in ('search', 'shortener') then 'platform: made by machine'
            when m.placement in ('main', 'list') then 'placement: content'
            else 'placement: unknown'
        end as origin_reason
    from marked as m
    left join anchor_texts as t on m.anchor_text = t.anchor_text
    left join domain_names as d on m.target_domain = d.domain
    left join slugs as s on m.slug = s.slug
    left join judged_pages as p on m.target_url = p.url
    left join judged_pages as f on m.source_url = f.url
)

select
    cast($crawl_id as varchar) as crawl_id,
    r.source_url,
    r.source_url_id,
    r.target_url,
    r.target_url_id,
    r.source_domain_id,
    r.rel_class,
    r.rel_class <> 'follow' as is_nofollow,
    r.rel_class <> 'follow' and r.ugc_sightings > 0 as is_ugc,
    r.rel_class <> 'follow' and r.sponsored_sightings > 0 as is_sponsored,
    r.page_is_nofollow,
    r.equity_block_reason is null as passes_equity,
    r.equity_block_reason,
    r.anchor_class,
    o.origin_role,
    r.origin_reason,
    r.platform_class,
    r.platform_reason,
    cast($classifier_version as varchar) as classifier_version
from reasoned as r
inner join origin_rules as o on r.origin_reason = o.reason
