-- one row per live external link (source_url, target_url); canonical and alternate links are no votes
with votes as (
    select
        b.target_domain,
        b.source_domain,
        b.source_url,
        b.target_url,
        b.first_seen,
        case when b.passes_equity then 0 else 1 end as equity_order,
        case when b.placement in ('main', 'list') then 0 else 1 end as placement_order
    from backlinks_all as b
    where b.link_state = 'live' and b.link_type not in ('canonical', 'alternate')
),

-- narrow, because it is sorted: what else a link says is looked up
ordered_votes as (
    select
        v.source_url,
        v.target_url,
        row_number() over (
            partition by v.target_domain, v.source_domain
            order by v.equity_order, v.placement_order, v.first_seen, v.source_url, v.target_url
        ) as place
    from votes as v
)

select
    b.target_domain,
    b.target_host,
    b.target_url,
    b.source_domain,
    b.source_host,
    b.source_url,
    b.anchor_text,
    b.link_type,
    b.placement,
    b.rel,
    b.rel_class,
    b.is_nofollow,
    b.is_ugc,
    b.is_sponsored,
    b.passes_equity,
    b.equity_block_reason,
    b.anchor_class,
    b.origin_role,
    b.origin_reason,
    b.platform_class,
    b.platform_reason,
    b.source_authority_score,
    b.source_farm_score,
    b.source_title,
    b.source_language,
    b.first_seen,
    b.last_seen,
    b.last_checked_at,
    o.place is not null as is_best_of_domain
from backlinks_all as b
left join ordered_votes as o on b.source_url = o.source_url and b.target_url = o.target_url and o.place = 1
where b.link_state = 'live' and b.link_type not in ('canonical', 'alternate')
