"""Where everything lies: immutable Parquet files under one commit log.

A commit is one JSON file, ``_log/<n>.json``. Version n+1 comes into being by ``os.link`` of a finished, fsynced file:
exactly one writer can win a number. A commit names the partition versions that it had read and is refused when one of
them changed since: that is the fence against zombies. Readers pin a version and see one consistent lake.
See ADR 0002.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow.parquet as pq

from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.durable import file_sha256, fsync_path, locked, write_durably, write_synced
from schemas.errors import Conflict, DamagedFile, LakeError, Misuse, NewerLake, UnknownName
from schemas.ledger import (
    Commit,
    File,
    Partition,
    PartitionKey,
    Retraction,
    Snapshot,
    partition_from_json,
    partition_to_json,
    replay,
)
from schemas.render import lake_sql

FORMAT: Final = 1
"""Version of the lake's own layout; a lake with a greater one is refused."""

DEFAULT_BUCKETS: Final = 16
CHECKPOINT_EVERY: Final = 100
FINDINGS: Final = "findings.json"
CODE_VERSION: Final = distribution_version("linklake")

_CRAWL_ID: Final = re.compile(r"(?=.*[a-z])[a-z0-9][a-z0-9.-]{0,62}")
_NEW_LAKE: Final = re.compile(r"_log|_staging|\._lake\.json\..*|lost\+found")
"""What a folder may hold before it is a lake: what a creation cut short leaves, and the root of a fresh volume."""


Room = Literal["_staging", "_quarantine"]
"""Where attempts lie outside every dataset: until their gate, or because it stopped them."""


def reached(point: str, /) -> None:
    """A named point of the write path; tests put a kill here.

    The points, in order: ``part_written``, ``part_fsynced``, then ``before_commit``, ``after_commit`` or, where a gate
    stops the output, ``before_quarantine``, ``after_quarantine``.
    """


def new_attempt() -> str:
    """A fresh name for one attempt: 12 hex digits."""
    return secrets.token_hex(6)


def new_crawl_id(now: datetime) -> str:
    """``<utc time>z-<4 hex>``."""
    return f"{now:%Y%m%dt%H%M%S}z-{secrets.token_hex(2)}"


def check_crawl_id(crawl_id: str) -> str:
    """The id itself.

    Raises:
        Misuse: it is not one (DuckDB would read ``crawl=2026-11-20`` as a date, hence at least one letter).
    """
    if not _CRAWL_ID.fullmatch(crawl_id):
        raise Misuse(f"{crawl_id!r} is no crawl id: use 1-63 of a-z 0-9 . - with at least one letter, such as 2026-w46")
    return crawl_id


def now() -> datetime:
    """The ledger's clock: when something became known, never when it was true."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Staged:
    """Finished output of one attempt of a stage, not published: it waits for its gate, or was stopped there."""

    stage: str
    crawl_id: str
    attempt: str
    created_at: str
    reads: Mapping[str, int]
    partitions: tuple[Partition, ...]
    receipt: Mapping[str, Any]
    room: Room = "_staging"


@dataclass(frozen=True, slots=True)
class StagingArea:
    """Folder of one attempt; holds a lock while the attempt lives."""

    stage: str
    crawl_id: str
    attempt: str
    folder: Path

    def part(self, dataset: str, bucket: int) -> Path:
        """Where to write the part of a bucket."""
        path = self.folder / dataset / f"part-{self.attempt}-{bucket:02d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def temporary(self) -> Path:
        """Room for spilling."""
        return self.folder / "tmp"


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does to the version before it; ``reads`` are the partitions that it rests on."""

    reads: Mapping[str, int]
    added: tuple[Partition, ...] = ()
    removed: tuple[PartitionKey, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


class Lake:
    """One lake on a local folder."""

    def __init__(self, root: Path, *, buckets: int) -> None:
        self.root = root
        self.buckets = buckets

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(cls, root: Path) -> "Lake":
        """Open an existing lake.

        Raises:
            LakeError: there is none, or its description cannot be read.
            NewerLake: a newer linklake wrote it.
        """
        path = root / "_lake.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            format_, by = int(said["format"]), said.get("created_by", "of another version")
            # What a newer format says beside its number is not ours to read.
            buckets = int(said["buckets"]) if format_ <= FORMAT else 0
        except (FileNotFoundError, NotADirectoryError) as error:
            raise LakeError(
                f"there is no lake at {root}: make one with linklake crawl, ingest or import-graph"
            ) from error
        except OSError as error:
            raise LakeError(f"cannot read {path} ({error.strerror}): let this user read the lake") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LakeError(f"{path} is damaged ({error}): restore it from a backup") from error
        if format_ > FORMAT:
            raise NewerLake(
                f"the lake {root} was written by linklake {by} (format {format_}), this is linklake {CODE_VERSION} "
                f"(format {FORMAT}): upgrade linklake"
            )
        if buckets < 1 or buckets & (buckets - 1):
            raise LakeError(f"{path} is damaged (buckets {buckets} is no power of two): restore it from a backup")
        return cls(root, buckets=buckets)

    @classmethod
    def open_or_create(cls, root: Path, *, buckets: int = DEFAULT_BUCKETS) -> "Lake":
        """Open a lake, or make one in a new or empty folder.

        Raises:
            LakeError: the folder holds something else, or cannot be written.
        """
        try:
            strangers = root.exists() and not all(_NEW_LAKE.fullmatch(p.name) for p in root.iterdir())
            # Asked after the folder was listed: another process may be making the same lake.
            if not (root / "_lake.json").exists():
                if strangers:
                    raise LakeError(f"{root} is not empty and no lake: choose another folder with --lake")
                (root / "_log").mkdir(parents=True, exist_ok=True)
                (root / "_staging").mkdir(exist_ok=True)
                said = {"format": FORMAT, "buckets": buckets, "created_by": CODE_VERSION}
                write_durably(root / "_lake.json", json.dumps(said, indent=1) + "\n")
        except OSError as error:
            raise LakeError(
                f"cannot make a lake at {root} ({error.strerror}): choose another folder with --lake"
            ) from error
        return cls.open(root)

    # ---------------------------------------------------------------- reading

    def snapshot(self) -> Snapshot:
        """The lake as of now.

        Raises:
            LakeError: the log has a gap or a line that cannot be read.
            NewerLake: a partition was written under a newer schema.
        """
        newest = self._newest()
        start = self._checkpoint(newest)
        commits = [self._read_commit(n) for n in range(start.number + 1, newest + 1)]
        snapshot = replay(commits, start=start)
        for partition in snapshot.partitions.values():
            if _is_newer(partition):
                raise NewerLake(
                    f"{partition.key} in {self.root} was written by linklake {partition.code_version} with a newer "
                    f"schema, this is linklake {CODE_VERSION}: upgrade linklake"
                )
        return snapshot

    def commit(self, number: int) -> Commit:
        """A version of the lake as it was written.

        Raises:
            LakeError: there is no such version, or it cannot be read.
        """
        return self._read_commit(number)

    def path(self, file: File) -> Path:
        """Where a published file lies."""
        return self.root / file.path

    def verify(self, partition: Partition) -> None:
        """Compare every file of a published partition with its checksum.

        Raises:
            DamagedFile: one is missing or altered.
        """
        if found := self.damage(partition):
            raise DamagedFile(found, partition)

    def damage(self, partition: Partition, *, quick: bool = False) -> str | None:
        """What is wrong with the files of a published partition; ``quick`` looks for missing and cut ones only."""
        for file in partition.files:
            path = self.path(file)
            if not path.exists():
                return f"{path} of {partition.key} is missing"
            if path.stat().st_size != file.bytes:
                return f"{path} of {partition.key} is not what was written (size)"
            if not quick and file_sha256(path) != file.sha256:
                return f"{path} of {partition.key} is not what was written (checksum)"
        return None

    @property
    def serving(self) -> Path:
        """Folder of what BI opens."""
        return self.root / "serving"

    def observing(self, crawl_id: str) -> Path:
        """Folder of observations that are not settled yet: a journal and its parts."""
        return self.root / "_observing" / check_crawl_id(crawl_id)

    def warc(self, crawl_id: str) -> Path:
        """The web archive of a crawl that keeps its answers; it stays when the crawl is settled."""
        return self.root / "_warc" / f"{crawl_id}.warc.gz"

    def unsettled(self) -> tuple[str, ...]:
        """Crawls whose observations are not settled yet."""
        folder = self.root / "_observing"
        return tuple(sorted(p.name for p in folder.iterdir())) if folder.exists() else ()

    # ---------------------------------------------------------------- staging

    @contextmanager
    def stage_area(self, stage: str, crawl_id: str) -> Iterator[StagingArea]:
        """A folder for one attempt, outside every dataset; leftovers of dead attempts are removed first.

        What the attempt has not finished (``finish_staging``) goes with it, however it ends.
        """
        parent = self.root / "_staging" / stage / check_crawl_id(crawl_id)
        attempt = new_attempt()
        folder, making = parent / attempt, parent / f".{attempt}"
        making.mkdir(parents=True)
        with locked(making / "lock"):
            making.rename(folder)  # from here on others see it, and see it locked
            for other in parent.iterdir():
                if not other.name.startswith(".") and not (other / "manifest.json").exists():
                    remove_if_dead(other)
            try:
                yield StagingArea(stage, crawl_id, attempt, folder)
            finally:
                if not (folder / "manifest.json").exists():
                    _remove(folder)

    def seal(self, path: Path, dataset: Dataset, crawl_id: str, bucket: int) -> File:
        """Make a written part durable and describe it; its ``path`` says where it will be published."""
        reached("part_written")
        fsync_path(path)
        reached("part_fsynced")
        metadata = pq.read_metadata(path)
        first, last = _bounds(metadata, dataset)
        return File(
            path=f"{dataset.name}/crawl={crawl_id}/b={bucket:02d}/{path.name}",
            bucket=bucket,
            rows=metadata.num_rows,
            bytes=path.stat().st_size,
            sha256=file_sha256(path),
            first=first,
            last=last,
        )

    def finish_staging(
        self,
        area: StagingArea,
        partitions: Sequence[Partition],
        *,
        reads: Mapping[str, int],
        receipt: Mapping[str, Any],
    ) -> Staged:
        """Write the manifest that makes an attempt's output complete."""
        created_at = now().isoformat()
        staged = Staged(area.stage, area.crawl_id, area.attempt, created_at, dict(reads), tuple(partitions), receipt)
        said = {
            "stage": staged.stage,
            "crawl_id": staged.crawl_id,
            "attempt": staged.attempt,
            "created_at": staged.created_at,
            "reads": dict(reads),
            "partitions": [partition_to_json(p) for p in partitions],
            "receipt": dict(receipt),
        }
        for folder in {p.parent for p in area.folder.rglob("*.parquet")}:
            fsync_path(folder)
        write_durably(area.folder / "manifest.json", json.dumps(said))
        return staged

    def staged(self, stage: str | None = None, crawl_id: str | None = None) -> tuple[Staged, ...]:
        """Complete staged output that waits for its gate, newest last.

        Raises:
            LakeError: a manifest cannot be read.
        """
        return self._attempts("_staging", stage, crawl_id)

    def quarantined(self, stage: str | None = None, crawl_id: str | None = None) -> tuple[Staged, ...]:
        """Staged output that a gate stopped, newest last.

        Raises:
            LakeError: a manifest cannot be read.
        """
        return self._attempts("_quarantine", stage, crawl_id)

    def _attempts(self, room: Room, stage: str | None, crawl_id: str | None) -> tuple[Staged, ...]:
        found = []
        for path in (self.root / room).glob(f"{stage or '*'}/{crawl_id or '*'}/*/manifest.json"):
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
                said["partitions"] = tuple(partition_from_json(p) for p in said["partitions"])
                found.append(Staged(**said, room=room))
            except FileNotFoundError:
                continue  # published or discarded this moment
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise LakeError(f"{path} is damaged ({error}): remove {path.parent} and run its stage again") from error
        return tuple(sorted(found, key=lambda s: (s.created_at, s.attempt)))

    def staged_path(self, staged: Staged, file: File) -> Path:
        """Where a file of staged output lies now: in staging, or already in place after an interrupted publication."""
        waiting = self._attempt_folder(staged) / file.path.split("/")[0] / Path(file.path).name
        return waiting if waiting.exists() else self.root / file.path

    def area_of(self, staged: Staged) -> StagingArea:
        """The folder of staged output, to add to it."""
        return StagingArea(staged.stage, staged.crawl_id, staged.attempt, self._attempt_folder(staged))

    @contextmanager
    def claimed(self, staged: Staged) -> Iterator[StagingArea]:
        """Staged output, held against every other process.

        Raises:
            Conflict: another process holds it, or has just published or discarded it.
        """
        area = self.area_of(staged)
        with ExitStack() as stack:
            try:
                is_ours = stack.enter_context(locked(area.folder / "lock"))
            except FileNotFoundError:
                is_ours = False
            if not is_ours or not (area.folder / "manifest.json").exists():
                raise Conflict(
                    f"another process is at work on what {staged.stage} staged for crawl {staged.crawl_id}: "
                    f"wait until it has ended, then run this again"
                )
            yield area

    def quarantine(self, staged: Staged, findings: Sequence[Mapping[str, Any]]) -> Staged:
        """Take what a gate stopped out of staging, by one rename, with what was found beside it.

        What is stopped again stays there since when it was. It takes the place of an earlier attempt.
        """
        folder = self._attempt_folder(staged)
        since = self.stopped(staged)[0] if staged.room == "_quarantine" else now().isoformat()
        write_durably(folder / FINDINGS, json.dumps({"since": since, "findings": list(findings)}, indent=1))
        held = replace(staged, room="_quarantine")
        reached("before_quarantine")
        if held != staged:
            target = self._attempt_folder(held)
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
            for place in (folder.parent, target.parent, target.parent.parent, target.parent.parent.parent, self.root):
                fsync_path(place)
        reached("after_quarantine")
        for other in self.quarantined(held.stage, held.crawl_id):
            if other.attempt != held.attempt:
                remove_if_dead(self._attempt_folder(other))
        return held

    def stopped(self, held: Staged) -> tuple[str, list[dict[str, Any]]]:
        """Since when quarantined output lies there, and what was found.

        Raises:
            LakeError: its file of findings cannot be read.
        """
        path = self._attempt_folder(held) / FINDINGS
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return said["since"], said["findings"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LakeError(f"{path} is damaged ({error}): remove {path.parent} and run its stage again") from error

    def is_stale(self, snapshot: Snapshot, staged: Staged) -> bool:
        """Whether staged output can never be published any more: what it read, or would replace, has changed."""
        return _changed(snapshot, staged) is not None

    def discard(self, staged: Staged) -> None:
        """Remove staged output."""
        _remove(self._attempt_folder(staged))

    def fence(self, snapshot: Snapshot, staged: Staged) -> None:
        """Refuse staged output whose inputs are history.

        Raises:
            Conflict: a partition that was read, or is to be replaced, has changed since.
        """
        if changed := _changed(snapshot, staged):
            raise Conflict(
                f"{changed} changed since {staged.stage} for crawl {staged.crawl_id} read it; nothing was published: "
                f"run {staged.stage} again"
            )

    # ---------------------------------------------------------------- publishing

    def publish(
        self,
        staged: Staged,
        *,
        more: Sequence[Partition] = (),
        more_from: Mapping[str, Path] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Snapshot:
        """Move staged files into place and commit them, with what else belongs to the same commit.

        ``more`` are small extra partitions (receipts) whose files lie at ``more_from[path]``. Other output of the same
        stage for the same crawl that waits for its gate, or was stopped there, goes: it can never be published any
        more.

        Raises:
            Conflict: a partition that was read, or is replaced, has changed meanwhile.
        """

        def change(snapshot: Snapshot) -> Change:
            self.fence(snapshot, staged)
            added = tuple(replace(p, version=snapshot.number + 1) for p in (*staged.partitions, *more))
            return Change(added=added, reads=staged.reads, notes=notes or {})

        rooms = (*self.staged(staged.stage, staged.crawl_id), *self.quarantined(staged.stage, staged.crawl_id))
        others = [s for s in rooms if s.attempt != staged.attempt]
        snapshot = self.change(staged, change, more=more, more_from=more_from)
        for other in others:
            if _changed(snapshot, other):
                remove_if_dead(self._attempt_folder(other))
        self.discard(staged)
        self.refresh_sql()
        return snapshot

    def change(
        self,
        staged: Staged,
        change: Callable[[Snapshot], Change],
        *,
        more: Sequence[Partition] = (),
        more_from: Mapping[str, Path] | None = None,
    ) -> Snapshot:
        """Commit what ``change`` makes of the newest version, whichever that is when the commit succeeds.

        ``more`` and ``more_from`` as for ``publish``; whatever ``change`` raises ends it with nothing changed.
        """
        change(self.snapshot())  # refused before anything is moved, where that can be known
        for partition in staged.partitions:
            for file in partition.files:
                self._move(self.staged_path(staged, file), self.root / file.path)
        for path, origin in (more_from or {}).items():
            self._move(origin, self.root / path)
        for folder in {(self.root / f.path).parent for p in (*staged.partitions, *more) for f in p.files}:
            for place in (folder, folder.parent, folder.parent.parent):
                fsync_path(place)
        fsync_path(self.root)
        reached("before_commit")
        snapshot = self._commit(staged, change)
        reached("after_commit")
        return snapshot

    def refresh_sql(self) -> None:
        """Bring ``serving/lake.sql`` up to the newest version, also when others publish at the same time."""
        self.serving.mkdir(exist_ok=True)
        while True:
            snapshot = self.snapshot()
            write_durably(self.serving / "lake.sql", lake_sql(snapshot, self.root.resolve()))
            if self._newest() == snapshot.number:
                return

    def _commit(self, staged: Staged, change: Callable[[Snapshot], Change]) -> Snapshot:
        while True:
            snapshot = self.snapshot()
            said = change(snapshot)
            commit = Commit(
                number=snapshot.number + 1,
                at=now().isoformat(),
                stage=staged.stage,
                crawl_id=staged.crawl_id,
                attempt=staged.attempt,
                reads=said.reads,
                added=said.added,
                removed=said.removed,
                notes=said.notes,
            )
            if self._create(commit, self._attempt_folder(staged)):
                after = snapshot.apply(commit)
                if commit.number % CHECKPOINT_EVERY == 0:
                    self._write_checkpoint(after)
                return after

    def _create(self, commit: Commit, folder: Path) -> bool:
        """Create a version if nobody else did; whether it was us. The file is written in ``folder`` first."""
        finished = folder / "commit.json"
        write_synced(finished, json.dumps(commit.to_json()))
        try:
            os.link(finished, self._commit_path(commit.number))
        except FileExistsError:
            return False
        fsync_path(self.root / "_log")
        return True

    @staticmethod
    def _move(origin: Path, target: Path) -> None:
        if origin != target:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(origin, target)
        elif not target.exists():
            raise DamagedFile(f"{target} was staged and is gone: run the stage again")

    # ---------------------------------------------------------------- the log

    def commits(self) -> Iterator[Commit]:
        """Every version that the log retains, oldest first.

        Raises:
            LakeError: the log has a gap or a line that cannot be read.
        """
        return (self._read_commit(number) for number in range(1, self._newest() + 1))

    def _newest(self) -> int:
        """Number of the newest version; 0 when there is none."""
        try:
            names = [p.name for p in (self.root / "_log").iterdir()]
        except OSError as error:
            raise LakeError(
                f"cannot read the log of {self.root} ({error.strerror}): restore {self.root / '_log'} from a backup"
            ) from error
        return max((int(name[:20]) for name in names if re.fullmatch(r"\d{20}\.json", name)), default=0)

    def _commit_path(self, number: int) -> Path:
        return self.root / "_log" / f"{number:020d}.json"

    def _read_commit(self, number: int) -> Commit:
        path = self._commit_path(number)
        try:
            commit = Commit.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise LakeError(f"the log of {self.root} has no version {number}: restore {path} from a backup") from error
        except OSError as error:
            raise LakeError(f"cannot read {path} ({error.strerror}): let this user read the lake") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LakeError(f"{path} is damaged ({error}): restore it from a backup") from error
        if commit.number != number:
            raise LakeError(f"{path} is damaged (it says version {commit.number}): restore it from a backup")
        return commit

    def _checkpoint(self, newest: int) -> Snapshot:
        """The newest sound checkpoint; one that is missing or damaged only costs time: the log holds everything."""
        for number in range(newest - newest % CHECKPOINT_EVERY, 0, -CHECKPOINT_EVERY):
            try:
                said = json.loads(self._checkpoint_path(number).read_text(encoding="utf-8"))
                partitions = [partition_from_json(p) for p in said["partitions"]]
                retractions = tuple(Retraction.from_json(r) for r in said.get("retractions", ()))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
            return Snapshot(number, {p.key: p for p in partitions}, retractions)
        return Snapshot(0, {})

    def _checkpoint_path(self, number: int) -> Path:
        return self.root / "_log" / f"{number:020d}.checkpoint.json"

    def _write_checkpoint(self, snapshot: Snapshot) -> None:
        said = {
            "partitions": [partition_to_json(p) for _, p in sorted(snapshot.partitions.items())],
            "retractions": [r.to_json() for r in snapshot.retractions],
        }
        write_durably(self._checkpoint_path(snapshot.number), json.dumps(said))

    def _attempt_folder(self, staged: Staged) -> Path:
        return self.root / staged.room / staged.stage / staged.crawl_id / staged.attempt


def remove_if_dead(folder: Path) -> bool:
    """Remove an attempt that no process is at work on; whether it was removed."""
    try:
        with locked(folder / "lock") as is_dead:
            if is_dead:
                _remove(folder)
            return is_dead
    except FileNotFoundError:
        return False  # another process removed it


def _remove(folder: Path) -> None:
    """Remove an attempt; the manifest first, so that what is removed by halves never counts as complete."""
    (folder / "manifest.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _changed(snapshot: Snapshot, staged: Staged) -> str | None:
    """The first partition that is not the one that an attempt read; None while all of them are."""
    for key, version in staged.reads.items():
        found = snapshot.partitions.get(PartitionKey.parse(key))
        if (found.version if found else 0) != version:
            return key
    return None


def _is_newer(partition: Partition) -> bool:
    """Of a dataset, or of a version of one, that this linklake does not know."""
    try:
        return partition.schema_version > dataset_named(partition.key.dataset).schema_version
    except UnknownName:
        return True


def _bounds(metadata: pq.FileMetaData, dataset: Dataset) -> tuple[str | None, str | None]:
    """Least and greatest value of the first sort column, from the footer."""
    if not dataset.sort_by or not metadata.num_rows:
        return None, None
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    index = names.index(dataset.sort_by[0])
    found: list[Any] = [metadata.row_group(i).column(index).statistics for i in range(metadata.num_row_groups)]
    if any(s is None or not s.has_min_max for s in found):
        return None, None
    return str(min(s.min for s in found)), str(max(s.max for s in found))
