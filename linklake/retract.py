"""Withdraws what was published and all that was built from it, in one commit, and puts it back (ADR 0008)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from linklake.config import Settings
from linklake.pipeline import STAGES, known_crawl, pending
from linklake.receipts import Clock, Receipt, records
from linklake.runs import refresh_serving
from schemas.catalog import dataset as dataset_named
from schemas.errors import Conflict, Misuse, NotPublished
from schemas.lake import Change, Lake, Staged, now
from schemas.ledger import Partition, PartitionKey, Retraction, Snapshot

RECORDS: Final = ("stage_runs", "gate_findings")
"""What happened stays on record, whatever becomes of what it made."""


def retract(lake: Lake, settings: Settings, name: str, crawl_id: str, *, by: str, reason: str) -> Receipt:
    """Withdraw a dataset (or stage) of a crawl with what was published together with it and what was built from it.

    Serving falls back to the newest marts that remain; later crawls that lost theirs can be built again without it.
    Repeated, it finishes what a killed call has left.

    Raises:
        UnknownName, Misuse: no such dataset or crawl, or a dataset that is no stage's to withdraw.
        NotPublished: nothing of it is published.
        Conflict: it was published anew meanwhile.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    key = key_of(name, crawl_id)
    if (earlier := snapshot.retraction_of(key)) and key in earlier.roots:
        _show(lake, settings)
        message = f"{key.dataset} for crawl {crawl_id} is retracted already: {_undoing(earlier.number)}"
        receipt = Receipt(earlier.partitions[0].stage, crawl_id, "unchanged", published=False, message=message)
        return clock.stamp(replace(receipt, commit=snapshot.number))
    known_crawl(lake, snapshot, crawl_id)
    roots = _published_with(snapshot, key)
    if not roots:
        raise NotPublished(f"nothing of {name} is published for crawl {crawl_id}: {_why_not(lake, snapshot, key)}")
    said = {"roots": [str(p.key) for p in roots], "by": by, "reason": reason}

    def change(newest: Snapshot) -> Change:
        if any(newest.partitions.get(p.key) != p for p in roots):
            raise Conflict(
                f"{name} for crawl {crawl_id} was published anew meanwhile; nothing was withdrawn: look again"
            )
        gone = built_from(newest, roots)
        reads = {str(p.key): p.version for p in gone}
        return Change(reads=reads, removed=tuple(p.key for p in gone), notes={"retracted": said})

    gone = built_from(snapshot, roots)
    rows = {"partitions": len(gone), "withdrawn": sum(p.rows for p in gone)}
    message = f"retracted by {by}: {reason}"
    receipt = Receipt(roots[0].stage, crawl_id, "retracted", published=False, rows=rows, message=message)
    after = _recorded(lake, replace(receipt, next="linklake status"), clock, change)
    _show(lake, settings)
    crawls = sorted({p.key.crawl_id for p in gone})
    message = f"withdrew {len(gone)} partitions of {', '.join(crawls[:5])}: {_undoing(after.number)}"
    next_ = "linklake build" if _is_pending(lake, after) else "linklake status"
    return clock.stamp(replace(receipt, message=message, next=next_, commit=after.number))


def undo(lake: Lake, settings: Settings, number: int, *, by: str, reason: str) -> Receipt:
    """Put back what a retraction withdrew: the very same files under the very same versions.

    What was built from it and has other inputs by now is left to be built again.

    Raises:
        Misuse: the commit is no retraction.
        Conflict: what it withdrew was built anew, or rests on what has changed or is retracted too.
        DamagedFile: a file is missing or altered.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    retraction = next((r for r in snapshot.retractions if r.number == number), None)
    if retraction is None:
        return _undone_already(lake, settings, snapshot, number, clock)
    for partition in retraction.partitions:
        lake.verify(partition)
    said = {"commit": number, "by": by, "reason": reason}

    def change(newest: Snapshot) -> Change:
        if retraction not in newest.retractions:
            raise Conflict(
                f"commit {number} was undone, or what it withdrew built anew, meanwhile: see linklake status"
            )
        back = restorable(newest, retraction)
        found = {p.key: newest.partitions.get(p.key) for p in back}
        reads = {str(key): p.version if p else 0 for key, p in found.items()}
        return Change(reads=reads, added=back, notes={"restored": said})

    back = restorable(snapshot, retraction)
    root = back[0]
    rows = {"partitions": len(back), "restored": sum(p.rows for p in back)}
    message = f"commit {number} undone by {by}" + (f": {reason}" if reason else "")
    receipt = Receipt(root.stage, root.key.crawl_id, "restored", published=True, rows=rows, message=message)
    after = _recorded(lake, replace(receipt, next="linklake status"), clock, change)
    _show(lake, settings)
    left = len(retraction.partitions) - len(back)
    others = f"; {left} have other inputs by now and are left to be built again" if left else ""
    next_ = "linklake build" if _is_pending(lake, after) else "linklake status"
    message = f"put back {len(back)} partitions{others}"
    return clock.stamp(replace(receipt, message=message, next=next_, commit=after.number))


def built_from(snapshot: Snapshot, roots: Sequence[Partition]) -> tuple[Partition, ...]:
    """The partitions themselves and, transitively, every partition built from these versions of them."""
    found = {p.key: p for p in roots}
    versions = {str(p.key): str(p.version) for p in roots}
    is_growing = True
    while is_growing:
        more = [p for k, p in snapshot.partitions.items() if k not in found and _reads_any(p, versions)]
        found |= {p.key: p for p in more}
        versions |= {str(p.key): str(p.version) for p in more}
        is_growing = bool(more)
    return tuple(found.values())


def restorable(snapshot: Snapshot, retraction: Retraction) -> tuple[Partition, ...]:
    """What a retraction withdrew and can be put back: all whose inputs are there, or come back with it.

    Raises:
        Conflict: what was retracted itself is not among it.
    """
    there = {str(k): str(p.version) for k, p in snapshot.partitions.items()}
    back = {p.key: p for p in retraction.partitions}
    is_shrinking = True
    while is_shrinking:
        versions = there | {str(p.key): str(p.version) for p in back.values()}
        lacking = [p for p in back.values() if not _has_inputs(p, versions)]
        for partition in lacking:
            del back[partition.key]
        is_shrinking = bool(lacking)
    for key in retraction.roots:
        if key not in back:
            withdrawn = retraction.find(key)
            assert withdrawn is not None
            raise Conflict(f"{key} cannot be put back: {_lack(snapshot, withdrawn)}")
    return tuple(back.values())


def retraction_lines(snapshot: Snapshot, crawl_id: str | None) -> Iterator[str]:
    """A line for every retraction that can be undone."""
    for retraction in snapshot.retractions:
        root = retraction.roots[0]
        if crawl_id in (None, root.crawl_id):
            names = ", ".join(key.dataset for key in retraction.roots)
            yield (
                f"retracted: {names} for crawl {root.crawl_id} at {retraction.at[:19]}Z by {retraction.by}: "
                f"{retraction.reason} ({len(retraction.partitions)} partitions; {_undoing(retraction.number)})"
            )


def key_of(name: str, crawl_id: str) -> PartitionKey:
    """The partition of a crawl that a dataset's or a stage's name means.

    Raises:
        UnknownName: there is no such dataset or stage.
        Misuse: it is a record, or written by several stages.
    """
    stage = next((s for s in STAGES if s.name == name), None)
    dataset = dataset_named(stage.outputs[0] if stage else name)
    if dataset.name in RECORDS:
        raise Misuse(f"{name} is a record of what happened: it stays")
    if dataset.writers == "many":
        raise Misuse(f"{name} goes with what was made in the same run: retract that")
    return PartitionKey(dataset.name, crawl_id)


# -------------------------------------------------------------------- inside


def _published_with(snapshot: Snapshot, key: PartitionKey) -> tuple[Partition, ...]:
    """The partition and those that the same run published; that one first."""
    root = snapshot.partitions.get(key)
    if root is None:
        return ()
    others = (p for k, p in snapshot.partitions.items() if k != key and p.attempt == root.attempt)
    return (root, *(p for p in others if p.key.dataset not in RECORDS and p.key.crawl_id == key.crawl_id))


def _recorded(lake: Lake, receipt: Receipt, clock: Clock, change: Callable[[Snapshot], Change]) -> Snapshot:
    """Commit a change with its row of stage_runs."""
    assert receipt.crawl_id is not None
    with lake.stage_area("receipts", receipt.crawl_id) as area:
        kept, files = records(lake, area, clock.stamp(receipt), clock)
        staged = Staged(area.stage, area.crawl_id, area.attempt, now().isoformat(), {}, (), {})

        def with_record(newest: Snapshot) -> Change:
            said = change(newest)
            return replace(said, added=(*said.added, *(replace(p, version=newest.number + 1) for p in kept)))

        return lake.change(staged, with_record, more=kept, more_from=files)


def _show(lake: Lake, settings: Settings) -> None:
    lake.refresh_sql()
    refresh_serving(lake, settings)


def _undone_already(lake: Lake, settings: Settings, snapshot: Snapshot, number: int, clock: Clock) -> Receipt:
    listed = ", ".join(str(r.number) for r in snapshot.retractions) or "none"
    if not 0 < number <= snapshot.number or "retracted" not in (commit := lake.commit(number)).notes:
        raise Misuse(f"commit {number} is no retraction: those that can be undone are {listed}")
    roots = [PartitionKey.parse(text) for text in commit.notes["retracted"]["roots"]]
    found = [snapshot.partitions.get(key) for key in roots]
    if any(p is None or p.version > number for p in found):
        raise Conflict(f"what commit {number} withdrew was built anew since: there is nothing to put back")
    _show(lake, settings)
    message = f"commit {number} is undone already"
    receipt = Receipt(str(found[0] and found[0].stage), roots[0].crawl_id, "unchanged", published=True, message=message)
    return clock.stamp(replace(receipt, commit=snapshot.number))


def _why_not(lake: Lake, snapshot: Snapshot, key: PartitionKey) -> str:
    if any(p.key == key for s in lake.quarantined(crawl_id=key.crawl_id) for p in s.partitions):
        return "it lies in quarantine, see linklake status"
    if withdrawing := snapshot.retraction_of(key):
        return f"it went with {withdrawing.roots[0]}, {_undoing(withdrawing.number)}"
    return "there is nothing to withdraw"


def _lack(snapshot: Snapshot, partition: Partition) -> str:
    for text, version in partition.inputs.items():
        for retraction in snapshot.retractions:
            if any((str(p.key), str(p.version)) == (text, version) for p in retraction.partitions):
                return f"it was built from {text}, which is retracted too: undo commit {retraction.number} first"
    return f"its inputs have changed since: run linklake run {partition.stage} --crawl-id {partition.key.crawl_id}"


def _has_inputs(partition: Partition, versions: Mapping[str, str]) -> bool:
    """Whether its inputs are those of the lake; what was observed or imported rests on nothing in the lake."""
    return all(versions.get(k) == v for k, v in partition.inputs.items() if k != "_observing")


def _reads_any(partition: Partition, versions: Mapping[str, str]) -> bool:
    return any(versions.get(k) == v for k, v in partition.inputs.items())


def _is_pending(lake: Lake, snapshot: Snapshot) -> bool:
    return any(next(pending(lake, snapshot, [stage]), None) for stage in STAGES[1:])


def _undoing(number: int) -> str:
    return f"linklake retract --undo {number} puts it back"
