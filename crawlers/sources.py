"""Where the bytes of an archive lie (a file, an S3 bucket, a web server), read by position and with patience.

A remote archive is read in ranges, one request at a time. What fails for a while (429, 5xx, a cut or stalled body) is
asked for again from the byte where it broke off, later each time; what does not mend ends with the file and the offset.
"""

import os
import random
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self
from urllib.parse import urlsplit

from pyarrow.fs import FileType, S3FileSystem

from schemas.errors import ArchiveError

BLOCK: Final = 8 << 20
"""Bytes asked for at once; two blocks are held, because resynchronising looks back."""

_PIECE: Final = 64 << 10
_TIMEOUT: Final = 60.0
_BLOCK_SECONDS: Final = 600.0
_TRANSIENT: Final = frozenset([408, 425, 429, 500, 502, 503, 504])
_NETWORK_ERRORS: Final = (urllib.error.URLError, HTTPException, ssl.SSLError, OSError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a failing source is tried: so many times without progress, waiting twice as long each time."""

    attempts: int = 6
    seconds: float = 1.0
    most_seconds: float = 120.0

    def wait(self, failures: int, asked_for: float | None) -> None:
        """Sleep as long as the server asked for, else for a random share of the doubled time (so that many readers do
        not come back at once)."""
        doubled = min(self.seconds * 2 ** (failures - 1), self.most_seconds)
        time.sleep(doubled * random.uniform(0.5, 1) if asked_for is None else min(asked_for, self.most_seconds))


@dataclass(frozen=True, slots=True)
class Reading:
    """How archives are read: under which name, and with how much patience."""

    user_agent: str = "linklake"
    patience: Patience = Patience()


class Readable(Protocol):
    """What frames are cut from."""

    def seek(self, offset: int, /) -> int:
        """Go to that byte."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes from there on; none at the end."""


class Source(Protocol):
    """An open archive of known size; closed when its ``with`` ends."""

    size: int

    def seek(self, offset: int, /) -> int:
        """Go to that byte."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes from there on; none at the end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def is_remote(place: str) -> bool:
    """Whether a place is no path of this machine."""
    return place.startswith(("s3://", "http://", "https://"))


def base_name(place: str) -> str:
    """The name of the file, whatever the folders, bucket or query."""
    return os.path.basename(urlsplit(place).path if is_remote(place) else place)


def same_place(place: str) -> str:
    """Equal for two spellings of one place."""
    return place if is_remote(place) else os.path.realpath(place)


def open_source(place: str, reading: Reading) -> Source:
    """Open a path, an ``s3://bucket/key`` or an ``http(s)://`` URL.

    Raises:
        ArchiveError: it is not there, or cannot be read.
    """
    if not is_remote(place):
        return _File(place)
    remote = _S3Object(place) if place.startswith("s3://") else _WebFile(place, reading.user_agent)
    return _Remote(remote, reading.patience)


class _File:
    """A file of this machine."""

    def __init__(self, place: str) -> None:
        try:
            self._file: BinaryIO = open(place, "rb", buffering=0)  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise _unreadable(place, error.strerror or str(error)) from None
        self.size = os.fstat(self._file.fileno()).st_size
        self.seek, self.read = self._file.seek, self._file.read

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class _Failure(Exception):
    """Reading failed for now; ``seconds`` is when the server wants to be asked again, ``got`` what came before."""

    def __init__(self, reason: str, *, seconds: float | None = None, got: bytes = b"") -> None:
        super().__init__(reason)
        self.seconds, self.got = seconds, got


class _Ranged(Protocol):
    """A remote file that answers ranges."""

    place: str

    def measure(self) -> int:
        """Its size in bytes."""

    def fetch(self, offset: int, length: int) -> bytes:
        """Exactly that range."""

    def close(self) -> None:
        """Let go of what it holds."""


class _Remote:
    """A remote file as one that can be sought and read."""

    def __init__(self, remote: _Ranged, patience: Patience) -> None:
        self._remote, self._patience = remote, patience
        self._blocks: dict[int, bytes] = {}
        self._position = 0
        self.size = 0
        self.size = self._patiently(0, remote.measure)

    def seek(self, offset: int, /) -> int:
        self._position = offset
        return offset

    def read(self, size: int, /) -> bytes:
        end = min(self._position + size, self.size)
        pieces = []
        while self._position < end:
            number, start = divmod(self._position, BLOCK)
            piece = self._block(number)[start : start + end - self._position]
            pieces.append(piece)
            self._position += len(piece)
        return b"".join(pieces)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            while len(self._blocks) > 1:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = self._fetch(number * BLOCK, min(BLOCK, self.size - number * BLOCK))
        return self._blocks[number]

    def _fetch(self, offset: int, length: int) -> bytes:
        """That range; what came before a body was cut is kept, and counts as progress when it is worth a request."""
        data = bytearray()

        def go_on() -> int:
            try:
                data.extend(self._remote.fetch(offset + len(data), length - len(data)))
            except _Failure as failure:
                data.extend(failure.got)
                if len(failure.got) < _PIECE and len(data) < length:
                    raise
            return len(data)

        while len(data) < length:
            self._patiently(offset + len(data), go_on)
        return bytes(data)

    def _patiently(self, offset: int, act: Callable[[], int]) -> int:
        for failures in range(1, self._patience.attempts + 1):
            try:
                return act()
            except _Failure as failure:
                if failures == self._patience.attempts:
                    raise ArchiveError(
                        f"cannot read {self._remote.place} from offset {offset} on ({failure}), tried {failures} "
                        "times: what was read before is safe, run the same command with the same --crawl-id later"
                    ) from None
                self._patience.wait(failures, failure.seconds)
        raise AssertionError("the last attempt returned or raised")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks.clear()
        self._remote.close()


# -------------------------------------------------------------------- web servers


@cache
def _opener() -> urllib.request.OpenerDirector:
    """http(s) and nothing else, wherever a redirect leads."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


class _WebFile:
    """A file behind a web server; of one that knows no ranges the whole is fetched once, into a temporary file."""

    def __init__(self, place: str, user_agent: str) -> None:
        self.place = place
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._size: int | None = None
        self._tag: str | None = None
        self._whole: Any = None

    def measure(self) -> int:
        try:
            with self._open(method="HEAD") as answer:
                length, self._tag = answer.headers["Content-Length"], _strong(answer.headers["ETag"])
                self._size = int(length) if length and length.isdigit() else None
        except ArchiveError:
            self._size = None  # some servers refuse HEAD: the first range says as well whether it is there
        if self._size is None:
            with self._open(Range="bytes=0-0") as answer:
                self._tag = _strong(answer.headers["ETag"])
                self._size = self._spool(answer) if answer.status == 200 else _total(answer.headers)
        return self._size

    def fetch(self, offset: int, length: int) -> bytes:
        if self._whole is not None:
            self._whole.seek(offset)
            return bytes(self._whole.read(length))
        with self._open(Range=f"bytes={offset}-{offset + length - 1}", **self._condition()) as answer:
            if answer.status == 200:
                size = self._spool(answer)
                self._check(size)
                return self.fetch(offset, length)
            begins = (answer.headers["Content-Range"] or "").removeprefix("bytes ").partition("-")[0]
            if begins.strip() != str(offset):
                raise _Failure("the server sent another range than it was asked for")
            self._check(_total(answer.headers))
            return _body(answer, length)

    def close(self) -> None:
        if self._whole is not None:
            self._whole.close()

    def _condition(self) -> dict[str, str]:
        return {"If-Match": self._tag} if self._tag else {}

    def _check(self, size: int) -> None:
        if size != self._size:
            raise ArchiveError(f"{self.place} changed while it was read: ingest it again with another --crawl-id")

    def _spool(self, answer: Any) -> int:
        whole = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        size, expected = 0, answer.headers["Content-Length"]
        try:
            while piece := answer.read(_PIECE):
                size += whole.write(piece)
        except _NETWORK_ERRORS as error:
            whole.close()
            raise _Failure(_words(error)) from None
        if expected and expected.isdigit() and size != int(expected):
            whole.close()
            raise _Failure(f"the body was cut after {size} of {expected} bytes")
        self._whole = whole
        return size

    def _open(self, *, method: str = "GET", **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.place, headers=self._headers | given, method=method)
        try:
            return _opener().open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                reason = f"HTTP {error.code} {error.reason}".strip()
                if error.code in (412, 416) and self._size is not None:
                    raise ArchiveError(
                        f"{self.place} changed while it was read ({reason}): ingest it again with another --crawl-id"
                    ) from None
                # Before the first byte a refusal is an answer; later it may pass, as credentials are renewed.
                if error.code in _TRANSIENT or self._size is not None:
                    raise _Failure(reason, seconds=_retry_after(error.headers)) from None
                raise _unreadable(self.place, reason) from None
        except _NETWORK_ERRORS as error:
            raise _Failure(_words(error)) from None


def _body(answer: Any, length: int) -> bytes:
    """The body, of ``length`` bytes; one that is cut, or takes too long, fails with what came of it."""
    data = bytearray()
    deadline = time.monotonic() + _BLOCK_SECONDS
    try:
        while len(data) < length and (piece := answer.read1(min(_PIECE, length - len(data)))):
            data += piece
            if time.monotonic() > deadline:
                raise _Failure(f"{length} bytes took more than {_BLOCK_SECONDS:.0f} seconds", got=bytes(data))
    except _NETWORK_ERRORS as error:
        raise _Failure(_words(error), got=bytes(data)) from None
    if len(data) < length:
        raise _Failure(f"the body was cut after {len(data)} of {length} bytes", got=bytes(data))
    return bytes(data)


def _total(headers: Message) -> int:
    """The size of the whole file in ``Content-Range: bytes 0-0/1234`` (RFC 9110 §14.4)."""
    total = (headers["Content-Range"] or "").rpartition("/")[2].strip()
    if not total.isdigit():
        raise _Failure("the server does not say how large the file is")
    return int(total)


def _strong(tag: str | None) -> str | None:
    return tag if tag and tag.startswith('"') else None


def _retry_after(headers: Message) -> float | None:
    """Seconds or a date (RFC 9110 §10.2.3)."""
    text = (headers["Retry-After"] or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


# -------------------------------------------------------------------- S3


@cache
def _s3(endpoint: str) -> S3FileSystem:
    """The bucket's file system; credentials and region come from the environment, as for every AWS tool."""
    scheme, _, host = endpoint.rpartition("://")
    given: dict[str, Any] = {"endpoint_override": host, "scheme": scheme or "https"} if endpoint else {}
    return S3FileSystem(request_timeout=_TIMEOUT, connect_timeout=10, **given)


class _S3Object:
    """An object in a bucket; each range is asked for only while the object is the one that was measured."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._path = place.removeprefix("s3://")
        self._files = _s3(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
        self._first: tuple[int, int | None] | None = None
        self._file: Any = None

    def measure(self) -> int:
        info = self._info()
        if info.type != FileType.File:
            raise _unreadable(self.place, "there is no such object")
        self._first = (info.size, info.mtime_ns)
        return int(info.size)

    def fetch(self, offset: int, length: int) -> bytes:
        info = self._info()
        if info.type != FileType.File:
            raise _Failure("the object is gone")
        if (info.size, info.mtime_ns) != self._first:
            raise ArchiveError(f"{self.place} changed while it was read: ingest it again with another --crawl-id")
        try:
            self._file = self._file or self._files.open_input_file(self._path)
            self._file.seek(offset)
            data = bytes(self._file.read(length))
        except OSError as error:
            raise _Failure(_words(error)) from None
        if len(data) < length:
            raise _Failure(f"the body was cut after {len(data)} of {length} bytes", got=data)
        return data

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _info(self) -> Any:
        try:
            return self._files.get_file_info(self._path)
        except OSError as error:
            if self._first is None and "ACCESS_DENIED" in str(error):
                raise _unreadable(self.place, "access denied: are AWS_* credentials set?") from None
            raise _Failure(_words(error)) from None


def _words(error: BaseException) -> str:
    """One line."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return " ".join(str(reason).split())[:300] or type(error).__name__


def _unreadable(place: str, reason: str) -> ArchiveError:
    return ArchiveError(f"cannot read {place} ({reason}): check the path and its permissions")
