-- one row per live external link (source_url, target_url); canonical and alternate links are no votes
with ordered_pages as (
    select
        f.source_url_id,
        f.source_url,
        f.title,
        f.language,
        row_number() over (
            partition by f.source_url_id, f.source_url
            order by f.fetched_at desc, f.crawl_id desc, f.fetch_id desc
        ) as place
    from page_fetches as f
    where f.state = 'fetched'
)

select
    l.target_domain,
    l.target_host,
    l.target_url,
    l.source_domain,
    l.source_host,
    l.source_url,
    l.anchor_text,
    l.link_type,
    l.placement,
    array_to_string(l.rel, ' ') as rel,
    c.rel_class,
    c.is_nofollow,
    c.is_ugc,
    c.is_sponsored,
    c.passes_equity,
    c.equity_block_reason,
    c.anchor_class,
    c.origin_role,
    c.origin_reason,
    c.platform_class,
    c.platform_reason,
    a.authority_score as source_authority_score,
    coalesce(v.farm_score, 0.0) as source_farm_score,
    p.title as source_title,
    p.language as source_language,
    l.first_seen,
    l.last_seen,
    l.last_checked_at
from links as l
inner join link_classes as c
    on
        l.source_url_id = c.source_url_id
        and l.source_url = c.source_url
        and l.target_url_id = c.target_url_id
        and l.target_url = c.target_url
left join ordered_pages as p
    on l.source_url_id = p.source_url_id and l.source_url = p.source_url and p.place = 1
left join domain_authority as a on l.source_domain_id = a.domain_id and l.source_domain = a.domain
left join farm_verdicts as v on l.source_domain_id = v.domain_id and l.source_domain = v.domain
where l.link_scope = 'external' and l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
