"""What a command leaves behind when it ends: one JSON line, a row of stage_runs, and what its gate found."""

import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.dataset import Dataset
from schemas.datasets.gate_findings import GATE_FINDINGS
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
    findings: tuple[dict[str, Any], ...] = ()
    """What the gate found, see ``linklake.findings``."""

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


def records(lake: Lake, area: StagingArea, receipt: Receipt, clock: Clock) -> tuple[list[Partition], dict[str, Path]]:
    """The receipt as a partition of stage_runs, its findings as one of gate_findings; files lie in the staging area."""
    run = {
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
        "next_command": receipt.next,
        "code_version": CODE_VERSION,
        "bucket": 0,
    }
    written = [_record(lake, area, receipt, STAGE_RUNS, [run])]
    if receipt.findings:
        found = [_finding_row(area, receipt, fact) for fact in receipt.findings]
        written.append(_record(lake, area, receipt, GATE_FINDINGS, found))
    return [partition for partition, _ in written], {partition.files[0].path: path for partition, path in written}


def _finding_row(area: StagingArea, receipt: Receipt, fact: Mapping[str, Any]) -> dict[str, Any]:
    accepted = fact["accepted"] or {}
    return {
        "crawl_id": area.crawl_id,
        "stage": receipt.stage,
        "attempt": area.attempt,
        "dataset": fact["dataset"],
        "rule": fact["rule"],
        "severity": fact["severity"],
        "failed_count": fact["failed"],
        "detail": fact["detail"],
        "examples": list(fact["examples"]),
        "accepted_by": accepted.get("by"),
        "accepted_reason": accepted.get("reason"),
        "found_at": now(),
        "bucket": 0,
    }


def _record(
    lake: Lake, area: StagingArea, receipt: Receipt, dataset: Dataset, rows: Sequence[Mapping[str, Any]]
) -> tuple[Partition, Path]:
    path = area.folder / "receipt" / dataset.name / f"part-{area.attempt}-00.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=dataset.physical_schema), path)
    file: File = lake.seal(path, dataset, area.crawl_id, 0)
    partition = Partition(
        key=PartitionKey(dataset.name, area.crawl_id, area.attempt),
        stage=receipt.stage,
        attempt=area.attempt,
        stage_version=1,
        schema_version=dataset.schema_version,
        code_version=CODE_VERSION,
        files=(file,),
    )
    return partition, path


def record_run(lake: Lake, receipt: Receipt, clock: Clock) -> None:
    """Keep a run that publishes nothing in stage_runs."""
    assert receipt.crawl_id is not None
    # Nothing of it waits for a gate: it has no manifest, and is gone however this ends.
    with lake.stage_area("receipts", receipt.crawl_id) as area:
        kept, files = records(lake, area, receipt, clock)
        staged = Staged(area.stage, area.crawl_id, area.attempt, now().isoformat(), {}, (), {})
        lake.publish(staged, more=kept, more_from=files)


def record_failure(root: Path, receipt: Receipt, clock: Clock) -> None:
    """Keep a failed run in stage_runs, for ``linklake status``; a lake that cannot take it is left alone."""
    if receipt.crawl_id is None or receipt.outcome == "no_input":
        return
    try:
        lake = Lake.open(root)
        if lake.snapshot().find("crawls", receipt.crawl_id):
            record_run(lake, receipt, clock)
    except (LinklakeError, OSError):
        return
