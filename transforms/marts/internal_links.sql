-- one row per live link (source_url, target_url) within a registrable domain, without links of a page to itself
select
    l.source_domain as domain,
    l.source_url,
    l.target_url,
    l.anchor_text,
    l.link_type,
    l.placement,
    c.rel_class,
    l.first_seen,
    l.last_seen
from links as l
inner join link_classes as c
    on
        l.source_url_id = c.source_url_id
        and l.source_url = c.source_url
        and l.target_url_id = c.target_url_id
        and l.target_url = c.target_url
where
    l.link_scope in ('same_host', 'same_domain', 'same_owner')
    and l.link_state = 'live'
    and l.link_type not in ('canonical', 'alternate')
    and l.source_url <> l.target_url
