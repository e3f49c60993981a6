"""Responses stored in web archives (WARC), or described in WAT files, become the same rows as pages fetched live."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from crawlers.brink import Brink
from crawlers.captures import Captures, Original
from crawlers.extract import Page, prepare
from crawlers.frames import Frame, Kind, RawRecord, begins_near, kind_of, read_frames, split_records
from crawlers.records import Found, Outcome, Place, Refused, Revisit, Skipped, is_capture, read_again, read_record
from crawlers.sink import Evidence, Fetch, Sink, short_id
from crawlers.sources import Reading, Source, base_name, is_remote, open_source, same_place
from crawlers.targets import Targets
from schemas.errors import ArchiveError

Progress = Callable[[int, int, int], None]
"""Called with records read, bytes done and bytes in all (an estimate while remote archives were not opened yet)."""

CLOCK_SKEW: Final = timedelta(days=1)
"""A record may be dated so much later than now; one of a later time would stay the newest for ever."""

_ZSTD_DICTIONARY: Final = b"\x2a\x4d\x18"
_LOST: Final = ("damaged_bytes", "bad_record", "bad_digest")
"""What is rejected for these reasons held something, and nobody knows what."""

_NO_RECORDS: Final = frozenset(["records", "link_observations", "other_targets", "rejected_damaged_bytes"])
"""Counts that are not of records."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A web archive: the place as given, and the name that ids of its records depend on."""

    place: str
    name: str


def list_archives(places: Sequence[str]) -> list[Archive]:
    """Each archive once, in an order of its own, so that the same places in any order are the same ingest.

    Names are the files' names, numbered where several share one: ids must not depend on folders or servers.
    """
    given = {same_place(place): place for place in reversed(places)}
    seen = Counter[str]()
    archives = []
    for place in sorted(given.values()):
        name = base_name(place)
        seen[name] += 1
        archives.append(Archive(place, name if seen[name] == 1 else f"{name}#{seen[name]}"))
    return archives


def ingest(
    archives: Sequence[str | Archive],
    sink: Sink,
    *,
    reading: Reading | None = None,
    targets: Targets | None = None,
    on_progress: Progress | None = None,
) -> dict[str, int]:
    """Read every response of the archives into the sink, carrying on behind its last part, and close it.

    A file given twice is read once. With ``targets`` only links to these are kept. Returns counts: ``records`` in
    all, of which each is in one of the fetch states, ``rejected_<reason>`` or ``skipped_<record type>``; damaged
    stretches come on top as ``rejected_damaged_bytes``.

    Raises:
        ArchiveError: a file is missing, unreadable or no web archive (found before the first is read, if it is a file
        of this machine), or a remote one cannot be read any further; what was read before is acknowledged.
    """
    places = [archive for archive in archives if isinstance(archive, str)]
    listed = [*list_archives(places), *(archive for archive in archives if isinstance(archive, Archive))]
    reading = reading or Reading()
    for archive in listed:
        if not is_remote(archive.place):
            check_archive(archive.place)
    return _Ingest(listed, sink, reading, targets, on_progress).run()


def conserved(counts: Mapping[str, int]) -> str:
    """One line that sums up every record by its fate: ``records 5 = pages 3 + rejected 1 + skipped 1 (request 1)``."""
    fates = {name: n for name, n in counts.items() if name not in _NO_RECORDS}
    rejected = {name.removeprefix("rejected_"): n for name, n in fates.items() if name.startswith("rejected_")}
    skipped = {name.removeprefix("skipped_"): n for name, n in fates.items() if name.startswith("skipped_")}
    pages = {n: c for n, c in fates.items() if not n.startswith(("rejected_", "skipped_"))}
    parts = (f"{what} {sum(found.values()):,}{_listed(found)}" for what, found in (
        ("pages", pages), ("rejected", rejected), ("skipped", skipped)))  # fmt: skip
    damage = counts.get("rejected_damaged_bytes", 0)
    return f"records {counts.get('records', 0):,} = {' + '.join(parts)}; damaged stretches {damage:,}"


def _listed(found: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{name} {n:,}' for name, n in found.items())})" if found else ""


def check_archive(place: str, reading: Reading | None = None) -> Kind:
    """How the archive is compressed.

    Raises:
        ArchiveError: it is missing, unreadable, no web archive, or one that would have to be read in one
        piece.
    """
    if not is_remote(place) and Path(place).is_dir():
        raise ArchiveError(f"{place} is a directory: give the web archives in it, as in {place.rstrip('/')}/*.warc.gz")
    with open_source(place, reading or Reading()) as source:
        return _kind(place, source)


def _kind(place: str, source: Source) -> Kind:
    source.seek(0)
    beginning = source.read(16)
    kind = kind_of(beginning)
    if beginning[1:4] == _ZSTD_DICTIONARY:
        raise ArchiveError(f"{place} needs a zstd dictionary, which is not supported: recompress it without")
    if kind is None or not begins_near(source, source.size, kind):
        what = f"is {kind}, but not of WARC records" if kind in ("gzip", "zstd") else "is no WARC file"
        raise ArchiveError(f"{place} {what}: give .warc, .warc.gz or .warc.zst files")
    first = next(read_frames(source, source.size, kind))
    if not first.is_whole and sum(1 for _ in split_records(first)) > 1:
        raise ArchiveError(
            f"{place} is compressed as a whole instead of record by record: decompress it, a plain .warc is read too"
        )
    return kind


class _Ingest:
    """One pass over archives; how many are done, the offset in the next and the counts are what a later run needs."""

    def __init__(
        self,
        archives: Sequence[Archive],
        sink: Sink,
        reading: Reading,
        targets: Targets | None,
        on_progress: Progress | None,
    ) -> None:
        self._archives = archives
        self._sink = sink
        self._reading = reading
        self._targets = targets
        self._on_progress = on_progress
        self._done: int = sink.resume.get("done", 0)
        self._offset: int = sink.resume.get("offset", 0)
        self._counts = Counter[str](sink.resume.get("counts", {}))
        self._captures = Captures(sink.folder)
        self._brink = Brink(sink.folder)
        self._latest = datetime.now(UTC) + CLOCK_SKEW
        self._bytes = _Bytes(archives)

    def run(self) -> dict[str, int]:
        with _calm_collector():
            return self._run()

    def _run(self) -> dict[str, int]:
        if self._archives[self._done :]:
            prepare()  # a process that is killed while it compiles did not die of a record
        for archive in self._archives[self._done :]:
            with open_source(archive.place, self._reading) as source:
                self._read_archive(archive, source)
            self._done, self._offset = self._done + 1, 0
        counts = dict(sorted(self._counts.items()))
        is_complete = not any(self._counts[f"rejected_{reason}"] for reason in _LOST)
        self._sink.close(finished_at=datetime.now(UTC), is_complete=is_complete, counts=counts, resume=self._resume())
        return counts

    def _resume(self) -> dict[str, object]:
        return {"done": self._done, "offset": self._offset, "counts": dict(self._counts)}

    def _read_archive(self, archive: Archive, source: Source) -> None:
        with _Originals(archive, source, self._reading) as originals:
            for frame in self._frames(archive, source):
                self._read_frame(archive, frame, originals)
                self._offset = frame.offset + frame.length
                if self._sink.is_due():
                    self._flush()
                if self._on_progress:
                    self._on_progress(self._counts["records"], *self._bytes.at(self._done, self._offset, source.size))

    def _frames(self, archive: Archive, source: Source) -> Iterator[Frame]:
        """The frames; when the archive cannot be read any further, what came before is acknowledged."""
        try:
            yield from read_frames(source, source.size, _kind(archive.place, source), self._offset)
        except ArchiveError:
            if not self._sink.is_empty:
                self._flush()
            raise

    def _flush(self) -> None:
        self._sink.flush(resume=self._resume())
        self._captures.flushed()

    def _read_frame(self, archive: Archive, frame: Frame, originals: "_Originals") -> None:
        evidence = Evidence(archive.place, frame.offset, frame.length)
        if frame.damage:
            about = short_id(archive.name, frame.offset, "damage")
            self._reject("damaged_bytes", frame.data, about, evidence, frame.damage, byte_count=frame.length)
            return
        for number, raw in enumerate(split_records(frame)):
            self._counts["records"] += 1
            place: Place = (archive.name, frame.offset, number) if number else (archive.name, frame.offset)
            self._keep(self._judge(raw, place, evidence, originals), raw, place, evidence)

    def _judge(self, raw: RawRecord, place: Place, evidence: Evidence, originals: "_Originals") -> Outcome:
        try:
            with self._brink.reading(short_id(*place)):
                outcome = read_record(raw, place, evidence, latest=self._latest)
                if isinstance(outcome, Revisit):
                    return self._resolved(outcome, originals)
        except ArchiveError:
            raise
        except Exception as error:  # one bad record never costs its neighbours, whichever reader it upsets
            return Refused("bad_record", f"{type(error).__name__}: {error}")
        return outcome

    def _resolved(self, revisit: Revisit, originals: "_Originals") -> Found:
        """The page that the revisit refers to, as found again at its time; else a row that says it was not found."""
        original = self._captures.original(revisit)
        frame = originals.frame(original) if original else None
        if original and frame:
            for raw in split_records(frame):
                if is_capture(raw, original.url, original.fetched_at):
                    place = Evidence(original.archive_file, frame.offset, frame.length)
                    remark = f"a revisit: the page is as in the record of {original.fetched_at.isoformat()}"
                    found = read_again(raw, replace(revisit.fetch, evidence=place))
                    if found:
                        return Found(replace(found.fetch, error=found.fetch.error or remark), found.page)
        return Found(revisit.fetch, None)

    def _keep(self, outcome: Outcome, raw: RawRecord, place: Place, evidence: Evidence) -> None:
        if isinstance(outcome, Found):
            if not self._captures.is_new(outcome.fetch):
                outcome = Skipped("duplicate")
            else:
                self._write(outcome)
        if isinstance(outcome, Skipped):
            self._counts[f"skipped_{outcome.what}"] += 1
        elif isinstance(outcome, Refused):
            about = short_id(*place)
            self._reject(outcome.reason, raw.data, about, evidence, outcome.detail, source_url=outcome.source_url)

    def _write(self, found: Found) -> None:
        fetch, page = self._wanted(found.fetch, found.page)
        self._sink.write_page(fetch, page)
        self._counts[fetch.state] += 1
        self._counts["link_observations"] += len(page.observations) if page else 0

    def _wanted(self, fetch: Fetch, page: Page | None) -> tuple[Fetch, Page | None]:
        """With targets, the page with the links to these alone; the others are counted."""
        if self._targets is None or page is None:
            return fetch, page
        kept = page.observations.where(self._targets.keeps)
        others = len(page.observations) - len(kept)
        self._counts["other_targets"] += others
        return replace(fetch, other_target_count=others), replace(page, observations=kept)

    def _reject(
        self,
        reason: str,
        data: bytes,
        about: str,
        evidence: Evidence,
        detail: str,
        *,
        byte_count: int | None = None,
        source_url: str | None = None,
    ) -> None:
        self._counts[f"rejected_{reason}"] += 1
        self._sink.reject(
            reason,
            data,
            about=about,
            byte_count=byte_count,
            detail=detail,
            source_url=source_url,
            evidence=evidence,
        )


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Pages leave next to no cycles behind: looking for them at the usual pace took a sixth of all time."""
    pace = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*pace)
        gc.unfreeze()


class _Originals:
    """Reads single frames again, of the archive under way and of one other at a time."""

    def __init__(self, archive: Archive, source: Source, reading: Reading) -> None:
        self._open = {archive.place: source}
        self._own, self._reading = archive.place, reading
        self._others = ExitStack()

    def frame(self, original: Original) -> Frame | None:
        """The frame in which the original lies; None when it can no longer be read."""
        try:
            source = self._source(original.archive_file)
            kind = _kind(original.archive_file, source)
            return next(read_frames(source, source.size, kind, original.archive_offset), None)
        except ArchiveError:
            return None

    def _source(self, place: str) -> Source:
        if place not in self._open:
            self._others.close()
            self._open = {self._own: self._open[self._own]}
            self._open[place] = self._others.enter_context(open_source(place, self._reading))
        return self._open[place]

    def __enter__(self) -> "_Originals":
        return self

    def __exit__(self, *_: object) -> None:
        self._others.close()


class _Bytes:
    """How many bytes are done, and how many there are in all: remote archives count as large as those before them."""

    def __init__(self, archives: Sequence[Archive]) -> None:
        self._sizes = [None if is_remote(a.place) else Path(a.place).stat().st_size for a in archives]
        self._number, self._before, self._total = -1, 0, 0

    def at(self, number: int, offset: int, size: int) -> tuple[int, int]:
        """Bytes done and in all, at that offset of that archive, which is so large."""
        self._sizes[number] = size
        if number != self._number:
            known = [s for s in self._sizes if s is not None]
            sizes = [sum(known) // len(known) if s is None else s for s in self._sizes]
            self._number, self._before, self._total = number, sum(sizes[:number]), sum(sizes)
        return self._before + offset, self._total
