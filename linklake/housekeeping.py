"""Keeps a lake tidy: receipts in few files, nothing left of what kills broke off; published tables stay as they are."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from linklake.receipts import Clock, Receipt
from schemas.catalog import dataset as dataset_named
from schemas.errors import LinklakeError
from schemas.lake import CODE_VERSION, Change, Lake, Staged, StagingArea, now, remove_if_dead
from schemas.ledger import Partition, PartitionKey, Snapshot
from schemas.upkeep import LEAST_AGE, temporary_files, unfinished_attempts, unnamed_archives, unnamed_files

WORTH_MERGING: Final = 8
"""Partitions of one run each that a crawl has at least before they become one."""

_NUMBERS: Final = (
    "merged_files", "written_files", "deleted_files", "deleted_bytes", "deleted_attempts", "older_files", "older_bytes",
)  # fmt: skip


def housekeeping(lake: Lake, *, at: datetime, dry_run: bool = False) -> Receipt:
    """Merge small partitions, then remove what nothing has named for a day; with ``dry_run`` only count.

    What is removed is never named by any version that the log retains, so that readers of old versions keep theirs.

    Raises:
        LakeError: the log cannot be read; no file that it may name was removed then.
        Conflict: another housekeeping merged the same at the same time.
    """
    clock, before = Clock(), at - LEAST_AGE
    rows = Counter(_merge(lake, dry_run=dry_run))
    for folder in unfinished_attempts(lake, before=before):  # first: their files are unnamed from then on
        rows["deleted_attempts"] += dry_run or remove_if_dead(folder)
    unnamed = (look(lake, before=before) for look in (unnamed_files, unnamed_archives, temporary_files))
    for path in chain.from_iterable(list(unnamed)):
        rows += Counter(deleted_files=1, deleted_bytes=path.stat().st_size if path.exists() else 0)
        if not dry_run:
            path.unlink(missing_ok=True)
    is_changed = any(rows.values()) and not dry_run
    rows.update(_kept_for_older_versions(lake))
    receipt = Receipt(
        "housekeeping",
        None,
        "built" if is_changed else "unchanged",
        published=not dry_run,
        rows={name: rows[name] for name in _NUMBERS},
        message=_told(rows, dry_run=dry_run),
        commit=lake.snapshot().number,
    )
    return clock.stamp(receipt)


def _told(rows: Mapping[str, int], *, dry_run: bool) -> str:
    merged, deleted = ("would merge", "would delete") if dry_run else ("merged", "deleted")
    return (
        f"{merged} {rows['merged_files']} small files into {rows['written_files']}, {deleted} {rows['deleted_files']} "
        f"files ({rows['deleted_bytes']:,} bytes) and {rows['deleted_attempts']} attempts; {rows['older_files']} files "
        f"({rows['older_bytes']:,} bytes) are kept for older versions"
    )


def _kept_for_older_versions(lake: Lake) -> dict[str, int]:
    newest = {f.path for p in lake.snapshot().partitions.values() for f in p.files}
    every = {f.path: f.bytes for commit in lake.commits() for p in commit.added for f in p.files}
    older = [size for path, size in every.items() if path not in newest]
    return {"older_files": len(older), "older_bytes": sum(older)}


# -------------------------------------------------------------------- merging


def _merge(lake: Lake, *, dry_run: bool) -> dict[str, int]:
    """Partitions of one run each (``stage_runs``) become one for each crawl, all in one commit."""
    groups = _mergeable(lake)
    old = [p for group in groups.values() for p in group]
    if old and not dry_run:
        with lake.stage_area("housekeeping", "all") as area:
            _publish(lake, area, old, [_merged(lake, area, key, group) for key, group in groups.items()])
        lake.refresh_sql()
    return {"merged_files": sum(len(p.files) for p in old), "written_files": len(groups)} if old else {}


def _publish(lake: Lake, area: StagingArea, old: Sequence[Partition], new: Sequence[tuple[Partition, Path]]) -> None:
    reads = {str(p.key): p.version for p in old}
    staged = Staged(area.stage, area.crawl_id, area.attempt, now().isoformat(), reads, (), {})

    def change(found: Snapshot) -> Change:
        lake.fence(found, staged)
        added = tuple(replace(p, version=found.number + 1) for p, _ in new)
        return Change(reads=reads, added=added, removed=tuple(p.key for p in old))

    origins = {p.files[0].path: path for p, path in new}
    lake.change(staged, change, more=[p for p, _ in new], more_from=origins)


def _mergeable(lake: Lake) -> dict[tuple[str, str], list[Partition]]:
    """Sound partitions whose slot is the attempt that wrote them, by dataset and crawl, where there are enough.

    Those of ``rejected_records`` are not: their slot is their stage, which looks for them under that name.
    """
    groups = defaultdict(list)
    for key, partition in sorted(lake.snapshot().partitions.items()):
        if key.slot == partition.attempt and not lake.damage(partition):
            groups[key.dataset, key.crawl_id].append(partition)
    return {key: group for key, group in groups.items() if len(group) >= WORTH_MERGING}


def _merged(lake: Lake, area: StagingArea, key: tuple[str, str], group: Sequence[Partition]) -> tuple[Partition, Path]:
    """One partition with the rows of all of them, and its file in the staging area.

    Raises:
        LinklakeError: what was written is not what was read.
    """
    dataset, crawl_id = dataset_named(key[0]), key[1]
    files = [lake.path(file) for partition in group for file in partition.files]
    tables = (pq.read_table(path, partitioning=None) for path in files)
    every = pa.concat_tables(tables, promote_options="default")
    lacking = [field for field in dataset.physical_schema if field.name not in every.column_names]
    for field in lacking:  # a column that is newer than all of these files
        every = every.append_column(field, pa.nulls(every.num_rows, field.type))
    rows = every.select(dataset.physical_schema.names).cast(dataset.physical_schema)
    rows = rows.sort_by([(name, "ascending") for name in (*dataset.sort_by, *dataset.key) if name != "crawl_id"])
    path = area.folder / dataset.name / f"part-{area.attempt}-{crawl_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="zstd", compression_level=3)
    if not pq.read_table(path, partitioning=None).equals(rows):
        raise LinklakeError(f"the merged {dataset.name} of crawl {crawl_id} cannot be read back: nothing was changed")
    partition = Partition(
        key=PartitionKey(dataset.name, crawl_id, area.attempt),
        stage="housekeeping",
        attempt=area.attempt,
        stage_version=1,
        schema_version=dataset.schema_version,
        code_version=CODE_VERSION,
        files=(lake.seal(path, dataset, crawl_id, 0),),
    )
    return partition, path
