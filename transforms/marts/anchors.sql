-- one row per (target_domain, anchor_text): in which words a domain is linked to
with votes as (
    select
        l.target_domain,
        l.target_domain_id,
        l.source_domain,
        l.anchor_text,
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
        l.link_scope = 'external' and l.link_state = 'live' and l.link_type not in ('canonical', 'alternate')
)

select
    v.target_domain,
    v.anchor_text,
    cast(count(*) as bigint) as backlinks,
    cast(count(*) filter (where v.passes_equity) as bigint) as followed_backlinks,
    cast(count(distinct v.source_domain) as bigint) as referring_domains,
    min(v.first_seen) as first_seen,
    max(v.last_seen) as last_seen
from votes as v
group by v.target_domain_id, v.target_domain, v.anchor_text
