-- one row per imported edge list: it counts as observed when it was imported
select
    p.crawl_id,
    p.kind,
    p.started_at,
    p.finished_at,
    p.started_at as observed_from,
    p.started_at as observed_to,
    p.scope,
    p.seeds_hash,
    p.config_hash,
    p.code_version,
    p.psl_version,
    p.is_target_scoped,
    p.is_complete
from crawls_parts as p
