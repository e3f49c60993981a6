"""Answers fetched live become a web archive: a WARC/1.1 response record each, in a gzip member of its own.

A record is on the disk before the row that names it: `Sink` asks for that before it acknowledges a part. What a kill
leaves behind the last acknowledged record is cut off when the crawl goes on.
"""

import base64
import gzip
import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final, Self

from crawlers.sink import Evidence
from schemas.durable import fsync_path
from schemas.lake import CODE_VERSION

_DROPPED: Final = frozenset(["transfer-encoding", "connection", "keep-alive"])
"""Headers of the connection, not of what was sent over it: the client has joined the chunks."""


@dataclass(frozen=True, slots=True)
class Captured:
    """An answer as it came: body with its content coding, which the headers name; not ``is_whole`` when it was cut."""

    url: str
    fetched_at: datetime
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    ip: str | None
    is_whole: bool = True


class WarcWriter:
    """Appends records to one file; one process at a time may (the journal's lock sees to that)."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file

    @classmethod
    def open(cls, path: Path, *, name: str, sound_bytes: int) -> Self:
        """Begin the archive, or carry it on behind its first ``sound_bytes``: what follows was never acknowledged.

        ``name`` is what evidence calls it.

        Raises:
            OSError: it cannot be written, or is shorter than that.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab")  # noqa: SIM115 - closed by close()
        size = file.seek(0, os.SEEK_END)
        if size < sound_bytes:
            file.close()
            raise OSError(f"{path} has {size} bytes, of which {sound_bytes} were acknowledged: restore it")
        file.truncate(sound_bytes)
        file.seek(0, os.SEEK_END)
        writer = cls(name, file)
        if sound_bytes == 0:
            writer._append(_warcinfo(path.name))
            writer.keep()
            fsync_path(path.parent)
        return writer

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def write(self, answer: Captured) -> Evidence:
        """Append an answer; where it stands."""
        offset = self.size
        self._append(_response(answer))
        return Evidence(self._name, offset, self.size - offset)

    def keep(self) -> None:
        """Wait until what was written is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _append(self, record: bytes) -> None:
        self._file.write(gzip.compress(record, compresslevel=6, mtime=0))


def _response(answer: Captured) -> bytes:
    message = _http_head(answer) + answer.body
    fields = [
        ("WARC-Type", "response"),
        ("WARC-Target-URI", answer.url),
        ("WARC-Date", answer.fetched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")),
        ("WARC-Payload-Digest", _digest(answer.body)),
        ("WARC-Block-Digest", _digest(message)),
        ("Content-Type", "application/http; msgtype=response"),
    ]
    if answer.ip:
        fields.append(("WARC-IP-Address", answer.ip))
    if not answer.is_whole:
        fields.append(("WARC-Truncated", "length"))
    return _record(fields, message)


def _warcinfo(name: str) -> bytes:
    block = f"software: linklake/{CODE_VERSION}\r\nformat: WARC File Format 1.1\r\n".encode()
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = [("WARC-Type", "warcinfo"), ("WARC-Date", when), ("WARC-Filename", name)]
    return _record([*fields, ("Content-Type", "application/warc-fields")], block)


def _record(fields: Sequence[tuple[str, str]], block: bytes) -> bytes:
    named = [*fields, ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid4()}>"), ("Content-Length", str(len(block)))]
    head = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named) + "\r\n"
    return head.encode("utf-8", "replace") + block + b"\r\n\r\n"


def _http_head(answer: Captured) -> bytes:
    """The status line and headers of HTTP/1.1, of which the client keeps neither version nor reason; lengths are those
    of the body as it is stored."""
    phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else ""
    kept = [(name, value) for name, value in answer.headers if name.lower() not in _DROPPED | {"content-length"}]
    lines = [f"{_flat(name)}: {_flat(value)}\r\n" for name, value in [*kept, ("Content-Length", str(len(answer.body)))]]
    return f"HTTP/1.1 {answer.status} {phrase}\r\n{''.join(lines)}\r\n".encode("latin-1", "replace")


def _flat(text: str) -> str:
    """On one line: a header that could begin another would be another."""
    return text.replace("\r", " ").replace("\n", " ")


def _digest(data: bytes) -> str:
    return "sha256:" + base64.b32encode(hashlib.sha256(data).digest()).decode().rstrip("=")
