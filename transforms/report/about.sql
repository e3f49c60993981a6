-- one row per index: what it covers, and as of when
select
    i.crawl_id,
    i.as_of,
    i.observed_from,
    i.observed_to,
    i.scope,
    i.crawl_count,
    i.page_count,
    i.crawled_page_count,
    i.domain_count,
    i.backlink_count,
    i.score_version,
    i.mart_version,
    i.code_version
from index_info as i
