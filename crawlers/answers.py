"""What an HTTP answer is: decoded within limits, HTML or not, and so a page or none."""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from fastwarc.stream_io import BrotliReader, ZstdReader

from crawlers.encoding import charset_of, unknown_charset
from crawlers.extract import REDIRECTS, Page, extract

BODY_LIMIT: Final = 10 << 20
"""Most decoded bytes of a body (DESIGN §5); what is larger is no page."""

MAX_CODINGS: Final = 2
"""Content codings undone, one around the other; more is an attack."""

Headers = Sequence[tuple[str, str]]

HTML_TYPES: Final = frozenset(["text/html", "application/xhtml+xml"])
_UNDECLARED: Final = frozenset(["", "unknown/unknown", "application/unknown", "*/*"])
"""Media types that say nothing: WHATWG MIME Sniffing §7 looks at the body."""

_BINARY: Final = (
    b"PK\x03\x04", b"%PDF-", b"\x1f\x8b", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"Rar!",
    b"\x28\xb5\x2f\xfd",
)  # fmt: skip
"""Beginnings of what is no HTML, whatever the header says (MIME Sniffing §6)."""

_HTML_TAG: Final = re.compile(
    rb"[\t\n\x0c\r ]*(?:<!--|<\?xml|<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title"
    rb"|b|body|br|p)[\t\n\x0c\r >])",
    re.IGNORECASE,
)
"""MIME Sniffing §7.1: what the beginning of undeclared HTML looks like."""

_SNIFFED: Final = 512
_MEDIA_TYPE_KEPT: Final = 255
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,256}\r?\n")
_STEP: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with its decoded body; not ``is_whole`` when the body goes on beyond the limit."""

    status: int
    headers: Headers
    body: bytes
    is_whole: bool = True

    @property
    def media_type(self) -> str | None:
        """Content-Type without parameters, lower case; None when there is none."""
        declared = first_header(self.headers, "content-type").partition(";")[0].strip().lower()
        return declared[:_MEDIA_TYPE_KEPT] or None


def read_page(answer: Answer, url: str) -> tuple[str, Page | None]:
    """The state (FETCH_STATE) of a final answer, and the page if it is HTML, whatever its status.

    A redirect is a page too, if only for the one link that it is.
    """
    state = state_of(answer.status)
    is_page = answer.is_whole and is_html(answer.media_type or "", answer.body)
    if is_page or answer.status in REDIRECTS:
        return state, extract(answer.body if is_page else b"", url, headers=answer.headers, status=answer.status)
    if state == "fetched":
        state = "not_html" if answer.is_whole or not is_html(answer.media_type or "", answer.body) else "too_large"
    return state, None


def charset_remark(answer: Answer, page: Page | None) -> str | None:
    """What is to be remarked of a page that names a charset which nobody knows; it is read as browsers read it."""
    if page is None or not answer.body:
        return None
    label = unknown_charset(answer.body, charset_of(first_header(answer.headers, "content-type")))
    return f"unknown charset {label[:40]!r}, read as {page.encoding}" if label else None


def is_html(media_type: str, body: bytes) -> bool:
    """Whether a body is HTML: declared so and nothing else plainly, or undeclared and looking like it."""
    if media_type in HTML_TYPES:
        return not body.startswith(_BINARY)
    return media_type in _UNDECLARED and _HTML_TAG.match(body[:_SNIFFED].removeprefix(b"\xef\xbb\xbf")) is not None


def first_header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Value of the first header of that name (lower case); empty when there is none."""
    return next((value for key, value in headers if key.lower() == name), "")


def decode_body(payload: bytes, headers: Headers, *, limit: int = BODY_LIMIT) -> tuple[bytes, bool]:
    """Undo transfer and content codings of a stored answer: at most ``limit`` bytes, and whether these are
    all.

    Archives often store what is already decoded and keep the header, or cut the body: what does not decode is
    taken as it is, and of what breaks off the sound beginning.
    """
    body = payload
    if "chunked" in first_header(headers, "transfer-encoding").lower():
        body = join_chunks(body)
    codings = [coding.strip().lower() for coding in first_header(headers, "content-encoding").split(",")]
    if len(codings) <= MAX_CODINGS:
        for coding in reversed(codings):
            body = _undo(coding, body, limit + 1)
    return body[:limit], len(body) <= limit


def state_of(status: int) -> str:
    """The state (FETCH_STATE) that a status alone means."""
    if 200 <= status < 300:
        return "fetched"
    return "redirect_unresolved" if 300 <= status < 400 else "http_error"


def join_chunks(body: bytes) -> bytes:
    """Chunks joined; where chunking goes wrong, the rest as it is; without a sound first chunk, the body."""
    joined = bytearray()
    position = 0
    while match := _CHUNK_SIZE.match(body, position):
        begin, size = match.end(), int(match[1], 16)
        if size == 0:
            return bytes(joined)
        chunk = body[begin : begin + size]
        is_sound = len(chunk) == size and body[begin + size : begin + size + 1] in (b"\r", b"\n", b"")
        if not is_sound and position == 0:
            return body
        if not is_sound:
            break
        joined += chunk
        position = begin + size
        while body[position : position + 1] in (b"\r", b"\n"):
            position += 1
    return bytes(joined) + body[position:]


def _undo(coding: str, body: bytes, limit: int) -> bytes:
    if coding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return _inflate(body, 31, limit) or body
    if coding == "deflate":  # zlib data by RFC 9110, raw deflate from some servers
        return _inflate(body, 15, limit) or _inflate(body, -15, limit) or body
    if coding == "br":
        return _drain(BrotliReader(BytesIO(body)), limit) or body
    if coding == "zstd":
        return _drain(ZstdReader(BytesIO(body)), limit) or body
    return body


def _inflate(body: bytes, window_bits: int, limit: int) -> bytes:
    return b"".join(_inflated(body, window_bits, limit))


def _inflated(body: bytes, window_bits: int, limit: int) -> Iterator[bytes]:
    """What can be inflated, in pieces: a broken end costs no sound beginning."""
    decompressor = zlib.decompressobj(window_bits)
    for start in range(0, len(body), _STEP):
        try:
            piece = decompressor.decompress(body[start : start + _STEP], limit)
        except zlib.error:
            return
        yield piece
        limit -= len(piece)
        if limit <= 0 or decompressor.eof:
            return


def _drain(reader: BrotliReader | ZstdReader, limit: int) -> bytes:
    data = bytearray()
    try:
        while len(data) < limit and (piece := reader.read(min(_STEP, limit - len(data)))):
            data += piece
    except OSError:
        pass
    return bytes(data)
