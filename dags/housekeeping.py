"""Once a day: say what failed, and wake the chain if a crawl was left behind.

An event can be lost (Airflow's database was wiped, a DAG was paused): the lake still knows what is not built, and
`more_crawls` wakes `refine_links`, which passes on to the rest.

*Triage notes*

- A red `status` task means that some stage failed or was stopped: its log lists them, each with the next command.
- Nothing here changes the lake.
"""

from airflow.sdk import DAG

from dags.stage_task import DEFAULT_ARGS, asset, linklake_status, more_crawls

with DAG(
    "housekeeping",
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["linklake", "care"],
    doc_md=__doc__,
):
    linklake_status()
    more_crawls(wakes=asset("link_observations"))
