-- one row per registrable domain with a crawled page: how many of its pages nobody links to, of how many
with counted as (
    select
        p.domain,
        count(*) as page_count,
        count(*) filter (where p.backlinks = 0) as zero_count,
        count(*) filter (where p.followed_backlinks = 0) as zero_followed_count,
        count(*) filter (where p.backlinks = 0 and p.internal_backlinks = 0) as unlinked_count
    from pages as p
    where p.is_crawled
    group by p.domain
)

select
    c.domain,
    c.page_count as crawled_pages,
    c.zero_count as zero_backlink_pages,
    c.zero_followed_count as zero_followed_pages,
    c.unlinked_count as unlinked_pages,
    cast(c.zero_count as double) / nullif(c.page_count, 0) as zero_backlink_share
from counted as c
