"""Rank hosts and domains, score authority without the farms, and swap in the file that BI reads.

A run works on one crawl: the first in the lake's order that is not up to date here. It ends by waking itself while more
crawls wait.

*Triage notes*

- The serving file is built aside and swapped by one rename: readers see the old state or the new one, never half.
- A lost serving file is made again by clearing `build_marts.run` (or `linklake run build_marts`).
- A gate that stopped holds its crawl until a person decides: mend the cause and clear the `run` task.
- The log of a red task ends with its message and the next command; docs/runbook.md has a section for each message.
"""

from airflow.sdk import DAG, chain

from dags.stage_task import DEFAULT_ARGS, asset, crawl_id_param, more_crawls, next_crawl, stage_task

STAGES = ("rank_hosts", "rank_domains", "score_authority", "build_marts")

with DAG(
    "build_authority",
    schedule=[asset("farm_verdicts")],
    max_active_runs=1,
    params={"crawl_id": crawl_id_param("The crawl to score; the first that waits unless given.")},
    default_args=DEFAULT_ARGS,
    tags=["linklake", "transform"],
    doc_md=__doc__,
):
    chain(
        next_crawl(*STAGES),
        [stage_task("rank_hosts"), stage_task("rank_domains")],
        stage_task("score_authority", publishes=asset("domain_authority")),
        stage_task("build_marts", publishes=asset("marts")),
        more_crawls(*STAGES, wakes=asset("farm_verdicts")),
    )
