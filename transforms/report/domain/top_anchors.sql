-- one row per anchor_text: in which words the domain is linked to
select
    a.anchor_text,
    a.anchor_class,
    a.referring_domains,
    a.backlinks,
    a.followed_backlinks as passing_equity
from anchors as a
where a.target_domain = $domain
qualify row_number() over (order by a.referring_domains desc, a.backlinks desc, a.anchor_text) <= $top
order by a.referring_domains desc, a.backlinks desc, a.anchor_text
