"""Fetched pages and their links become Parquet parts, each acknowledged only when it is safe on the disk."""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crawlers.arrow_cells import Cells, cells_of
from crawlers.extract import Page
from crawlers.journal import Journal, PartFile
from crawlers.observations import SCHEMA, array_of
from schemas.catalog import dataset
from schemas.dataset import Dataset
from schemas.durable import fsync_path
from schemas.identity import CanonicalUrl, text_id

MAX_RECORD_BYTES: Final = 4096
"""How much of a rejected record is kept."""

_IDS: Final = {"target_url_id": "target_url", "target_host_id": "target_host", "target_domain_id": "target_domain"}
"""Ids of targets, and what they are the ids of."""

_PAGE_FACTS: Final = (
    "encoding", "language", "title", "canonical_url", "author", "generator", "word_count", "h1", "heading_count",
    "simhash", "is_parked", "hreflangs", "structured_data_types", "is_nofollow", "is_noindex", "truncated_link_count",
)  # fmt: skip
_NO_PAGE: Final[Mapping[str, Any]] = {
    **dict.fromkeys((*_PAGE_FACTS, "published_at", "modified_at")),
    "is_nofollow": False, "is_noindex": False, "robots_directives": [], "link_count": 0, "internal_link_count": None,
    "external_link_count": None, "rejected_link_count": 0, "truncated_link_count": 0, "other_scheme_links": "{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """A part is due when it holds so many observations, about so many bytes, or rows so many seconds old.

    The n-th part of a run is due after n times ``first_seconds`` already, until that is more than ``seconds``: what is
    killed early has kept something, and long runs don't crumble.
    """

    observations: int = 50_000
    bytes: int = 64 << 20
    seconds: float = 30.0
    first_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a web archive holds the answer: file as given, offset and length in bytes (of the compressed
    member)."""

    archive_file: str
    archive_offset: int
    archive_length: int | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """What became of one fetch; ``final`` is where it ended (or would have), ``body`` the decoded body, if
    any."""

    fetch_id: str
    requested: CanonicalUrl
    final: CanonicalUrl
    state: str
    fetched_at: datetime
    status: int | None = None
    error: str | None = None
    redirect_chain: Sequence[str] = ()
    depth: int | None = None
    ip: str | None = None
    content_type: str | None = None
    body: bytes | None = None
    evidence: Evidence | None = None
    record_kind: str = "live"
    """live, warc or wat (RECORD_KIND)."""
    warc_file: str | None = None
    warc_offset: int | None = None
    """Which record a WAT record describes."""
    payload_digest: str | None = None
    other_target_count: int | None = None
    """Links left out because they lead elsewhere than was asked for; None when all were wanted."""


class Sink:
    """Collects rows in columns and writes them as parts into the journal's folder.

    Nothing is written by itself: after each unit that can be carried on from, its user asks ``is_due()`` and
    calls ``flush(resume=…)``, so that a part never ends inside such a unit.
    """

    def __init__(self, journal: Journal, *, stage: str, limits: Limits | None = None) -> None:
        self._journal = journal
        self._crawl_id = str(journal.state.crawl["crawl_id"])
        self._stage = stage
        self._limits = limits or Limits()
        self._number = max((part.number for part in journal.state.parts), default=0)
        self._flushed = 0
        self._clear()

    @property
    def resume(self) -> dict[str, Any]:
        """What the last part of an earlier run says of where to go on; empty when there is none."""
        parts = self._journal.state.parts
        return parts[-1].resume if parts else {}

    @property
    def folder(self) -> Path:
        """Where the parts are written."""
        return self._journal.folder

    def write_page(self, fetch: Fetch, page: Page | None = None) -> None:
        """Add a row of ``page_fetches`` and, when a page was read, its links and its rejected links."""
        self._fetches.append(_fetch_row(self._crawl_id, fetch, page))
        if page is None:
            return
        if len(page.observations):
            batch = page.observations.batch
            self._batches.append(batch)
            self._fetch_of_batch.append(len(self._fetches) - 1)
            self._observation_count += batch.num_rows
            self._bytes += batch.get_total_buffer_size()
        for ordinal, link in enumerate(page.rejected):
            self.reject(
                link.reason,
                link.href.encode("utf-8", "replace"),
                about=fetch.fetch_id,
                ordinal=ordinal,
                fetch_id=fetch.fetch_id,
                source_url=fetch.final.url,
                evidence=fetch.evidence,
            )

    def reject(
        self,
        reason: str,
        record: bytes,
        *,
        about: str,
        ordinal: int = 0,
        byte_count: int | None = None,
        detail: str | None = None,
        source_url: str | None = None,
        fetch_id: str | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """Add a row of ``rejected_records``; (``about``, ``ordinal``) names it within the crawl, for ever
        alike."""
        self._rejected.append(
            {
                "crawl_id": self._crawl_id,
                "reject_id": short_id(about, "rejected", ordinal),
                "stage": self._stage,
                "reason": reason,
                "detail": detail,
                "source_url": source_url,
                "fetch_id": fetch_id,
                "record": _readable(record),
                "byte_count": len(record) if byte_count is None else byte_count,
                "archive_file": evidence.archive_file if evidence else None,
                "archive_offset": evidence.archive_offset if evidence else None,
            }
        )
        self._bytes += min(len(record), MAX_RECORD_BYTES)

    def is_due(self) -> bool:
        """Whether the rows collected should become a part now."""
        if self.is_empty:
            return False
        limits = self._limits
        seconds = min(limits.seconds, (self._flushed + 1) * limits.first_seconds)
        return (
            self._observation_count >= limits.observations
            or self._bytes >= limits.bytes
            or time.monotonic() - self._since >= seconds
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was collected since the last part."""
        return not self._fetches and not self._rejected

    def flush(self, *, resume: Mapping[str, object]) -> None:
        """Write what was collected as a part and acknowledge it; ``resume`` says where its writer goes on.

        When it returns, files and journal line are on the disk; if it does not, the part never happened. A
        part names no file for a dataset without rows.
        """
        number = self._number + 1
        files = {
            name: asdict(self._write(f"{name}-{number:05d}.parquet", table))
            for name, table in self._tables().items()
            if table.num_rows
        }
        fsync_path(self._journal.folder)
        self._journal.append({"line": "part", "number": number, "files": files, "resume": dict(resume)})
        self._number = number
        self._flushed += 1
        self._clear()

    def close(
        self,
        *,
        finished_at: datetime,
        is_complete: bool,
        counts: Mapping[str, int],
        resume: Mapping[str, object],
    ) -> None:
        """Flush what is left and end the journal: ``is_complete`` when all in scope and budget was
        observed."""
        if not self.is_empty:
            self.flush(resume=resume)
        self._journal.append(
            {
                "line": "complete",
                "finished_at": finished_at.isoformat(),
                "is_complete": is_complete,
                "counts": dict(counts),
            }
        )

    def _clear(self) -> None:
        self._fetches: list[dict[str, Any]] = []
        self._rejected: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._fetch_of_batch: list[int] = []
        self._observation_count = 0
        self._bytes = 0
        self._since = time.monotonic()

    def _tables(self) -> dict[str, pa.Table]:
        fetches = _table(dataset("page_fetches"), _columns_of(self._fetches, dataset("page_fetches")))
        rejected = dataset("rejected_records")
        return {
            "page_fetches": fetches,
            "link_observations": self._links(fetches),
            "rejected_records": _table(rejected, _columns_of(self._rejected, rejected)),
        }

    def _links(self, fetches: pa.Table) -> pa.Table:
        """The observations of all pages, each with what is said of its fetch."""
        seen = pa.Table.from_batches(self._batches, SCHEMA).unify_dictionaries().combine_chunks()
        sizes = [batch.num_rows for batch in self._batches]
        of_fetch = cells_of(np.repeat(np.array(self._fetch_of_batch, np.int32), sizes))
        schema = dataset("link_observations").schema
        columns: list[Cells] = []
        for field in schema:
            if field.name in _IDS:
                columns.append(_ids(seen.column(_IDS[field.name])))
            elif field.name in SCHEMA.names:
                columns.append(seen.column(field.name).cast(field.type))
            else:
                columns.append(fetches.column(field.name).take(of_fetch))
        return pa.table(columns, schema=schema)

    def _write(self, name: str, table: pa.Table) -> PartFile:
        output = pa.BufferOutputStream()
        pq.write_table(table, output, compression="zstd", compression_level=3)
        content = output.getvalue()
        with open(self._journal.folder / name, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return PartFile(name, table.num_rows, content.size, hashlib.sha256(content).hexdigest())


def short_id(*parts: str | int) -> str:
    """16 hex digits that name a fetch or a rejection: BLAKE2b of the parts, joined by ``|``."""
    text = "|".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _fetch_row(crawl_id: str, fetch: Fetch, page: Page | None) -> dict[str, Any]:
    source, body, evidence = fetch.final, fetch.body, fetch.evidence
    return {
        "crawl_id": crawl_id,
        "fetch_id": fetch.fetch_id,
        "requested_url": fetch.requested.url,
        "requested_host": fetch.requested.host,
        "requested_domain": fetch.requested.domain,
        "source_url": source.url,
        "source_url_id": source.url_id,
        "source_host": source.host,
        "source_host_id": source.host_id,
        "source_domain": source.domain,
        "source_domain_id": source.domain_id,
        "source_icann_domain": source.icann_domain,
        "state": fetch.state,
        "status": fetch.status,
        "error": fetch.error,
        "redirect_chain": list(fetch.redirect_chain),
        "depth": fetch.depth,
        "fetched_at": fetch.fetched_at,
        "ip": fetch.ip,
        "content_type": fetch.content_type,
        "content_hash": None if body is None else hashlib.blake2b(body, digest_size=16).hexdigest(),
        "byte_count": 0 if body is None else len(body),
        "archive_file": evidence.archive_file if evidence else None,
        "archive_offset": evidence.archive_offset if evidence else None,
        "archive_length": evidence.archive_length if evidence else None,
        "record_kind": fetch.record_kind,
        "warc_file": fetch.warc_file,
        "warc_offset": fetch.warc_offset,
        "payload_digest": fetch.payload_digest,
        "other_target_count": fetch.other_target_count,
        **(_page_columns(page, fetch) if page else _NO_PAGE),
    }


def _page_columns(page: Page, fetch: Fetch) -> dict[str, Any]:
    same_domain = page.observations.count_to(fetch.final.domain)
    return {
        **{name: getattr(page, name) for name in _PAGE_FACTS},
        "published_at": _plausible(page.published_at, fetch.fetched_at),
        "modified_at": _plausible(page.modified_at, fetch.fetched_at),
        "robots_directives": list(page.robots_directives),
        "link_count": len(page.observations),
        "internal_link_count": same_domain,
        "external_link_count": len(page.observations) - same_domain,
        "rejected_link_count": len(page.rejected),
        "other_scheme_links": json.dumps(page.other_scheme_counts, sort_keys=True),
    }


def _plausible(date: datetime | None, fetched_at: datetime) -> datetime | None:
    """A date that a page gives of its past; none is more than a day (of time zones) to come."""
    return date if date is not None and date <= fetched_at + timedelta(days=1) else None


def _columns_of(rows: list[dict[str, Any]], table: Dataset) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in table.schema.names}


def _table(table: Dataset, columns: Mapping[str, Any]) -> pa.Table:
    schema = table.schema
    return pa.table([array_of(columns[field.name], field.type) for field in schema], schema=schema)


def _ids(names: Cells) -> Cells:
    """The ids of texts, each of which is hashed once."""
    return pa.chunked_array(
        [
            pa.array([text_id(name) for name in chunk.dictionary.to_pylist()], pa.int64()).take(chunk.indices)
            for chunk in names.chunks
        ],
        pa.int64(),
    )


def _readable(record: bytes) -> str:
    """At most MAX_RECORD_BYTES of UTF-8; a byte that is no text becomes U+FFFD."""
    text = record[:MAX_RECORD_BYTES].decode("utf-8", "replace")
    return text.encode()[:MAX_RECORD_BYTES].decode("utf-8", "ignore")
