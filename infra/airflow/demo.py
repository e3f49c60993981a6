"""Unpause the chain in a running Airflow, crawl the built-in web with it, and wait until the serving file is there."""

import argparse
import sys
import time
import urllib.error
from pathlib import Path

from api import Airflow
from chain import ChainBroken, send
from serve import LOOPBACK, ROOT, password


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
    print(f"crawl_id {crawl_id}", flush=True)
    try:
        for end in send(airflow, "crawl_cycle", {"demo": True, "crawl_id": crawl_id}, crawl_id):
            print(
                f"{end.dag_id + '.' + end.task_id:<40} {end.state:<8} {end.receipt.get('outcome', ''):<10} "
                f"task_seconds={end.seconds:.1f} command_seconds={end.receipt.get('seconds', 0):.1f} "
                f"peak_rss_mib={end.peak_rss_mib} rows_out={end.receipt.get('rows', {}).get('out', 0):,}",
                flush=True,
            )
    except ChainBroken as error:
        print(f"after {time.monotonic() - started:.0f} s: {error}")
        return 1
    print(f"the chain is green after {time.monotonic() - started:.0f} s: serving/authority.duckdb in the lake is built")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except urllib.error.HTTPError as error:
        print(f"Airflow refused {error.url}: {error.reason}")
        sys.exit(1)
