"""Once a day: tidy the lake, compare every file with what was written, say what failed, wake the chain if need be.

`linklake housekeeping` merges the receipts of many runs and deletes what no version of the lake has named for 24
hours; it is safe beside everything else. `linklake verify` reads every published file. An event can be lost (Airflow's
database was wiped, a DAG was paused): the lake still knows what is not built, and `more_crawls` wakes `refine_links`,
which passes on to the rest.

*Triage notes*

- A red `verify` task means that a published file is missing or altered: its log names each with the command that
  mends it.
- A red `status` task means that something failed, was stopped or broken off: its log lists it, with the next command.
- A red `housekeeping` task deleted nothing wrongly: it stops before it deletes when the log or a manifest is damaged.
"""

from airflow.sdk import DAG, chain

from dags.stage_task import DEFAULT_ARGS, RETRIES, LinklakeCommand, asset, linklake_status, more_crawls

with DAG(
    "housekeeping",
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["linklake", "care"],
    doc_md=__doc__,
):
    # Each of the last two makes the run red by itself: what is damaged does not hide what failed.
    chain(
        LinklakeCommand(task_id="housekeeping", arguments="housekeeping", **RETRIES),
        [LinklakeCommand(task_id="verify", arguments="verify", retries=0), linklake_status()],
    )
    more_crawls(wakes=asset("link_observations"))
