-- What part of the pages that were read does nobody else link to, and no link at all.
select
    sum(crawled_pages) as crawled_pages,
    sum(zero_backlink_pages) as without_backlinks,
    round(sum(zero_backlink_pages) / sum(crawled_pages), 3) as share,
    sum(zero_followed_pages) as without_followed,
    sum(unlinked_pages) as without_any_link
from v_zero_backlinks
