"""Ingest web archives and build everything from them through a fresh Airflow; print a table of what each task took."""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api import Airflow
from chain import ChainBroken, TaskEnd, send
from serve import LOOPBACK, ROOT, password

CRAWL_ID: Final = "bench"


def main() -> int:
    """Run the chain in a folder of its own; 0 when it was green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", nargs="+", type=Path, help="web archives")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "airflow", help="made anew: lake and home")
    given = parser.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    archives = [str(path.absolute()) for path in given.archives]
    with _airflow(given.folder) as airflow:
        started, ends = time.monotonic(), []
        try:
            for end in send(airflow, "ingest_archives", {"archive_sets": {CRAWL_ID: archives}}, CRAWL_ID):
                ends.append(end)
                print(f"{end.dag_id}.{end.task_id} {end.state}", file=sys.stderr, flush=True)
        except ChainBroken as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            print(table(ends))
    mib = sum(Path(a).stat().st_size for a in archives) >> 20
    print(f"\n{len(archives)} archives, {mib} MiB, {os.cpu_count()} cores: {time.monotonic() - started:.0f} s in all")
    return 0


def table(ends: list[TaskEnd]) -> str:
    """A row for each task: its time by Airflow's clock, and time, memory and rows of its command by the receipt."""
    lines = ["| task | outcome | task s | command s | peak RSS MiB | rows out |", "|---|---|--:|--:|--:|--:|"]
    for end in ends:
        receipt = end.receipt
        lines.append(
            f"| `{end.dag_id}.{end.task_id}` | {receipt.get('outcome', end.state)} | {end.seconds:.1f} | "
            f"{receipt.get('seconds', 0):.1f} | {end.peak_rss_mib} | {receipt.get('rows', {}).get('out', 0):,} |"
        )
    return "\n".join(lines)


@contextmanager
def _airflow(folder: Path) -> Iterator[Airflow]:
    """An Airflow of its own on a free port, stopped at the end."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    home = folder / "home"
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), "--home", str(home), "--port", str(port)]
    environment = os.environ | {"LINKLAKE_LAKE": str(folder / "lake")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            line = serving.stdout.readline()
            if not line.startswith("Airflow answers"):
                sys.exit(f"Airflow did not start: {line}{serving.stdout.read()}")
            print(line, file=sys.stderr, end="", flush=True)
            yield Airflow(f"http://{LOOPBACK}:{port}", password(home))
        finally:
            serving.terminate()
            serving.communicate()


if __name__ == "__main__":
    sys.exit(main())
