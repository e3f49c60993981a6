-- one row per crawl: when its pages were really fetched
with observed as (
    select
        min(f.fetched_at) as observed_from,
        max(f.fetched_at) as observed_to
    from page_fetches_parts as f
)

select
    c.crawl_id,
    c.kind,
    c.started_at,
    c.finished_at,
    coalesce(o.observed_from, c.started_at) as observed_from,
    coalesce(o.observed_to, c.started_at) as observed_to,
    c.scope,
    c.seeds_hash,
    c.config_hash,
    c.code_version,
    c.psl_version,
    c.is_target_scoped,
    c.is_complete
from crawls_parts as c
cross join observed as o
