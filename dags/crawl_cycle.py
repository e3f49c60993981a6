"""Crawl the live web once a day, within the seeds' domains.

One task: `linklake crawl` fetches, settles, audits and publishes a crawl, and its event wakes `refine_links`. The seeds
are the param `seeds`, else the worker's file `LINKLAKE_SEEDS`; without either the task is skipped. The worker needs
`LINKLAKE_CONTACT`. With the param `demo` the web that comes with linklake is crawled instead.

This DAG cannot be backfilled: the web of last week cannot be crawled any more. Read archives of it with
`ingest_archives`.

*Triage notes*

- Nothing here is urgent: what was acknowledged is safe, and serving stays as it is.
- A retry, or clearing the task, carries the same crawl on and fetches nothing twice.
- The message above the receipt says what failed; docs/runbook.md has a section for each.
"""

from airflow.sdk import DAG

from dags.stage_task import DEFAULT_ARGS, asset, crawl_params, crawl_task

with DAG(
    "crawl_cycle",
    schedule="@daily",
    catchup=False,
    allowed_run_types=["scheduled", "manual", "operator_triggered"],
    max_active_runs=1,
    params=crawl_params(),
    default_args=DEFAULT_ARGS,
    tags=["linklake", "observe"],
    doc_md=__doc__,
):
    crawl_task(publishes=asset("link_observations"))
