"""What gates stopped: what lies in quarantine, since when, by which rules, and the commands that end it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow.parquet as pq

from linklake.findings import Fact, finding_of, mending_command, worded
from linklake.pipeline import is_committed, run_command
from linklake.receipts import Clock, Receipt, record_run
from schemas.errors import NotPublished
from schemas.lake import Lake, Staged
from schemas.ledger import Snapshot
from transforms.stage import Stage


@dataclass(frozen=True, slots=True)
class Held:
    """A stopped attempt; ``is_stale`` when its inputs have changed since, so that it can't be released any more."""

    staged: Staged
    since: datetime
    findings: tuple[Fact, ...]
    is_stale: bool


def quarantined(lake: Lake, snapshot: Snapshot, crawl_id: str | None = None) -> Iterator[Held]:
    """What lies in quarantine (for that crawl), oldest first."""
    for staged in lake.quarantined(crawl_id=crawl_id):
        if is_committed(snapshot, staged):
            continue  # released; its process died before it could clean up
        since, findings = lake.stopped(staged)
        yield Held(staged, datetime.fromisoformat(since), tuple(findings), lake.is_stale(snapshot, staged))


def discard(lake: Lake, stage: Stage, crawl_id: str, *, by: str, reason: str) -> Receipt:
    """Throw away what lies in quarantine; the stage is then built again by whatever builds next.

    Raises:
        NotPublished: nothing of the stage lies there.
        Conflict: another process is at work on it.
    """
    clock = Clock()
    attempts = lake.quarantined(stage.name, crawl_id)
    if not attempts:
        raise NotPublished(f"nothing of {stage.name} for crawl {crawl_id} lies in quarantine: see linklake status")
    message = f"discarded by {by}: {reason}"
    next_ = run_command(stage.name, crawl_id)
    rows = dict(attempts[-1].receipt["rows"])
    receipt = Receipt(stage.name, crawl_id, "discarded", published=False, rows=rows, message=message, next=next_)
    for staged in attempts:
        with lake.claimed(staged):
            if staged is attempts[-1]:  # first on record, then gone: a kill in between leaves it to be discarded again
                record_run(lake, clock.stamp(receipt), clock)
            lake.discard(staged)
    return clock.stamp(receipt)


def stopped_lines(held: Held) -> Iterator[str]:
    """What lies in quarantine, for a person: a line for it and one for each rule."""
    staged, rows = held.staged, sum(p.rows for p in held.staged.partitions)
    stale = "; its inputs have changed since, it can only be built again" if held.is_stale else ""
    where = f"{staged.stage} for crawl {staged.crawl_id}"
    yield f"quarantined: {where} since {held.since:%Y-%m-%d %H:%M:%S}Z, {rows:,} rows{stale}"
    for fact in held.findings:
        if fact["severity"] == "stop":
            yield f"quarantined: {where}: {worded(fact)}"


def ending_commands(held: Held) -> tuple[str, str]:
    """The command that releases it (or builds it again, where nobody may release it), and the one that discards it."""
    stage, crawl_id = held.staged.stage, held.staged.crawl_id
    stops = [finding_of(fact) for fact in held.findings if fact["severity"] == "stop" and not fact["accepted"]]
    release = run_command(stage, crawl_id) if held.is_stale else mending_command(stage, crawl_id, stops)
    return release, f"linklake gate {stage} --crawl-id {crawl_id} --discard --reason WHY"


def published_findings(lake: Lake, snapshot: Snapshot, crawl_id: str) -> Iterator[str]:
    """A line for every rule that what is published of a crawl breaks: warnings, and what was accepted."""
    attempts = {p.attempt for k, p in snapshot.partitions.items() if k.crawl_id == crawl_id and k.slot != p.attempt}
    for partition in snapshot.of("gate_findings", crawl_id):
        rows = (row for file in partition.files for row in pq.read_table(lake.path(file)).to_pylist())
        for row in (row for row in rows if row["attempt"] in attempts):
            what = "accepted" if row["accepted_by"] else "warning"
            let = f" (by {row['accepted_by']}: {row['accepted_reason']})" if row["accepted_by"] else ""
            such = f", such as {'; '.join(row['examples'])}" if row["examples"] else ""
            where = f"{row['stage']} for crawl {crawl_id}"
            yield f"{what}: {where}: {row['dataset']}.{row['rule']}: {row['detail']}{such}{let}"
