"""Which parts of a crawl are safe: an append-only file beside them, read again after any kill.

A part counts as soon as its line is on the disk; part files that no line names never happened.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from schemas.durable import fsync_path
from schemas.errors import Conflict, DamagedFile, LakeError

JOURNAL: Final = "journal.jsonl"

SAME_CRAWL: Final = ("crawl_id", "kind", "seeds_hash", "config_hash")
"""Facts of the first line that have to be the same for a crawl to be carried on."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file of a part: name within the folder, rows, size in bytes, SHA-256 in hex."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """An acknowledged part: its non-empty files by dataset, and where its writer would go on after it."""

    number: int
    files: dict[str, PartFile]
    resume: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JournalState:
    """What a journal says. ``crawl`` and ``complete`` are the first and the last line as written;
    ``complete`` is None while the crawl is under way, and again when an incomplete one is carried on."""

    crawl: dict[str, Any]
    parts: tuple[Part, ...]
    complete: dict[str, Any] | None


class Journal:
    """The journal of one observation folder, open for appending; one process at a time may hold it."""

    def __init__(self, folder: Path, descriptor: int, state: JournalState) -> None:
        self.folder = folder
        self.state = state
        self._descriptor = descriptor

    @classmethod
    def open_or_create(cls, folder: Path, facts: Mapping[str, object]) -> Self:
        """Begin the crawl that ``facts`` describe, or carry it on.

        Carrying on cuts a torn last line and removes part files that no line names. ``facts`` are the fields
        of the first line; of a crawl carried on, those in the journal hold (``state.crawl``).

        Raises:
            Conflict: another process is writing this folder.
            LakeError: the journal is damaged, or describes another crawl.
            DamagedFile: an acknowledged part file is missing or has another size.
        """
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(descriptor, folder)
            state, sound_bytes = _read(folder)
            os.ftruncate(descriptor, sound_bytes)
            if state is None:
                state = JournalState({"line": "crawl", **facts}, (), None)
                _append(descriptor, state.crawl)
                fsync_path(folder)
            check_same_crawl(folder, state, facts)
            _check_parts(folder, state)
            _remove_unnamed(folder, state)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(folder, descriptor, state)

    @staticmethod
    def read(folder: Path) -> JournalState:
        """What the journal of ``folder`` says; a torn last line is left out.

        Raises:
            LakeError: there is no journal, or a line before the last is damaged.
        """
        state = _read(folder)[0] if (folder / JOURNAL).exists() else None
        if state is None:
            raise LakeError(f"{folder} holds no crawl: {JOURNAL} is missing or empty")
        return state

    @staticmethod
    def is_held(folder: Path) -> bool:
        """Whether a process is writing the folder now."""
        with (folder / JOURNAL).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def append(self, line: Mapping[str, object]) -> None:
        """Add a line and wait until it is on the disk."""
        _append(self._descriptor, line)

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_same_crawl(folder: Path, state: JournalState, facts: Mapping[str, object]) -> None:
    """See that a journal is of the crawl that ``facts`` describe.

    Raises:
        LakeError: it is of another.
    """
    changed = [name for name in SAME_CRAWL if state.crawl.get(name) != facts.get(name)]
    if changed:
        was = ", ".join(f"{name} {state.crawl.get(name)}, now {facts.get(name)}" for name in changed)
        raise LakeError(f"{folder} was begun with {was}: give the same inputs and settings, or another --crawl-id")


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict(f"{folder} is being written by another process: wait for it, or stop it") from None


def _append(descriptor: int, line: Mapping[str, object]) -> None:
    text = json.dumps(line, ensure_ascii=True, separators=(",", ":"))
    view = memoryview(text.encode() + b"\n")
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _read(folder: Path) -> tuple[JournalState | None, int]:
    """State and number of sound bytes; a last line without an end, or that is none of ours, was torn."""
    path = folder / JOURNAL
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop()
    records: list[dict[str, Any]] = []
    sound_bytes = 0
    for number, line in enumerate(lines, start=1):
        record = _parse(line)
        if record is None:
            if number == len(lines) and not torn:
                break
            raise LakeError(f"{path} is damaged at line {number}: remove {folder} and observe again")
        records.append(record)
        sound_bytes += len(line) + 1
    return (_state(path, records) if records else None), sound_bytes


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("line"), str) else None


def _state(path: Path, records: list[dict[str, Any]]) -> JournalState:
    if records[0]["line"] != "crawl":
        raise LakeError(f"{path} does not begin with what the crawl is: remove {path.parent} and observe again")
    try:
        parts = tuple(_part(record) for record in records if record["line"] == "part")
    except (KeyError, TypeError) as error:
        raise LakeError(f"{path} describes a part wrongly ({error}): remove {path.parent} and observe again") from None
    complete = records[-1] if records[-1]["line"] == "complete" else None
    return JournalState(records[0], parts, complete)


def _part(record: dict[str, Any]) -> Part:
    files = {dataset: PartFile(**file) for dataset, file in record["files"].items()}
    return Part(record["number"], files, record["resume"])


def _check_parts(folder: Path, state: JournalState) -> None:
    for part in state.parts:
        for file in part.files.values():
            path = folder / file.name
            if not path.is_file() or path.stat().st_size != file.bytes:
                raise DamagedFile(f"{path} is missing or not {file.bytes} bytes: remove {folder} and observe again")


def _remove_unnamed(folder: Path, state: JournalState) -> None:
    named = {file.name for part in state.parts for file in part.files.values()}
    for path in folder.glob("*.parquet"):
        if path.name not in named:
            path.unlink()
