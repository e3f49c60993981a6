"""Which captures an ingest already holds: one again is no second fetch, and a revisit refers to one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from crawlers.records import Revisit
from crawlers.sink import Fetch, short_id

_FRESH: Final = 1 << 16
_COLUMNS: Final = (
    "requested_url", "fetched_at", "status", "byte_count", "record_kind", "state", "payload_digest", "archive_file",
    "archive_offset",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Original:
    """The response that a revisit refers to, and where it lies."""

    url: str
    fetched_at: datetime
    archive_file: str
    archive_offset: int


class Captures:
    """The captures of an observation folder; those written before a kill are read back from its parts.

    One is known by its URL, time (WARC dates have whole seconds), status and length: 8 bytes of memory each. For
    revisits there is an index, which is built when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh: set[int] = set()
        self._known: Any = np.empty(0, np.uint64)
        self._originals: dict[object, Original] | None = None
        self._waiting: list[tuple[Original, str | None]] = []
        for row in self._rows():
            self._remember(_key(**row))

    def is_new(self, fetch: Fetch) -> bool:
        """Whether such a capture was not noted before; it is now."""
        size = 0 if fetch.body is None else len(fetch.body)
        key = _key(fetch.requested.url, fetch.fetched_at, fetch.status, size, fetch.record_kind, fetch.state)
        if key in self._fresh or self._is_known(key):
            return False
        self._remember(key)
        if fetch.record_kind == "warc" and fetch.state != "revisit_unresolved" and fetch.evidence:
            place = (fetch.evidence.archive_file, fetch.evidence.archive_offset)
            original = Original(fetch.requested.url, fetch.fetched_at, *place)
            self._waiting.append((original, fetch.payload_digest))
        return True

    def flushed(self) -> None:
        """Say that what was noted is in the folder's parts."""
        self._index_waiting()

    def original(self, revisit: Revisit) -> Original | None:
        """The capture that a revisit refers to: that of the URL and time that it names, else one with its digest."""
        if self._originals is None:
            self._originals = {}
            for row in self._rows():
                if row["record_kind"] == "warc" and row["state"] != "revisit_unresolved":
                    place = (row["archive_file"], row["archive_offset"])
                    self._index(Original(row["requested_url"], row["fetched_at"], *place), row["payload_digest"])
        self._index_waiting()
        named = self._originals.get((revisit.original_url, revisit.original_date))
        return named or (self._originals.get(revisit.digest) if revisit.digest else None)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self._folder.glob("page_fetches-*.parquet")):
            yield from pq.read_table(path, columns=list(_COLUMNS)).to_pylist()

    def _index(self, original: Original, digest: str | None) -> None:
        assert self._originals is not None
        self._originals.setdefault((original.url, original.fetched_at), original)
        if digest:
            self._originals.setdefault(digest, original)

    def _index_waiting(self) -> None:
        if self._originals is not None:
            for original, digest in self._waiting:
                self._index(original, digest)
        self._waiting.clear()

    def _remember(self, key: int) -> None:
        self._fresh.add(key)
        if len(self._fresh) == _FRESH:
            self._known = np.union1d(self._known, np.fromiter(self._fresh, np.uint64, _FRESH))
            self._fresh.clear()

    def _is_known(self, key: int) -> bool:
        at = int(np.searchsorted(self._known, np.uint64(key)))
        return at < len(self._known) and int(self._known[at]) == key


def _key(
    requested_url: str,
    fetched_at: datetime,
    status: int | None,
    byte_count: int,
    record_kind: str,
    state: str,
    **_: object,
) -> int:
    parts = (requested_url, fetched_at.isoformat(), status or 0, byte_count, record_kind, state)
    return int(short_id(*parts), 16)
