-- one row per crawl and stage: how its newest run ended, and what to do about it
with crawl_facts as (
    select
        r.crawl_id,
        max(case when r.is_published then r.started_at end) as last_published_at
    from stage_runs as r
    group by r.crawl_id
),

-- the run that builds this table is not on record yet, and must read alike when it is done again;
-- build puts only failures on record: what was published after one has mended it
known_runs as (
    select
        r.crawl_id,
        r.stage,
        r.attempt,
        r.outcome,
        r.is_published,
        r.rows_in,
        r.rows_out,
        r.rows_rejected,
        r.started_at,
        r.duration_seconds,
        r.peak_rss_bytes,
        r.message,
        r.next_command,
        r.code_version,
        row_number() over (
            partition by r.crawl_id, r.stage
            order by r.started_at desc nulls last, r.attempt desc nulls last
        ) as place
    from stage_runs as r
    inner join crawl_facts as f on r.crawl_id = f.crawl_id
    where
        (r.stage <> 'build_marts' or r.crawl_id <> $crawl_id)
        and (r.stage <> 'build' or f.last_published_at is null or r.started_at > f.last_published_at)
),

totals as (
    select
        k.crawl_id,
        k.stage,
        count(*) as run_count,
        count(*) filter (where k.outcome in ('failed', 'stopped')) as failed_run_count,
        max(case when k.is_published then k.started_at end) as last_published_at
    from known_runs as k
    group by k.crawl_id, k.stage
),

named_findings as (
    select
        g.crawl_id,
        g.stage,
        g.attempt,
        case when g.severity = 'warn' then g.dataset || '.' || g.rule end as warned,
        case when g.severity = 'stop' and g.accepted_by is null then g.dataset || '.' || g.rule end as stopped,
        case when g.accepted_by is not null then g.dataset || '.' || g.rule end as accepted
    from gate_findings as g
),

found as (
    select
        n.crawl_id,
        n.stage,
        n.attempt,
        count(n.warned) as warning_count,
        coalesce(list_sort(list(n.warned) filter (where n.warned is not null)), []) as warnings,
        coalesce(list_sort(list(n.stopped) filter (where n.stopped is not null)), []) as stopped_rules,
        coalesce(list_sort(list(n.accepted) filter (where n.accepted is not null)), []) as accepted_rules
    from named_findings as n
    group by n.crawl_id, n.stage, n.attempt
)

select
    k.crawl_id,
    c.kind,
    c.observed_to,
    k.stage,
    k.outcome,
    k.is_published,
    cast(t.run_count as bigint) as run_count,
    cast(t.failed_run_count as bigint) as failed_run_count,
    k.rows_in,
    k.rows_out,
    k.rows_rejected,
    k.started_at,
    k.duration_seconds,
    k.peak_rss_bytes,
    t.last_published_at,
    cast(coalesce(f.warning_count, 0) as bigint) as warning_count,
    nullif(array_to_string(f.warnings, ', '), '') as warnings,
    nullif(array_to_string(f.stopped_rules, ', '), '') as stopped_rules,
    nullif(array_to_string(f.accepted_rules, ', '), '') as accepted_rules,
    k.message,
    k.next_command,
    k.code_version
from known_runs as k
inner join totals as t on k.crawl_id = t.crawl_id and k.stage = t.stage
left join found as f on k.crawl_id = f.crawl_id and k.stage = f.stage and k.attempt = f.attempt
left join crawls as c on k.crawl_id = c.crawl_id
where k.place = 1
