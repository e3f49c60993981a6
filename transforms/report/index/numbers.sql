-- one row per index: its headline numbers
select
    count(*) as domains,
    count(*) filter (where d.referring_domains > 0) as linked_domains,
    count(*) filter (where d.linked_domains > 0) as linking_domains,
    cast(coalesce(sum(d.backlinks), 0) as bigint) as backlinks,
    cast(coalesce(sum(d.followed_backlinks), 0) as bigint) as followed_backlinks,
    cast(coalesce(sum(d.crawled_pages), 0) as bigint) as crawled_pages,
    count(*) filter (where d.farm_tier is not null) as suspected_domains
from domains as d
