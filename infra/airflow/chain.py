"""Send a crawl through the chain of DAGs in a running Airflow, and say how each task ended."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from api import FINISHED, Airflow

CONSUMERS: Final = ("refine_links", "detect_farms", "build_authority")
PATIENCE_SECONDS: Final = 900


class ChainBroken(Exception):
    """A DAG of the chain failed, or did not end in time; says which."""


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ended: its state, its seconds by Airflow's clock (with its start), and the receipt of its command."""

    dag_id: str
    task_id: str
    state: str
    seconds: float
    receipt: dict[str, Any]

    @property
    def peak_rss_mib(self) -> int:
        """Largest resident memory of the command."""
        return int(self.receipt.get("peak_rss_bytes", 0)) >> 20


def send(airflow: Airflow, first: str, conf: dict[str, Any], crawl_id: str) -> Iterator[TaskEnd]:
    """Trigger the DAG that observes, and follow the crawl to the serving file; yields every task once its DAG ended.

    Raises:
        ChainBroken: a DAG failed (its tasks were yielded), or no run of it ended in time.
    """
    chain, patience = (first, *CONSUMERS), time.monotonic() + PATIENCE_SECONDS
    before = {dag_id: set(airflow.runs(dag_id)) for dag_id in chain}
    for dag_id in chain:
        airflow.pause(dag_id, is_paused=False)
    airflow.trigger(first, conf)
    for dag_id in chain:
        run_id = _run_of(airflow, dag_id, crawl_id, before[dag_id], patience)
        yield from _ends(airflow, dag_id, run_id)
        if airflow.runs(dag_id)[run_id] != "success":
            raise ChainBroken(
                f"{dag_id} failed: the log of its red task ends with what to do ({airflow.url}/dags/{dag_id})"
            )


def _run_of(airflow: Airflow, dag_id: str, crawl_id: str, before: set[str], patience: float) -> str:
    """The finished run of a DAG that worked on the crawl."""
    while time.monotonic() < patience:
        for run_id, state in airflow.runs(dag_id).items():
            if run_id in before or state not in FINISHED:
                continue
            if state == "failed" or crawl_id in _crawls_of(airflow, dag_id, run_id):
                return run_id
        time.sleep(1)
    raise ChainBroken(f"{dag_id}: no finished run for crawl {crawl_id} after {PATIENCE_SECONDS} s")


def _crawls_of(airflow: Airflow, dag_id: str, run_id: str) -> set[str]:
    return {end.receipt.get("crawl_id", "") for end in _ends(airflow, dag_id, run_id)}


def _ends(airflow: Airflow, dag_id: str, run_id: str) -> Iterator[TaskEnd]:
    for task in sorted(airflow.tasks(dag_id, run_id), key=lambda t: t["start_date"] or ""):
        receipt = airflow.receipt(dag_id, run_id, task["task_id"], task["map_index"])
        yield TaskEnd(dag_id, task["task_id"], task["state"], task["duration"] or 0.0, receipt)
