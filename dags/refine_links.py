"""Many sightings become links, and every link gets its class.

A run refines one crawl: the first in the lake's order that is not up to date here. It ends by waking itself while more
crawls wait, so that crawls that landed together are all refined, oldest first.

*Triage notes*

- Serving shows the last good state until `build_authority` publishes: bad links wait, they are not shown.
- A gate that stopped holds its crawl until a person decides: mend the cause and clear the `run` task.
- The log of a red task ends with its message and the next command; docs/runbook.md has a section for each message.
- Triggering it by hand is always harmless; the param `crawl_id` chooses another crawl.
"""

from airflow.sdk import DAG, chain

from dags.stage_task import DEFAULT_ARGS, asset, crawl_id_param, more_crawls, next_crawl, stage_task

STAGES = ("dedupe_links", "classify_links")

with DAG(
    "refine_links",
    schedule=[asset("link_observations")],
    max_active_runs=1,
    params={"crawl_id": crawl_id_param("The crawl to refine; the first that waits unless given.")},
    default_args=DEFAULT_ARGS,
    tags=["linklake", "transform"],
    doc_md=__doc__,
):
    chain(
        next_crawl(*STAGES),
        stage_task("dedupe_links"),
        stage_task("classify_links", publishes=asset("link_classes")),
        more_crawls(*STAGES, wakes=asset("link_observations")),
    )
