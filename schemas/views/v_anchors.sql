-- one row per (target_domain, anchor_text): how often it is said, and by what part of those who link
select
    a.target_domain,
    a.anchor_text,
    a.anchor_class,
    a.backlinks,
    a.followed_backlinks,
    a.referring_domains,
    a.backlinks / nullif(d.backlinks, 0) as backlinks_share,
    a.referring_domains / nullif(d.referring_domains, 0) as referring_domains_share,
    a.first_seen,
    a.last_seen
from anchors as a
inner join domains as d on a.target_domain = d.domain
