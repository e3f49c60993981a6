"""What a command leaves behind when it ends: one JSON line, and a row of stage_runs."""

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.datasets.stage_runs import STAGE_RUNS
from schemas.errors import LinklakeError
from schemas.lake import CODE_VERSION, Lake, Staged, StagingArea, now
from schemas.ledger import File, Partition, PartitionKey


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a command or stage ended; field by field what DESIGN §4 asks for."""

    stage: str
    crawl_id: str | None
    outcome: str
    published: bool
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    peak_rss_bytes: int = 0
    next: str | None = None
    message: str | None = None
    commit: int | None = None
    """A version of the lake that holds what is published."""
    code_version: str = CODE_VERSION

    def print(self, path: Path | None = None) -> None:
        """Write it as the very last line of either stream, and to a file where asked."""
        line = json.dumps(asdict(self))
        sys.stderr.flush()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if path:
            path.write_text(line + "\n", encoding="utf-8")


class Clock:
    """Measures a run: wall time and the largest resident memory of this process so far."""

    def __init__(self) -> None:
        self.started_at: datetime = now()
        self._started = time.monotonic()

    def stamp(self, receipt: Receipt) -> Receipt:
        """The receipt with time and memory filled in."""
        return replace(receipt, seconds=self.seconds, peak_rss_bytes=peak_rss())

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return round(time.monotonic() - self._started, 3)


def peak_rss() -> int:
    """Largest resident memory of this process and of finished children, in bytes (Linux counts KiB)."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(own, children) * 1024


def stage_run(lake: Lake, area: StagingArea, receipt: Receipt, clock: Clock) -> tuple[Partition, dict[str, Path]]:
    """The receipt as a partition of stage_runs, its file written to the staging area."""
    row = {
        "crawl_id": area.crawl_id,
        "stage": receipt.stage,
        "attempt": area.attempt,
        "outcome": receipt.outcome,
        "is_published": receipt.published,
        "rows_in": receipt.rows.get("in", 0),
        "rows_out": receipt.rows.get("out", 0),
        "rows_rejected": receipt.rows.get("rejected", 0),
        "started_at": clock.started_at,
        "duration_seconds": receipt.seconds,
        "peak_rss_bytes": receipt.peak_rss_bytes,
        "message": receipt.message,
        "code_version": CODE_VERSION,
        "bucket": 0,
    }
    path = area.folder / "receipt" / f"part-{area.attempt}-00.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row], schema=STAGE_RUNS.physical_schema), path)
    file: File = lake.seal(path, STAGE_RUNS, area.crawl_id, 0)
    partition = Partition(
        key=PartitionKey(STAGE_RUNS.name, area.crawl_id, area.attempt),
        stage=receipt.stage,
        attempt=area.attempt,
        stage_version=1,
        schema_version=STAGE_RUNS.schema_version,
        code_version=CODE_VERSION,
        files=(file,),
    )
    return partition, {file.path: path}


def record_failure(root: Path, receipt: Receipt, clock: Clock) -> None:
    """Keep a failed run in stage_runs, for ``linklake status``; a lake that cannot take it is left alone."""
    if receipt.crawl_id is None or receipt.outcome == "no_input":
        return
    try:
        lake = Lake.open(root)
        if lake.snapshot().find("crawls", receipt.crawl_id) is None:
            return
        # Nothing of it waits for a gate: it has no manifest, and is gone however this ends.
        with lake.stage_area("receipts", receipt.crawl_id) as area:
            row, files = stage_run(lake, area, receipt, clock)
            staged = Staged(area.stage, area.crawl_id, area.attempt, now().isoformat(), {}, (), {})
            lake.publish(staged, more=(row,), more_from=files)
    except (LinklakeError, OSError):
        return
