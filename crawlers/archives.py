"""Responses stored in web archives (WARC) become the same rows as pages fetched live."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from fastwarc.warc import WarcRecord, WarcRecordType

from crawlers.answers import Answer, decode_body, first_header, read_page
from crawlers.extract import Page
from crawlers.frames import Frame, Kind, RawRecord, begins_near, kind_of, read_frames, split_records
from crawlers.sink import Evidence, Fetch, Sink, short_id
from schemas.errors import ArchiveError
from schemas.identity import CanonicalUrl, judge

Progress = Callable[[int, int, int], None]
"""Called with records read, bytes done and bytes in all."""

Place = tuple[str | int, ...]
"""Names a record for ever: archive, offset and, behind others in its frame, number."""

HTTP_HEADER_LIMIT: Final = 64 << 10
_ZSTD_DICTIONARY: Final = b"\x2a\x4d\x18"


def ingest(archives: Sequence[str], sink: Sink, *, on_progress: Progress | None = None) -> dict[str, int]:
    """Read every response of the archives into the sink, carrying on behind its last part, and close it.

    A file given twice is read once. Returns counts: ``records`` in all, of which each is in one of the fetch
    states, ``rejected_<reason>`` or ``skipped_<record type>``; damaged stretches come on top as
    ``rejected_damaged_bytes``.

    Raises:
        ArchiveError: one of the files is missing, unreadable or no web archive; found before the first is
        read.
    """
    given = list({os.path.realpath(archive): archive for archive in reversed(archives)}.values())[::-1]
    kinds = {archive: check_archive(archive) for archive in given}
    return _Ingest(kinds, sink, on_progress).run()


def check_archive(archive: str) -> Kind:
    """How the archive is compressed.

    Raises:
        ArchiveError: it is missing, unreadable, no web archive, or one that would have to be read in one
        piece.
    """
    path = Path(archive)
    if path.is_dir():
        raise ArchiveError(
            f"{archive} is a directory: give the web archives in it, as in {archive.rstrip('/')}/*.warc.gz"
        )
    try:
        with path.open("rb", buffering=0) as file:
            beginning, size = file.read(16), os.fstat(file.fileno()).st_size
            kind = kind_of(beginning)
            if beginning[1:4] == _ZSTD_DICTIONARY:
                raise ArchiveError(f"{archive} needs a zstd dictionary, which is not supported: recompress it without")
            if kind is None or not begins_near(file, size, kind):
                what = f"is {kind}, but not of WARC records" if kind in ("gzip", "zstd") else "is no WARC file"
                raise ArchiveError(f"{archive} {what}: give .warc, .warc.gz or .warc.zst files")
            first = next(read_frames(file, size, kind))
            if not first.is_whole and sum(1 for _ in split_records(first)) > 1:
                raise ArchiveError(
                    f"{archive} is compressed as a whole instead of record by record: "
                    "decompress it, a plain .warc is read too"
                )
    except OSError as error:
        raise ArchiveError(f"cannot read {archive} ({error.strerror}): check the path and its permissions") from None
    return kind


class _Ingest:
    """One pass over archives; positions and counts are what a later run needs to carry on."""

    def __init__(self, kinds: dict[str, Kind], sink: Sink, on_progress: Progress | None) -> None:
        self._kinds = kinds
        self._sink = sink
        self._on_progress = on_progress
        self._positions: dict[str, int | str] = dict(sink.resume.get("positions", {}))
        self._counts = Counter[str](sink.resume.get("counts", {}))
        self._sizes = {archive: os.path.getsize(archive) for archive in kinds}
        self._names = _distinct_names(list(kinds))

    def run(self) -> dict[str, int]:
        for archive, kind in self._kinds.items():
            position = self._positions.get(archive, 0)
            if isinstance(position, int):
                self._read_archive(archive, kind, position)
            self._positions[archive] = "done"
        is_complete = not (self._counts["rejected_damaged_bytes"] or self._counts["rejected_bad_record"])
        counts = dict(sorted(self._counts.items()))
        self._sink.close(finished_at=datetime.now(UTC), is_complete=is_complete, counts=counts, resume=self._resume())
        return counts

    def _resume(self) -> dict[str, object]:
        return {"positions": dict(self._positions), "counts": dict(self._counts)}

    def _read_archive(self, archive: str, kind: Kind, start: int) -> None:
        done = sum(size for name, size in self._sizes.items() if self._positions.get(name) == "done")
        total = sum(self._sizes.values())
        with open(archive, "rb", buffering=0) as file:
            for frame in read_frames(file, self._sizes[archive], kind, start):
                self._read_frame(archive, frame)
                self._positions[archive] = frame.offset + frame.length
                if self._sink.is_due():
                    self._sink.flush(resume=self._resume())
                if self._on_progress:
                    self._on_progress(self._counts["records"], done + frame.offset + frame.length, total)

    def _read_frame(self, archive: str, frame: Frame) -> None:
        evidence = Evidence(archive, frame.offset, frame.length)
        if frame.damage:
            about = short_id(self._names[archive], frame.offset, "damage")
            self._reject("damaged_bytes", frame.data, about, evidence, frame.damage, byte_count=frame.length)
            return
        for number, raw in enumerate(split_records(frame)):
            self._counts["records"] += 1
            self._read_record(raw, number, evidence)

    def _read_record(self, raw: RawRecord, number: int, evidence: Evidence) -> None:
        place: Place = (self._names[evidence.archive_file], evidence.archive_offset)
        if number:
            place += (number,)
        try:
            outcome = _read_record(raw, place, evidence)
        except Exception as error:  # one bad record never costs its neighbours, whichever reader it upsets
            outcome = _Rejected("bad_record", f"{type(error).__name__}: {error}")
        if isinstance(outcome, _Skipped):
            self._counts[f"skipped_{outcome.what}"] += 1
        elif isinstance(outcome, _Rejected):
            about = short_id(*place)
            self._reject(outcome.reason, raw.data, about, evidence, outcome.detail, source_url=outcome.source_url)
        else:
            self._sink.write_page(outcome.fetch, outcome.page)
            self._counts[outcome.fetch.state] += 1
            self._counts["link_observations"] += len(outcome.page.observations) if outcome.page else 0

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


@dataclass(frozen=True, slots=True)
class _Found:
    fetch: Fetch
    page: Page | None


@dataclass(frozen=True, slots=True)
class _Skipped:
    what: str


@dataclass(frozen=True, slots=True)
class _Rejected:
    reason: str
    detail: str
    source_url: str | None = None


def _read_record(raw: RawRecord, place: Place, evidence: Evidence) -> _Found | _Skipped | _Rejected:
    """What a record is."""
    if raw.problem:
        return _Rejected("bad_record", raw.problem)
    record = WarcRecord.from_reader(BytesIO(raw.data), quirks_mode=True)
    if not record.headers.get("WARC-Type"):
        return _Rejected("bad_record", "no WARC-Type")
    if record.record_type != WarcRecordType.response:
        return _Skipped(str(record.record_type))
    given = (record.headers.get("WARC-Target-URI") or "").strip()
    target = judge(given[1:-1] if given.startswith("<") and given.endswith(">") else given)
    if isinstance(target, CanonicalUrl):
        return _read_response(raw, record, target, place, evidence)
    if target.scheme not in (
        "http",
        "https",
        "",
    ):  # `dns:` and `whois:` responses are part of a sound archive
        return _Skipped("response_of_another_scheme")
    return _Rejected("bad_target", f"{target.reason}: {given[:200]}")


def _read_response(
    raw: RawRecord, record: WarcRecord, target: CanonicalUrl, place: Place, evidence: Evidence
) -> _Found | _Rejected:
    fetched_at = record.record_date
    if fetched_at is None:
        return _Rejected("bad_date", f"WARC-Date: {record.headers.get('WARC-Date')}", target.url)
    record.is_http = True  # whatever its Content-Type says
    record.parse_http(max_header_len=HTTP_HEADER_LIMIT, quirks_mode=True)
    http = record.http_headers
    if http is None or http.status_code is None:
        return _Rejected("bad_http", "no HTTP status line", target.url)
    headers = http.to_tuples()
    body, is_whole = decode_body(record.reader.read(), headers)
    answer = Answer(http.status_code, headers, body, is_whole and raw.is_whole)
    state, page = read_page(answer, target.url)
    fetch = Fetch(
        fetch_id=short_id(record.headers.get("WARC-Record-ID") or "", *place),
        requested=target,
        final=target,
        state=state,
        fetched_at=fetched_at,
        status=answer.status,
        error=_remark(state, answer, record, target),
        ip=record.headers.get("WARC-IP-Address"),
        content_type=answer.media_type,
        body=answer.body if answer.is_whole else None,
        evidence=evidence,
    )
    return _Found(fetch, page)


def _remark(state: str, answer: Answer, record: WarcRecord, target: CanonicalUrl) -> str | None:
    """What a reader should know of an answer that is not simply a page."""
    if state == "redirect_unresolved":
        location = judge(first_header(answer.headers, "location"), target.url)
        return f"redirects to {location.url}" if isinstance(location, CanonicalUrl) else "redirects to no web address"
    truncated = record.headers.get("WARC-Truncated")
    return f"truncated by the archive: {truncated}" if truncated else None


def _distinct_names(archives: list[str]) -> dict[str, str]:
    """Base name of each archive, numbered where several share one: ids must not depend on folders."""
    seen = Counter[str]()
    names = {}
    for archive in archives:
        name = os.path.basename(archive)
        seen[name] += 1
        names[archive] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names
