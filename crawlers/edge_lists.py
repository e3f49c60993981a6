"""Reads edge lists that were made elsewhere: Parquet, TSV or CSV, names taken as given."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute, csv

from schemas.errors import ArchiveError, Misuse
from schemas.identity import host_facts, text_id

Node = Literal["host", "domain"]
Array = Any
pc: Final[Any] = compute
pa_csv: Final[Any] = csv
"""pyarrow's type stubs know less than it can."""

_COUNTS: Final = {"link_count": ("link_count", "links"), "followed_link_count": ("followed_link_count", "followed")}
_MOST_KEPT_REJECTS: Final = 10_000
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_RECORD_CHARACTERS: Final = 4096
_BLOCK_BYTES: Final = 8 << 20
_BYTE_ORDER_MARK: Final = "\ufeff".encode().decode("latin-1")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used: its file, number (from 1, header and blank lines not counted) and text."""

    path: Path
    number: int
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class EdgeList:
    """An edge list with ids.

    ``edges``: source_<node>, source_<node>_id, target_<node>, target_<node>_id, link_count, followed_link_count, one
    row per row of the file that can be used. ``nodes``: <node>, <node>_id, one row per distinct name. ``rejected``
    holds the first 10,000 of ``rejected_count``. ``loop_count`` rows lead from a node to itself (they become no edge);
    of the names, which are taken as given, ``odd_names`` look like no host (no registrable domain).
    """

    node: Node
    edges: pa.Table
    nodes: pa.Table
    rejected: tuple[RejectedRow, ...]
    rejected_count: int
    loop_count: int
    odd_names: tuple[str, ...]


def read_edge_list(path: Path, *, node: Node | None, nodes_path: Path | None = None) -> EdgeList:
    """Read edges from ``path`` and further nodes from ``nodes_path``.

    Columns ``source_domain, target_domain`` or ``source_host, target_host``; optional ``link_count`` (or ``links``;
    1 where absent) and ``followed_link_count`` (or ``followed``; as link_count where absent). With ``node`` given,
    plain ``source, target`` do as well.

    Raises:
        ArchiveError: a file is missing, cannot be read, or has rows of which not one can be used.
        Misuse: its columns are not those of an edge list, or not of that kind of node.
    """
    listed = _read(path)
    node, source, target = _ends(listed, node)
    sources, targets = listed.texts(source), listed.texts(target)
    counts = {name: listed.whole_numbers(aliases) for name, aliases in _COUNTS.items()}
    links: Array = counts["link_count"]
    links = links if links is not None else pa.repeat(pa.scalar(1, pa.int64()), len(sources))
    followed = counts["followed_link_count"] if counts["followed_link_count"] is not None else links
    usable = listed.usable(
        (pc.and_(_is_named(sources), _is_named(targets)), "a name is missing or is not UTF-8"),
        (pc.greater(links, 0), "links must be a whole number from 1 on"),
        (_is_between(followed, links), "followed must be a whole number from 0 to links"),
    )
    sources, targets, links, followed = (column.filter(usable) for column in (sources, targets, links, followed))
    extra, rejects = _node_names(nodes_path, node) if nodes_path else (pa.array([], pa.string()), _Rejects(path))
    names: Array = pc.unique(pa.chunked_array([sources, targets, extra]))
    ids = pa.array([text_id(name) for name in names.to_pylist()], pa.int64())
    edges = pa.table(
        {
            f"source_{node}": sources,
            f"source_{node}_id": ids.take(pc.index_in(sources, value_set=names)),
            f"target_{node}": targets,
            f"target_{node}_id": ids.take(pc.index_in(targets, value_set=names)),
            "link_count": links,
            "followed_link_count": followed,
        }
    )
    kept = (*listed.rejects.kept, *rejects.kept)
    nodes = pa.table({node: names, f"{node}_id": ids})
    loops = int(pc.sum(pc.equal(sources, targets)).as_py() or 0)
    odd = tuple(name for name in names.to_pylist() if _is_odd(name, node))
    return EdgeList(node, edges, nodes, kept, listed.rejects.count + rejects.count, loops, odd)


def _is_odd(name: str, node: Node) -> bool:
    """Whether a name is none that a crawl would give such a node: another spelling, one label, a host as domain."""
    return _NAME.fullmatch(name) is None or (node == "domain" and host_facts(name)[0] != name)


@dataclass(slots=True)
class _Rejects:
    path: Path
    kept: list[RejectedRow] = field(default_factory=list)
    count: int = 0
    skipped: list[int] = field(default_factory=list)
    """Numbers of the rows that the reader left out, in order: rows of the table behind them have greater numbers."""

    def add(self, number: int, text: str, detail: str) -> None:
        self.count += 1
        if len(self.kept) < _MOST_KEPT_REJECTS:
            self.kept.append(RejectedRow(self.path, number, text[:_RECORD_CHARACTERS], detail))

    def skip(self, row: Any) -> str:
        """Called by the reader for a row with too few or too many cells."""
        number = row.number - 1
        self.skipped.append(number)
        self.add(number, _decoded(row.text), f"{row.actual_columns} columns instead of {row.expected_columns}")
        return "skip"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file as a table; in one read from text every cell is a string in which each character stands for a byte."""

    path: Path
    table: pa.Table
    is_text: bool
    rejects: _Rejects

    def texts(self, name: str) -> Array:
        """A column of names, NULL where one is not UTF-8."""
        column = self._column(name)
        if self.is_text:
            return _as_utf8(column)
        kinds = (pa.types.is_null, pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
        if any(is_kind(column.type) for is_kind in kinds):
            return column.cast(pa.string())
        raise Misuse(f"{self.path}: column {name} is {column.type}, not text: names of hosts or domains are needed")

    def whole_numbers(self, aliases: Sequence[str]) -> Array | None:
        """The first of the columns that is there, NULL where a cell is no whole number; None when there is none."""
        name = next((name for name in aliases if name in self.table.column_names), None)
        if name is None:
            return None
        column = self._column(name)
        if self.is_text:
            is_number = pc.match_substring_regex(column, "^[0-9]{1,18}$")
            return pc.if_else(is_number, column, pa.scalar(None, column.type)).cast(pa.int64())
        if not pa.types.is_integer(column.type):
            raise Misuse(f"{self.path}: column {name} is {column.type}, not whole numbers")
        return column.cast(pa.int64(), safe=False)  # past 2**63 it turns negative, and is rejected for that

    def usable(self, *rules: tuple[Array, str]) -> Array:
        """Which rows keep every rule; another is rejected with the words of the first rule that it breaks.

        Raises:
            ArchiveError: there are rows, and not one can be used.
        """
        usable = pa.repeat(pa.scalar(True), len(self.table))
        rows_before = [number - 1 - at for at, number in enumerate(self.rejects.skipped)]
        for kept, detail in rules:
            kept = pc.fill_null(kept, False)
            for at in pc.indices_nonzero(pc.and_not(usable, kept)).to_pylist():
                self.rejects.add(at + 1 + bisect_right(rows_before, at), self._record(at), detail)
            usable = pc.and_(usable, kept)
        self.rejects.kept.sort(key=attrgetter("number"))
        if self.rejects.count and not pc.any(usable).as_py():
            count, first = self.rejects.count, self.rejects.kept[0]
            raise ArchiveError(f"{self.path}: of {count} rows not one can be used; row {first.number}: {first.detail}")
        return usable

    def _column(self, name: str) -> Array:
        if self.table.column_names.count(name) > 1:
            raise Misuse(f"{self.path} has more than one column {name}: rename the others")
        column: Array = self.table.column(name).combine_chunks()
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def _record(self, at: int) -> str:
        cells = [column[at].as_py() for column in self.table.columns]
        text = "\t".join("" if cell is None else str(cell) for cell in cells)
        return _decoded(text) if self.is_text else text


def _read(path: Path) -> _Listed:
    rejects = _Rejects(path)
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a directory")
        if path.name.endswith(".parquet"):
            return _Listed(path, pq.read_table(path), False, rejects)
        return _Listed(path, _read_text(path, rejects), True, rejects)
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} does not exist: name an edge list (.parquet, .tsv, .csv, also .gz)") from error
    except (OSError, pa.ArrowException) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArchiveError(f"{path} cannot be read ({detail}): give .parquet, .tsv or .csv, also .gz") from error


def _read_text(path: Path, rejects: _Rejects) -> pa.Table:
    is_csv = path.with_suffix("").name.endswith(".csv") or path.name.endswith(".csv")
    # Latin-1 has a character for every byte, so that a name in another encoding costs its own row and no other.
    # One thread: only then do skipped rows have numbers.
    reading = pa_csv.ReadOptions(encoding="latin-1", use_threads=False, block_size=_BLOCK_BYTES)
    cells = {"delimiter": "," if is_csv else "\t", "quote_char": '"' if is_csv else False}
    ignoring = pa_csv.ParseOptions(**cells, invalid_row_handler=lambda row: "skip")
    with pa.input_stream(str(path), compression="detect") as stream:
        names = pa_csv.open_csv(stream, reading, ignoring).schema.names
    # Names are taken as given: no cell is a number, and none is NULL because it reads like one.
    converting = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), null_values=[])
    parsing = pa_csv.ParseOptions(**cells, invalid_row_handler=rejects.skip)
    with pa.input_stream(str(path), compression="detect") as stream:
        table: pa.Table = pa_csv.read_csv(stream, reading, parsing, converting)
    return table.rename_columns([_decoded(name.removeprefix(_BYTE_ORDER_MARK)) for name in names])


def _decoded(text: str) -> str:
    """What the bytes behind the characters say in UTF-8."""
    return text.encode("latin-1").decode("utf-8", "replace")


def _as_utf8(column: Array) -> Array:
    is_plain = pc.string_is_ascii(column)
    if pc.all(is_plain).as_py() or not len(column):
        return column
    names: list[Any] = column.to_pylist()
    for at in pc.indices_nonzero(pc.invert(is_plain)).to_pylist():
        try:
            names[at] = names[at].encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            names[at] = None
    return pa.array(names, pa.string())


def _ends(listed: _Listed, node: Node | None) -> tuple[Node, str, str]:
    names = set(listed.table.column_names)
    kinds: Sequence[Node] = (node,) if node else ("domain", "host")
    for kind in kinds:
        if {f"source_{kind}", f"target_{kind}"} <= names:
            return kind, f"source_{kind}", f"target_{kind}"
    if node and {"source", "target"} <= names:
        return node, "source", "target"
    wanted = " or ".join(f"source_{kind}, target_{kind}" for kind in kinds)
    raise Misuse(f"{_with_columns(listed)}: an edge list needs columns named {wanted}")


def _node_names(path: Path, node: Node) -> tuple[Array, _Rejects]:
    listed = _read(path)
    if node not in listed.table.column_names:
        raise Misuse(f"{_with_columns(listed)}: a list of nodes needs a column named {node}")
    names = listed.texts(node)
    return names.filter(listed.usable((_is_named(names), "the name is missing or is not UTF-8"))), listed.rejects


def _with_columns(listed: _Listed) -> str:
    names = listed.table.column_names
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{listed.path} has the columns {shown}"


def _is_between(followed: Array, links: Array) -> Array:
    return pc.and_(pc.greater_equal(followed, 0), pc.less_equal(followed, links))


def _is_named(names: Array) -> Array:
    return pc.greater(pc.binary_length(names), 0)
