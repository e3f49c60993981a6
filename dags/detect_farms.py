"""Links become edges between hosts and domains, and the farms among the domains are found.

A run works on one crawl: the first in the lake's order that is not up to date here. It ends by waking itself while more
crawls wait.

*Triage notes*

- A farm verdict is a suspicion with reasons, never proof: "confirmed" is a person's word.
- Until this DAG is green, authority and serving keep their last good state.
- A gate that stopped holds its crawl until a person decides: mend the cause and clear the `run` task.
- The log of a red task ends with its message and the next command; docs/runbook.md has a section for each message.
"""

from airflow.sdk import DAG, chain

from dags.stage_task import DEFAULT_ARGS, asset, crawl_id_param, more_crawls, next_crawl, stage_task

STAGES = ("build_edges", "score_farms")

with DAG(
    "detect_farms",
    schedule=[asset("link_classes")],
    max_active_runs=1,
    params={"crawl_id": crawl_id_param("The crawl to look at; the first that waits unless given.")},
    default_args=DEFAULT_ARGS,
    tags=["linklake", "transform"],
    doc_md=__doc__,
):
    chain(
        next_crawl(*STAGES),
        stage_task("build_edges"),
        stage_task("score_farms", publishes=asset("farm_verdicts")),
        more_crawls(*STAGES, wakes=asset("link_classes")),
    )
