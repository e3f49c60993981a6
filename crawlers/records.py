"""What a record of a web archive is: a page that was found, one that refers to another, none, or one to reject."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from fastwarc.warc import WarcRecord, WarcRecordType

from crawlers.answers import (
    Answer,
    Headers,
    charset_remark,
    decode_body,
    first_header,
    join_chunks,
    read_page,
    state_of,
)
from crawlers.digests import agrees, normalized
from crawlers.extract import Page
from crawlers.frames import RawRecord, block_of
from crawlers.sink import Evidence, Fetch, short_id
from crawlers.wat import NotWat, read_wat
from schemas.identity import CanonicalUrl, Rejected, judge

Place = tuple[str | int, ...]
"""Names a record for ever: archive, offset and, behind others in its frame, number."""

HTTP_HEADER_LIMIT: Final = 64 << 10
EARLIEST: Final = datetime(1991, 1, 1, tzinfo=UTC)
"""There was no web before; a record that says so has no usable date."""


@dataclass(frozen=True, slots=True)
class Found:
    """A fetch, and its page when it was HTML."""

    fetch: Fetch
    page: Page | None


@dataclass(frozen=True, slots=True)
class Revisit:
    """The page was as in an earlier record, which is named by its URL and time, its digest, or both.

    ``fetch`` is what to say when that record is not known.
    """

    fetch: Fetch
    digest: str | None
    original_url: str | None
    original_date: datetime | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is no page by nature, as its type says."""

    what: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be used, with a reason (REJECT_REASON) and what is wrong."""

    reason: str
    detail: str
    source_url: str | None = None


Outcome = Found | Revisit | Skipped | Refused


def read_record(raw: RawRecord, place: Place, evidence: Evidence, *, latest: datetime) -> Outcome:
    """Judge a record; one that says it is of a time after ``latest`` is refused."""
    if raw.problem:
        return Refused("bad_record", raw.problem)
    record = WarcRecord.from_reader(BytesIO(raw.data), quirks_mode=True)
    if not record.headers.get("WARC-Type"):
        return Refused("bad_record", "no WARC-Type")
    kind = str(record.record_type)
    if kind == "metadata" and "json" in (record.headers.get("Content-Type") or "").lower():
        return _read_wat(raw, record, place, evidence, latest)
    if kind not in ("response", "revisit"):
        return Skipped(kind)
    given = _unbracketed(record.headers.get("WARC-Target-URI"))
    target = judge(given)
    if isinstance(target, Rejected):
        return _without_target(given, target, kind)
    fetched_at = _date(record.record_date, latest)
    if fetched_at is None:
        return Refused("bad_date", f"WARC-Date: {record.headers.get('WARC-Date')}", target.url)
    fetch = _fetch(record, target, place, evidence, fetched_at)
    return _revisit(record, fetch) if kind == "revisit" else _response(raw, record, fetch)


def is_capture(raw: RawRecord, url: str, fetched_at: datetime) -> bool:
    """Whether a record is the response of that (canonical) URL at that time."""
    record = WarcRecord.from_reader(BytesIO(raw.data), quirks_mode=True)
    target = judge(_unbracketed(record.headers.get("WARC-Target-URI")))
    is_of_url = isinstance(target, CanonicalUrl) and target.url == url
    return record.record_type == WarcRecordType.response and is_of_url and record.record_date == fetched_at


def read_again(raw: RawRecord, fetch: Fetch) -> Found | None:
    """The page of the response that a revisit refers to, as that revisit's; None when it cannot be read."""
    message = _message(WarcRecord.from_reader(BytesIO(raw.data), quirks_mode=True), is_whole=raw.is_whole)
    return _found(message.answer, fetch, None) if message else None


def _unbracketed(given: str | None) -> str:
    given = (given or "").strip()
    return given[1:-1] if given.startswith("<") and given.endswith(">") else given


def _without_target(given: str, target: Rejected, kind: str) -> Skipped | Refused:
    # `dns:` and `whois:` responses are part of a sound archive
    if target.scheme not in ("http", "https", ""):
        return Skipped(f"{kind}_of_another_scheme")
    return Refused("bad_target", f"{target.reason}: {given[:200]}")


def _date(said: datetime | None, latest: datetime) -> datetime | None:
    return said if said is not None and EARLIEST <= said <= latest else None


def _fetch(record: WarcRecord, target: CanonicalUrl, place: Place, evidence: Evidence, fetched_at: datetime) -> Fetch:
    """What a record says of its fetch before its block is read; ``state`` is that of a revisit that stays one."""
    return Fetch(
        fetch_id=short_id(record.headers.get("WARC-Record-ID") or "", *place),
        requested=target,
        final=target,
        state="revisit_unresolved",
        fetched_at=fetched_at,
        ip=record.headers.get("WARC-IP-Address"),
        evidence=evidence,
        record_kind="warc",
        payload_digest=normalized(record.headers.get("WARC-Payload-Digest")),
    )


def _found(answer: Answer, fetch: Fetch, remark: str | None) -> Found:
    state, page = read_page(answer, fetch.final.url)
    body = answer.body if answer.is_whole else None
    content = replace(fetch, state=state, status=answer.status, content_type=answer.media_type, body=body)
    error = _redirect(state, answer.headers, fetch.final) or remark or charset_remark(answer, page)
    return Found(replace(content, error=error), page)


def _redirect(state: str, headers: Headers, target: CanonicalUrl) -> str | None:
    if state != "redirect_unresolved":
        return None
    location = judge(first_header(headers, "location"), target.url)
    return f"redirects to {location.url}" if isinstance(location, CanonicalUrl) else "redirects to no web address"


# -------------------------------------------------------------------- responses and revisits


@dataclass(frozen=True, slots=True)
class _Message:
    answer: Answer
    payload: bytes
    """As stored, not decoded."""


def _message(record: WarcRecord, *, is_whole: bool) -> _Message | None:
    """The HTTP message in a record's block, None when it cannot be read as one."""
    record.is_http = True  # whatever its Content-Type says
    try:
        record.parse_http(max_header_len=HTTP_HEADER_LIMIT, quirks_mode=True)
    except OSError:
        return None
    http = record.http_headers
    if http is None or http.status_code is None:
        return None
    headers = http.to_tuples()
    payload = record.reader.read()
    body, is_all = decode_body(payload, headers)
    return _Message(Answer(http.status_code, headers, body, is_all and is_whole), payload)


def _response(raw: RawRecord, record: WarcRecord, fetch: Fetch) -> Found | Refused:
    message = _message(record, is_whole=raw.is_whole)
    if message is None:
        return Refused("bad_http", "no HTTP message with a status and a header within 64 KiB", fetch.final.url)
    truncated = record.headers.get("WARC-Truncated")
    doubt = "" if truncated or not raw.is_whole else _doubt(raw, record, message)
    if doubt and not _vouches(record, message):
        return Refused("bad_digest", doubt, fetch.final.url)
    return _found(message.answer, fetch, f"truncated by the archive: {truncated}" if truncated else doubt or None)


def _doubt(raw: RawRecord, record: WarcRecord, message: _Message) -> str:
    """Which digest the record does not have; empty when each agrees, or cannot be checked."""
    if agrees(record.headers.get("WARC-Payload-Digest"), message.payload) is False and not _vouches(record, message):
        return f"WARC-Payload-Digest is not {record.headers.get('WARC-Payload-Digest')}"
    if agrees(record.headers.get("WARC-Block-Digest"), block_of(raw)) is False:
        return f"WARC-Block-Digest is not {record.headers.get('WARC-Block-Digest')}"
    return ""


def _vouches(record: WarcRecord, message: _Message) -> bool:
    """Whether the payload is what was hashed: as stored, or (writers differ) without chunks, or decoded."""
    digest = record.headers.get("WARC-Payload-Digest")
    return bool(agrees(digest, message.payload) or agrees(digest, join_chunks(message.payload), message.answer.body))


def _revisit(record: WarcRecord, fetch: Fetch) -> Revisit:
    original = judge(_unbracketed(record.headers.get("WARC-Refers-To-Target-URI")) or fetch.final.url)
    return Revisit(
        fetch=replace(fetch, error="an archive says that it is as in an earlier record, which was not found"),
        digest=fetch.payload_digest,
        original_url=original.url if isinstance(original, CanonicalUrl) else None,
        original_date=iso_date(record.headers.get("WARC-Refers-To-Date")),
    )


def iso_date(text: str | None) -> datetime | None:
    """A WARC date (W3C profile of ISO 8601) as a time of UTC; None when it is none."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# -------------------------------------------------------------------- WAT


def _read_wat(raw: RawRecord, record: WarcRecord, place: Place, evidence: Evidence, latest: datetime) -> Outcome:
    """The response that a WAT record describes; its own date is that of the extraction."""
    block = record.reader.read()
    if not raw.is_whole:
        return Refused("bad_record", f"a WAT record of more than {len(block)} bytes")
    if agrees(record.headers.get("WARC-Block-Digest"), block) is False:
        return Refused("bad_digest", f"WARC-Block-Digest is not {record.headers.get('WARC-Block-Digest')}")
    try:
        said = read_wat(block, _unbracketed(record.headers.get("WARC-Target-URI")))
    except NotWat as error:
        return Refused("bad_record", f"WAT: {error}")
    if said is None:
        return Skipped("metadata")
    if isinstance(said.target, Rejected):
        return _without_target(said.given_target, said.target, "response")
    fetched_at = _date(iso_date(said.date), latest)
    if fetched_at is None:
        return Refused("bad_date", f"WARC-Date: {said.date[:100]}", said.target.url)
    state = state_of(said.status)
    answer = Answer(said.status, said.headers, b"")
    truncated = f"truncated by the archive: {said.truncated}" if said.truncated else None
    fetch = Fetch(
        fetch_id=short_id(said.record_id, *place),
        requested=said.target,
        final=said.target,
        state="not_html" if state == "fetched" and said.page is None else state,
        fetched_at=fetched_at,
        status=said.status,
        error=_redirect(state, said.headers, said.target) or truncated,
        ip=said.ip,
        content_type=answer.media_type,
        evidence=evidence,
        record_kind="wat",
        warc_file=said.file,
        warc_offset=said.offset,
        payload_digest=normalized(said.payload_digest),
    )
    return Found(fetch, said.page)
