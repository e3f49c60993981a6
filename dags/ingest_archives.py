"""Read the web archives that arrived, each set as a crawl of its own; or a path list, by several tasks as one crawl.

A set is a folder in `LINKLAKE_ARCHIVES` that is named by its crawl id, and that begins with its day
(`2026-11-20-news`); the run of a day reads the sets of that day, one mapped task for each. Move a folder in when it is
whole. The param `archive_sets` names other files. Backfill days with
`airflow backfill create --dag-id ingest_archives --from-date 2026-11-18 --to-date 2026-11-20`.

Triggered with the param `paths` (a path list, such as Common Crawl's `wat.paths.gz`; `prefix` comes before its lines) a
run reads that instead: `shards` mapped tasks read a share of it each, and when all have come to their end
`settle_crawl` makes one crawl of them.

*Triage notes*

- A set that was read already answers "unchanged": running a day again is harmless.
- One broken archive fails its own set only; the others are published. Nothing was read of a set whose archive is
  missing or is none.
- A retry carries a killed ingestion on where it stopped.
- A red `ingest_shard` holds the crawl of its path list: nothing of it is settled. Clear that shard alone; the others
  keep what they have read. A skipped one had no archive, as there are more shards than archives.
"""

from airflow.sdk import DAG, CronDataIntervalTimetable

from dags.stage_task import (
    DEFAULT_ARGS,
    archive_params,
    archive_sets,
    asset,
    ingest_shards,
    ingest_tasks,
    path_shards,
)

with DAG(
    "ingest_archives",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=4,
    params=archive_params(),
    default_args=DEFAULT_ARGS,
    tags=["linklake", "observe"],
    doc_md=__doc__,
):
    ingest_tasks(archive_sets(), publishes=asset("link_observations"))
    ingest_shards(path_shards(), publishes=asset("link_observations"))
