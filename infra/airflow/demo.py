"""Unpause the chain in a running Airflow, crawl the built-in web with it, and wait until the serving file is there."""

import argparse
import sys
import time
import urllib.error
from pathlib import Path
from typing import Final

from api import Airflow
from serve import LOOPBACK, ROOT, password

CHAIN: Final = ("crawl_cycle", "refine_links", "detect_farms", "build_authority")
PATIENCE_SECONDS: Final = 900


def main() -> int:
    """Run the demo chain; 0 when every DAG of it was green for the new crawl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / ".airflow", help="folder that make airflow uses")
    parser.add_argument("--port", type=int, default=8080, help="port on loopback")
    given = parser.parse_args()
    try:
        airflow = Airflow(f"http://{LOOPBACK}:{given.port}", password(given.home))
        airflow.dags()
    except (OSError, KeyError) as error:
        print(f"no Airflow answers at http://{LOOPBACK}:{given.port} ({error}): run make airflow first")
        return 1
    return run_chain(airflow, f"demo-{time.strftime('%Y%m%dt%H%M%Sz', time.gmtime())}")


def run_chain(airflow: Airflow, crawl_id: str) -> int:
    """Crawl, and follow that crawl through the chain; prints a line for each task."""
    started = time.monotonic()
    before = {dag_id: set(airflow.runs(dag_id)) for dag_id in CHAIN}
    for dag_id in CHAIN:
        airflow.pause(dag_id, is_paused=False)
    airflow.trigger("crawl_cycle", {"demo": True, "crawl_id": crawl_id})
    print(f"crawl_id {crawl_id}", flush=True)
    for dag_id in CHAIN:
        run_id = _run_of(airflow, dag_id, crawl_id, before[dag_id], patience=started + PATIENCE_SECONDS)
        if run_id is None:
            print(f"{dag_id}: no finished run for crawl {crawl_id} after {time.monotonic() - started:.0f} s")
            return 1
        _print_tasks(airflow, dag_id, run_id)
        if airflow.runs(dag_id)[run_id] != "success":
            print(f"{dag_id} failed: the log of its red task ends with what to do ({airflow.url}/dags/{dag_id})")
            return 1
    print(f"the chain is green after {time.monotonic() - started:.0f} s: serving/authority.duckdb in the lake is built")
    return 0


def _run_of(airflow: Airflow, dag_id: str, crawl_id: str, before: set[str], *, patience: float) -> str | None:
    """The finished run of a DAG that worked on the crawl."""
    first = "crawl" if dag_id == "crawl_cycle" else "next_crawl"
    while time.monotonic() < patience:
        for run_id, state in airflow.runs(dag_id).items():
            if run_id in before or state not in ("success", "failed"):
                continue
            if state == "failed" or airflow.receipt(dag_id, run_id, first).get("crawl_id") == crawl_id:
                return run_id
        time.sleep(1)
    return None


def _print_tasks(airflow: Airflow, dag_id: str, run_id: str) -> None:
    for task in sorted(airflow.tasks(dag_id, run_id), key=lambda t: t["start_date"] or ""):
        receipt = airflow.receipt(dag_id, run_id, task["task_id"])
        name = f"{dag_id}.{task['task_id']}"
        print(
            f"{name:<40} {task['state']:<8} {receipt.get('outcome', ''):<10} "
            f"task_seconds={task['duration'] or 0:.1f} command_seconds={receipt.get('seconds', 0):.1f} "
            f"peak_rss_mib={receipt.get('peak_rss_bytes', 0) >> 20} rows_out={receipt.get('rows', {}).get('out', 0):,}",
            flush=True,
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except urllib.error.HTTPError as error:
        print(f"Airflow refused {error.url}: {error.reason}")
        sys.exit(1)
