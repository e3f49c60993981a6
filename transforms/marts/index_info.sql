-- one row per index: what it covers, and as of when
with crawl_facts as (
    select
        count(*) as crawl_count,
        min(c.observed_from) as observed_from,
        max(c.observed_to) as observed_to,
        max(case when c.crawl_id = $crawl_id then c.scope end) as scope
    from crawls as c
),

page_facts as (
    select
        count(*) as page_count,
        count(*) filter (where p.is_crawled) as crawled_page_count
    from pages as p
),

domain_facts as (
    select count(*) as domain_count
    from domains as d
),

backlink_facts as (
    select count(*) as backlink_count
    from backlinks as b
),

score_facts as (
    select max(a.score_version) as score_version
    from domain_authority as a
)

select
    cast($crawl_id as varchar) as crawl_id,
    cast($as_of as timestamptz) as as_of,
    c.observed_from,
    c.observed_to,
    c.scope,
    cast(c.crawl_count as bigint) as crawl_count,
    cast(p.page_count as bigint) as page_count,
    cast(p.crawled_page_count as bigint) as crawled_page_count,
    cast(d.domain_count as bigint) as domain_count,
    cast(b.backlink_count as bigint) as backlink_count,
    s.score_version,
    cast($mart_version as varchar) as mart_version,
    cast($code_version as varchar) as code_version
from crawl_facts as c
cross join page_facts as p
cross join domain_facts as d
cross join backlink_facts as b
cross join score_facts as s
