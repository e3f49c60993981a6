-- In which words a domain is linked to, by how many domains (here: nytimes.com).
select
    anchor_text,
    referring_domains,
    backlinks,
    followed_backlinks
from anchors
where target_domain = 'nytimes.com' and anchor_text <> ''
order by referring_domains desc, backlinks desc, anchor_text
limit 5
