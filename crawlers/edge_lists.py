"""Reads edge lists that were made elsewhere: Parquet, TSV or CSV, names taken as given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from schemas.errors import ArchiveError, Misuse
from schemas.identity import text_id

Node = Literal["host", "domain"]

_COUNTS: Final = {"link_count": ("link_count", "links"), "followed_link_count": ("followed_link_count", "followed")}
_MOST_KEPT_REJECTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used: its number (from 1, the header not counted) and text."""

    number: int
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class EdgeList:
    """An edge list with ids.

    ``edges``: source_<node>, source_<node>_id, target_<node>, target_<node>_id, link_count, followed_link_count, one
    row per row of the file that can be used. ``nodes``: <node>, <node>_id, one row per distinct name.
    """

    node: Node
    edges: pa.Table
    nodes: pa.Table
    rejected: tuple[RejectedRow, ...]
    rejected_count: int


@dataclass(slots=True)
class _Rejects:
    kept: list[RejectedRow] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, text: str, detail: str) -> None:
        self.count += 1
        if len(self.kept) < _MOST_KEPT_REJECTS:
            self.kept.append(RejectedRow(number, text[:4096], detail))


def read_edge_list(path: Path, *, node: Node | None, nodes_path: Path | None = None) -> EdgeList:
    """Read edges from ``path`` and further nodes from ``nodes_path``.

    Columns ``source_domain, target_domain`` or ``source_host, target_host``; optional ``link_count`` (or ``links``;
    1 where absent) and ``followed_link_count`` (or ``followed``; as link_count where absent). With ``node`` given,
    plain ``source, target`` do as well.

    Raises:
        ArchiveError: a file is missing or cannot be read.
        Misuse: its columns are not those of an edge list, or not of that kind of node.
    """
    rejects = _Rejects()
    table = _read(path, rejects)
    node, source, target = _ends(table, node, path)
    sources, targets = (_texts(table, name, path) for name in (source, target))
    counts = {name: _count(table, aliases, path) for name, aliases in _COUNTS.items()}
    links = counts["link_count"] if counts["link_count"] is not None else pa.array([1] * len(table), pa.int64())
    followed = counts["followed_link_count"] if counts["followed_link_count"] is not None else links
    usable = _usable(sources, targets, links, followed, rejects)
    sources, targets, links, followed = (column.filter(usable) for column in (sources, targets, links, followed))
    extra = _node_names(nodes_path, node, rejects) if nodes_path else pa.array([], pa.string())
    names = pc.unique(pa.chunked_array([sources, targets, extra]))
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
    nodes = pa.table({node: names, f"{node}_id": ids})
    return EdgeList(node, edges, nodes, tuple(rejects.kept), rejects.count)


def _read(path: Path, rejects: _Rejects) -> pa.Table:
    try:
        if path.name.endswith(".parquet"):
            return pq.read_table(path)
        with pa.input_stream(str(path), compression="detect") as stream:
            delimiter = "," if ".csv" in path.suffixes else "\t"
            parsing = pa_csv.ParseOptions(delimiter=delimiter, quote_char=False, invalid_row_handler=_keeper(rejects))
            # Names are taken as given: no cell is NULL because it reads like one.
            converting = pa_csv.ConvertOptions(strings_can_be_null=False, null_values=[])
            return pa_csv.read_csv(stream, parse_options=parsing, convert_options=converting)
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} does not exist: name an edge list (.parquet, .tsv, .csv, also .gz)") from error
    except (OSError, pa.ArrowInvalid, pa.ArrowException) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArchiveError(f"{path} cannot be read as an edge list ({detail})") from error


def _keeper(rejects: _Rejects) -> Callable[[Any], str]:
    def keep(row: Any) -> str:
        rejects.add(row.number or 0, row.text or "", f"{row.actual_columns} columns instead of {row.expected_columns}")
        return "skip"

    return keep


def _ends(table: pa.Table, node: Node | None, path: Path) -> tuple[Node, str, str]:
    names = set(table.column_names)
    kinds: Sequence[Node] = (node,) if node else ("domain", "host")
    for kind in kinds:
        if {f"source_{kind}", f"target_{kind}"} <= names:
            return kind, f"source_{kind}", f"target_{kind}"
    if node and {"source", "target"} <= names:
        return node, "source", "target"
    wanted = " or ".join(f"source_{kind}, target_{kind}" for kind in kinds)
    raise Misuse(f"{path} has the columns {', '.join(table.column_names)}: an edge list needs {wanted}")


def _texts(table: pa.Table, name: str, path: Path) -> pa.Array:
    column = table.column(name).combine_chunks()
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise Misuse(f"{path}: column {name} is {column.type}, not text: names of hosts or domains are needed")
    return column.cast(pa.string())


def _count(table: pa.Table, aliases: Sequence[str], path: Path) -> pa.Array | None:
    for name in aliases:
        if name in table.column_names:
            column = table.column(name).combine_chunks()
            if not pa.types.is_integer(column.type):
                raise Misuse(f"{path}: column {name} is {column.type}, not whole numbers")
            return column.cast(pa.int64())
    return None


def _usable(sources: pa.Array, targets: pa.Array, links: pa.Array, followed: pa.Array, rejects: _Rejects) -> pa.Array:
    named = pc.and_(_is_named(sources), _is_named(targets))
    counted = pc.and_(
        pc.fill_null(pc.greater(links, 0), False),
        pc.fill_null(pc.and_(pc.greater_equal(followed, 0), pc.less_equal(followed, links)), False),
    )
    usable = pc.and_(named, counted)
    for at in pc.indices_nonzero(pc.invert(usable)).to_pylist():
        row = f"{sources[at].as_py()}\t{targets[at].as_py()}\t{links[at].as_py()}\t{followed[at].as_py()}"
        detail = "a name is missing" if not named[at].as_py() else "counts must be 0 <= followed <= links, links >= 1"
        rejects.add(at + 1, row, detail)
    return usable


def _is_named(names: pa.Array) -> pa.Array:
    return pc.fill_null(pc.greater(pc.utf8_length(names), 0), False)


def _node_names(path: Path, node: Node, rejects: _Rejects) -> pa.Array:
    table = _read(path, rejects)
    if node not in table.column_names:
        raise Misuse(f"{path} has the columns {', '.join(table.column_names)}: a node list needs a column {node}")
    names = _texts(table, node, path)
    named = _is_named(names)
    for at in pc.indices_nonzero(pc.invert(named)).to_pylist():
        rejects.add(at + 1, "", "a node without a name")
    return names.filter(named)
