-- one row per link: what its marks, its page and its state mean for the vote it casts
with marked as (
    select
        l.source_url,
        l.source_url_id,
        l.target_url,
        l.target_url_id,
        l.source_domain_id,
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
        list_contains(l.rel, 'nofollow') as has_nofollow
    from links as l
),

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
        case
            when m.link_state <> 'live' then 'not_live'
            when m.is_neutral then 'neutral_type'
            when m.link_scope = 'no_domain' then 'no_domain'
            when m.is_hidden then 'hidden'
            when m.rel_class = 'sponsored' then 'rel_sponsored'
            when m.rel_class = 'ugc' then 'rel_ugc'
            when m.rel_class = 'nofollow' and m.has_nofollow then 'rel_nofollow'
            when m.rel_class = 'nofollow' then 'page_nofollow'
        end as equity_block_reason
    from marked as m
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
    cast($classifier_version as varchar) as classifier_version
from reasoned as r
