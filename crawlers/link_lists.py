"""Lists of links as other tools export them: whatever their header, separator and encoding, rows of source and target.

Headers as the tools write them (Ahrefs "Referring page URL", "Target URL", before 2022 "Link URL"; Majestic's
download-backlinks "Target URL,Source URL,Anchor Text,Source Crawl Date,…"; Semrush "Page ascore,Source title,Source
url,Target url,…"; Moz "URL,Title,Anchor Text,…,Target URL" behind some lines of preamble, URLs without their scheme;
Search Console "Linking page,Last crawled", no targets; Bing "Source Url,Anchor text,Target Url").
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import Misuse
from schemas.identity import CanonicalUrl, Rejected, judge

LIST_LIMIT: Final = 256 << 20
"""Most bytes of a list, decompressed."""

HEADER_LINES: Final = 20
"""How far from the top a header is looked for."""

ROW_LINES: Final = 50
"""Most lines of one row: titles and anchors may hold line ends."""

TEXT_KEPT: Final = 200

_SEPARATORS: Final = ",;\t|"
_SPACES: Final = re.compile(r"[\s_]+")
_NO_TEXT: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")


@dataclass(frozen=True, slots=True)
class Export:
    """How a tool names its columns, in lower case and with single spaces; one of ``signs`` tells it from the others."""

    tool: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    signs: tuple[str, ...]


EXPORTS: Final = (
    Export("ahrefs", ("referring page url",), ("target url", "link url"), ("referring page url",)),
    Export(
        "majestic",
        ("source url",),
        ("target url",),
        ("source crawl date", "sourcetrustflow", "source trustflow", "source trust flow", "flagnofollow"),
    ),
    Export("semrush", ("source url",), ("target url",), ("page ascore", "page score", "source title")),
    Export("moz", ("url", "source url"), ("target url",), ("page authority", "pa")),
    Export("gsc", ("linking page", "links"), (), ("linking page", "first discovered")),
    Export("bing", ("source url",), ("target url",), ("anchor text",)),
    Export(
        "generic",
        ("source url", "source", "url from", "from", "referring page", "linking page", "page", "backlink", "url"),
        ("target url", "target", "url to", "to", "link url", "link"),
        (),
    ),
)
"""In this order: the first whose columns and sign are there reads the list."""

TOOLS: Final = tuple(export.tool for export in EXPORTS)


@dataclass(frozen=True, slots=True)
class ListedLink:
    """A row: the line on which it begins, counted from 1; ``target`` is None in lists without targets."""

    line: int
    source: CanonicalUrl
    target: CanonicalUrl | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that names no link, and why."""

    line: int
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class LinkList:
    """What a list holds, by the tool whose header it has."""

    tool: str
    has_targets: bool
    rows: tuple[ListedLink | BadRow, ...]

    @property
    def links(self) -> list[ListedLink]:
        """The rows that name a link."""
        return [row for row in self.rows if isinstance(row, ListedLink)]

    @property
    def bad(self) -> list[BadRow]:
        """The rows that name none."""
        return [row for row in self.rows if isinstance(row, BadRow)]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns of a list stand; ``first`` is the index of its first line below the header."""

    tool: str
    separator: str
    source: int
    target: int | None
    first: int


def read_link_list(path: Path, tool: str | None = None) -> LinkList:
    """Read a list, by its header unless ``tool`` says whose it is.

    Raises:
        Misuse: it cannot be read, is no text, has no such header, or names no link.
    """
    lines = list(io.StringIO(_text(path), newline=""))
    layout = _layout(lines, tool, path)
    rows = tuple(_rows(lines, layout))
    if not any(isinstance(row, ListedLink) for row in rows):
        first = next((f", line {row.line}: {row.detail}" for row in rows if isinstance(row, BadRow)), "")
        raise Misuse(f"{path} names no link ({layout.tool}, {len(rows)} rows{first}): give a URL in each row")
    return LinkList(layout.tool, layout.target is not None, rows)


# -------------------------------------------------------------------- text


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            is_gzip = file.peek(2)[:2] == b"\x1f\x8b"  # as Majestic exports large lists
            source = gzip.GzipFile(fileobj=file) if is_gzip else file
            data = source.read(LIST_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Misuse(f"cannot read the list {path} ({getattr(error, 'strerror', None) or error})") from None
    if data.startswith(_NO_TEXT):
        raise Misuse(f"{path} is a workbook or archive, not text: export or save it as CSV")
    if len(data) > LIST_LIMIT:
        raise Misuse(f"{path} has more than {LIST_LIMIT >> 20} MiB: split it")
    return _decoded(data)


def _decoded(data: bytes) -> str:
    """As UTF-16 when a byte order mark or the NULs of ASCII letters say so, else UTF-8, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    beginning = data[:64]
    if beginning[1::2].count(0) > len(beginning) // 4:
        return data.decode("utf-16-le", "replace")
    if beginning[::2].count(0) > len(beginning) // 4:
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# -------------------------------------------------------------------- header


def _layout(lines: Sequence[str], tool: str | None, path: Path) -> _Layout:
    exports = [export for export in EXPORTS if tool in (None, export.tool)]
    for export in exports:
        for number, line in enumerate(lines[:HEADER_LINES]):
            for separator in _SEPARATORS:
                if found := _columns(_cells(line, separator), export, is_said=tool is not None):
                    return _Layout(export.tool, separator, *found, number + 1)
    if tool in (None, "generic", "gsc") and (layout := _without_header(lines, tool or "generic")):
        return layout
    seen = next((line.strip() for line in lines if line.strip()), "nothing")[:TEXT_KEPT]
    wanted = " or ".join(f"{e.sources[0]!r}{f', {e.targets[0]!r}' if e.targets else ''}" for e in exports)
    raise Misuse(
        f"{path} has no header of {tool or 'a known tool'} (it begins with {seen!r}): the columns wanted are {wanted}"
    )


def _columns(names: Sequence[str], export: Export, *, is_said: bool) -> tuple[int, int | None] | None:
    """Where source and target stand under these names, if they are those of the tool."""
    plain = [_SPACES.sub(" ", name.strip().strip("\ufeff\"'").lower()) for name in names]
    source = next((plain.index(name) for name in export.sources if name in plain), None)
    target = next((plain.index(name) for name in export.targets if name in plain), None)
    has_sign = not export.signs or is_said or not set(export.signs).isdisjoint(plain)
    if source is None or not has_sign or (target is None and export.targets and export.tool != "generic"):
        return None
    return source, target


def _without_header(lines: Sequence[str], tool: str) -> _Layout | None:
    """URLs from the first line on, or below a header in another language: sources first, then targets."""
    for number, line in enumerate(lines[:2]):
        for separator in _SEPARATORS:
            cells = _cells(line, separator)
            if cells and isinstance(_judged(cells[0]), CanonicalUrl):
                has_target = len(cells) > 1 and isinstance(_judged(cells[1]), CanonicalUrl)
                return _Layout(tool, separator, 0, 1 if has_target and tool == "generic" else None, number)
    return None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


# -------------------------------------------------------------------- rows


def _rows(lines: Sequence[str], layout: _Layout) -> Iterator[ListedLink | BadRow]:
    at = layout.first
    while at < len(lines):
        cells, count = _record(lines, at, layout.separator)
        if any(cell.strip() for cell in cells):
            yield _row(at + 1, cells, layout)
        at += count


def _record(lines: Sequence[str], at: int, separator: str) -> tuple[list[str], int]:
    """The cells of the row that begins there, and its lines; a quote that is never closed costs no other row."""
    reader = csv.reader(lines[at : at + ROW_LINES], delimiter=separator, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return _cells(lines[at], separator) or [lines[at]], 1


def _row(line: int, cells: Sequence[str], layout: _Layout) -> ListedLink | BadRow:
    text = layout.separator.join(cells)[:TEXT_KEPT]
    if len(cells) <= max(layout.source, layout.target or 0):
        return BadRow(line, text, f"has {len(cells)} cells, fewer than the header")
    source = _judged(cells[layout.source])
    target = None if layout.target is None else _judged(cells[layout.target])
    if isinstance(source, Rejected):
        return BadRow(line, text, f"the source is no web address ({source.reason})")
    if isinstance(target, Rejected):
        return BadRow(line, text, f"the target is no web address ({target.reason})")
    return ListedLink(line, source, target)


def _judged(cell: str) -> CanonicalUrl | Rejected:
    """The URL in a cell; without a scheme, as Moz writes them, it is that of http, which leads on to https."""
    cell = cell.strip()
    found = judge(cell)
    is_bare = isinstance(found, Rejected) and found.reason == "unparsable_url" and "." in cell.partition("/")[0]
    return judge(f"http://{cell}") if is_bare and "://" not in cell and " " not in cell else found
