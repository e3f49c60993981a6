-- one row per (target_domain, entry): a domain or page whose links the owner of target_domain may want to disavow
with of_farms as (
    select
        b.target_domain,
        b.source_domain,
        count(*) as link_count,
        count(*) filter (where b.passes_equity) as followed_link_count,
        min(b.first_seen) as first_seen,
        max(b.last_seen) as last_seen
    from backlinks as b
    inner join farm_members as m on b.source_domain = m.domain
    group by b.target_domain, b.source_domain
),

of_paid_pages as (
    select
        b.target_domain,
        b.source_domain,
        b.source_url,
        min(b.source_authority_score) as source_authority_score,
        min(b.source_farm_score) as source_farm_score,
        count(*) as link_count,
        count(*) filter (where b.passes_equity) as followed_link_count,
        min(b.first_seen) as first_seen,
        max(b.last_seen) as last_seen
    from backlinks as b
    left join farm_members as m on b.source_domain = m.domain
    where b.origin_reason = 'page: paid for' and m.domain is null
    group by b.target_domain, b.source_domain, b.source_url
),

entries as (
    select
        f.target_domain,
        f.source_domain as entry,
        'domain' as entry_kind,
        f.source_domain,
        'farm_member' as disavow_reason,
        m.why,
        m.farm_id,
        m.authority_score as source_authority_score,
        m.farm_score as source_farm_score,
        cast(f.link_count as bigint) as backlinks,
        cast(f.followed_link_count as bigint) as followed_backlinks,
        f.first_seen,
        f.last_seen
    from of_farms as f
    inner join farm_members as m on f.source_domain = m.domain
    where f.followed_link_count > 0
    union all
    select
        p.target_domain,
        p.source_url as entry,
        'url' as entry_kind,
        p.source_domain,
        'paid_and_followed' as disavow_reason,
        cast(null as varchar) as why,
        cast(null as bigint) as farm_id,
        p.source_authority_score,
        p.source_farm_score,
        cast(p.link_count as bigint) as backlinks,
        cast(p.followed_link_count as bigint) as followed_backlinks,
        p.first_seen,
        p.last_seen
    from of_paid_pages as p
    where p.followed_link_count > 0
)

select
    e.target_domain,
    e.entry,
    e.entry_kind,
    e.source_domain,
    e.disavow_reason,
    e.why,
    e.farm_id,
    e.source_authority_score,
    e.source_farm_score,
    e.backlinks,
    e.followed_backlinks,
    e.first_seen,
    e.last_seen
from entries as e
