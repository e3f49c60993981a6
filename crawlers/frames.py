"""Where the records of a web archive begin and end, whatever has happened to the file.

FastWARC trusts a record's Content-Length and ends in silence where a file is cut: one wrong length costs the
records behind it. So the file is first cut into *frames*: in a compressed archive a gzip member or zstd frame
(one for each record, WARC 1.1 annex D), in a plain one a record. What lies between frames or cannot be
decompressed is damage, and the next frame is searched for behind it.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from backports.zstd import ZstdDecompressor, ZstdError

from crawlers.sources import Readable

Kind = Literal["gzip", "zstd", "plain"]

FRAME_LIMIT: Final = 64 << 20
"""Most decompressed bytes of a frame that are kept: bounds memory against bombs and huge records."""

HEADER_LIMIT: Final = 32 << 10
"""Longest WARC header that is read, FastWARC's own limit."""

WARC: Final = b"WARC/"

_MAGIC: Final[dict[Kind, bytes]] = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "plain": WARC}
_CHUNK: Final = 64 << 10
_SCAN: Final = 1 << 20
_DAMAGE_KEPT: Final = 4096
_PROBE: Final = 4096
_BEGINNING: Final = 64
_ZSTD_BLOCK: Final = 132 << 10
"""zstd gives nothing before it has read a block whole, of up to 128 KiB (RFC 8878 §3.1.1.2)."""

_RECORD: Final = re.compile(rb"WARC/\d\.\d+\r?\n")
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH: Final = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BLANK: Final = re.compile(rb"[\r\n]*")


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of the file: offset and length in bytes, and its decompressed bytes, at most FRAME_LIMIT of
    them (not ``is_whole`` when there are more). With ``damage``, in words, ``data`` is the raw beginning of
    the stretch."""

    offset: int
    length: int
    data: bytes
    is_whole: bool = True
    damage: str = ""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record, from ``WARC/`` to the end of its block; with ``problem``, in words, its end is a guess."""

    data: bytes
    is_whole: bool = True
    problem: str = ""


def kind_of(beginning: bytes) -> Kind | None:
    """How an archive is compressed, by the first bytes of the file; None when it cannot be a web archive."""
    return next((kind for kind, magic in _MAGIC.items() if beginning.startswith(magic)), None)


def read_frames(file: Readable, size: int, kind: Kind, start: int = 0) -> Iterator[Frame]:
    """The frames from offset ``start`` on, in order; together they cover the file to its last byte."""
    offset = start
    while offset < size:
        frame = _plain(file, offset, size) if kind == "plain" else _compressed(file, offset, size, kind)
        if isinstance(frame, str):
            end = _next_frame(file, offset + 1, size, kind)
            raw = _read(file, offset, min(end - offset, _DAMAGE_KEPT))
            frame = Frame(offset, end - offset, raw, damage=frame)
        yield frame
        offset += frame.length


def begins_near(file: Readable, size: int, kind: Kind) -> bool:
    """Whether a record begins in the first MiB: an archive may be damaged where it begins."""
    reaches = (min(size, reach) for reach in (_DAMAGE_KEPT, _SCAN))
    return any(_next_frame(file, 0, reach, kind) < reach for reach in reaches)


def split_records(frame: Frame) -> Iterator[RawRecord]:
    """The records of an undamaged frame: one, unless several were compressed together."""
    data = frame.data
    begin = _after_blank(data, 0)
    while begin < len(data):
        end, problem = _record_end(data, begin, frame.is_whole)
        yield RawRecord(data[begin:end], end <= len(data), problem)
        begin = _after_blank(data, end)


def block_of(record: RawRecord) -> bytes:
    """The block of a whole record."""
    block, length, _ = _claim(record.data, 0)
    return record.data[block : block + length]


def _record_end(data: bytes, begin: int, is_whole: bool) -> tuple[int, str]:
    """End of the record at ``begin`` (behind the data when the rest was not kept), and what is wrong."""
    block, length, problem = _claim(data, begin)
    if not problem:
        end = block + length
        if end > len(data) and not is_whole:
            return end, ""
        follower = _after_blank(data, end)
        if end <= len(data) and (follower == len(data) or data.startswith(WARC, follower)):
            return end, ""
        problem = f"Content-Length says {length}, which is not where the record ends"
    match = _RECORD.search(data, block)
    return match.start() if match else len(data), problem


def _claim(data: bytes, begin: int) -> tuple[int, int, str]:
    """Begin of the block, its length as the header claims, and what is wrong with the header."""
    end = _HEADER_END.search(data, begin, begin + HEADER_LIMIT)
    if end is None:
        return begin + len(WARC), 0, f"the WARC header does not end within {HEADER_LIMIT} bytes"
    another = _RECORD.search(data, begin + len(WARC), end.start())
    if another is not None and data[another.start() - 1 : another.start()] == b"\n":
        return another.start(), 0, "the WARC header does not end before the next record begins"
    length = _CONTENT_LENGTH.search(data, begin, end.start() + 1)
    if length is None:
        return end.end(), 0, "the WARC header has no usable Content-Length"
    return end.end(), int(length[1]), ""


def _after_blank(data: bytes, position: int) -> int:
    match = _BLANK.match(data, position)
    return match.end() if match else position


def _plain(file: Readable, offset: int, size: int) -> Frame | str:
    """The record of an uncompressed archive at ``offset``, or what is there instead."""
    head = _read(file, offset, HEADER_LIMIT)
    if not head.startswith(WARC):
        return "no WARC record begins here"
    block, length, problem = _claim(head, 0)
    end = offset + block + length
    behind = _read(file, end, 64) if end <= size else b""
    follower = end + _after_blank(behind, 0)
    if problem or end > size or (follower < size and not behind.startswith(WARC, follower - end)):
        end = follower = _next_frame(file, offset + block, size, "plain")
    data = _read(file, offset, min(end - offset, FRAME_LIMIT))
    return Frame(offset, follower - offset, data, len(data) == end - offset)


def _compressed(file: Readable, offset: int, size: int, kind: Kind) -> Frame | str:
    """The gzip member or zstd frame at ``offset`` with a record in it, or what is there instead.

    Some writers end the member behind the WARC header: what such a record lacks is taken from the next
    member.
    """
    frame = _member(file, offset, size, kind, FRAME_LIMIT)
    if isinstance(frame, str):
        return frame
    if frame.data and not frame.data.startswith(WARC, _after_blank(frame.data, 0)):
        return f"a {kind} member without a WARC record"
    while frame.is_whole and _is_short(frame.data) and not _begins_record(file, offset + frame.length, kind):
        more = _member(file, offset + frame.length, size, kind, FRAME_LIMIT - len(frame.data))
        if isinstance(more, str):
            break
        frame = Frame(offset, frame.length + more.length, frame.data + more.data, more.is_whole)
    return frame


def _member(file: Readable, offset: int, size: int, kind: Kind, room: int) -> Frame | str:
    """Decompress one member, at most ``room`` bytes of it, or say why that cannot be done."""
    decompressor = _decompressor(kind)
    data = bytearray()
    position = offset
    try:
        while not decompressor.eof and len(data) <= room:
            chunk = _read(file, position, _CHUNK) if decompressor.needs_input else b""
            if decompressor.needs_input and not chunk:
                return f"the file ends inside a {kind} member"
            position += len(chunk)
            data += decompressor.decompress(chunk, room + 1 - len(data))
    except (zlib.error, ZstdError) as error:
        return f"no sound {kind} member: {error}"
    end = (
        position - len(decompressor.unused_data)
        if decompressor.eof
        else _next_frame(file, max(offset + 1, position - _CHUNK), size, kind)
    )
    return Frame(offset, end - offset, bytes(data[:room]), len(data) <= room)


def _is_short(data: bytes) -> bool:
    """Whether the first record claims more bytes than there are."""
    block, length, problem = _claim(data, _after_blank(data, 0))
    return bool(data) and not problem and block + length > len(data)


def _decompressor(kind: Kind) -> "_Gunzip | ZstdDecompressor":
    return _Gunzip() if kind == "gzip" else ZstdDecompressor()


class _Gunzip:
    """zlib behind the interface that the zstd, bz2 and lzma decompressors share."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _next_frame(file: Readable, start: int, size: int, kind: Kind) -> int:
    """Offset of the next frame that begins at or behind ``start``; the file's size when none does."""
    pattern = _RECORD if kind == "plain" else re.compile(re.escape(_MAGIC[kind]))
    while start < size:
        block = _read(file, start, min(_SCAN, size - start))
        for match in pattern.finditer(block):
            if kind == "plain" or _begins_record(file, start + match.start(), kind):
                return start + match.start()
        if start + len(block) >= size:
            break
        start += len(block) - 32  # a mark across two blocks is found in the second
    return size


def _begins_record(file: Readable, offset: int, kind: Kind) -> bool:
    """Whether what looks like a member holds a WARC record: any three bytes occur in compressed data."""
    decompressor = _decompressor(kind)
    beginning, position = b"", offset
    try:
        while len(beginning) < _BEGINNING and not decompressor.eof and position - offset < _ZSTD_BLOCK:
            position += _PROBE
            beginning += decompressor.decompress(_read(file, position - _PROBE, _PROBE), _BEGINNING - len(beginning))
    except (zlib.error, ZstdError):
        return False
    return beginning.startswith(WARC, _after_blank(beginning, 0))


def _read(file: Readable, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)
