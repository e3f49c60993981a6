"""Read-only SQL over the marts and every dataset of the lake."""

import json
import math
import secrets
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import duckdb

from schemas.catalog import VIEWS
from schemas.dataset import Dataset
from schemas.errors import BadSetting, DamagedFile, LakeError, LinklakeError, Misuse
from schemas.lake import Lake
from schemas.ledger import Partition
from schemas.render import quoted, readable, sql_type, view_select, views
from transforms.engines.duckdb import interruptible

Format = Literal["table", "csv", "json"]
Row = tuple[Any, ...]

_TABLE_ROWS: Final = 1000
_CELL_WIDTH: Final = 60
_DAMAGED: Final = "damaged dataset "
_FETCH_ROWS: Final = 10_000


class Questions:
    """Questions to one version of the lake, all of which see the same rows.

    The connection can read the files of that version and nothing else, and can write nothing (facts: a safe sql door).

    Raises:
        LakeError: a file of the lake is missing or cannot be read.
    """

    def __init__(self, lake: Lake, *, memory: str, threads: int) -> None:
        self._connection = _connection(memory, threads)
        self._owners: dict[str, Partition] = {}
        self._damaged: dict[str, DamagedFile] = {}
        self.snapshot = lake.snapshot()
        for dataset, _, select in views(self.snapshot, lake.root):
            partitions = readable(self.snapshot, dataset)
            self._owners |= {str(lake.path(file)): p for p in partitions for file in p.files}
            try:
                _bind(lake, self._connection, dataset.name, partitions, select)
            except DamagedFile as error:
                self._damaged[dataset.name] = error
                self._connection.execute(f"create view {dataset.name} as {_failing_select(dataset)}")
        self._connection.execute(f"create or replace view crawl_runs as {_crawl_runs()}")
        self._connection.execute("set allowed_paths = ?", [list(self._owners)])
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def ask(self, sql: str) -> tuple[list[str], Iterator[Row]]:
        """Column names and rows of one SELECT; read them before asking again.

        Raises:
            Misuse: it is not one SELECT, or DuckDB cannot make sense of it.
            LakeError: a file of the lake is missing or cannot be read.
        """
        try:
            for view in _asked_views(sql):
                self._connection.execute(f"create view if not exists {view.name} as {view_select(view)}")
            cursor = self._connection.execute(_one_select(self._connection, sql))
        except duckdb.Error as error:
            raise _explained(error, self._owners, self._damaged) from error
        return [column[0] for column in cursor.description or ()], _rows(cursor, self._owners, self._damaged)


def ask(lake: Lake, sql: str, *, memory: str, threads: int) -> tuple[list[str], Iterator[Row]]:
    """Column names and rows of one SELECT over the newest version of the lake; raises as ``Questions`` does."""
    return Questions(lake, memory=memory, threads=threads).ask(sql)


def _bind(
    lake: Lake, connection: duckdb.DuckDBPyConnection, name: str, partitions: Sequence[Partition], select: str
) -> None:
    """Make a dataset readable under its name.

    Raises:
        DamagedFile: one of its files is missing, cut, or cannot be read.
    """
    for partition in partitions:
        if found := lake.damage(partition, quick=True):
            raise DamagedFile(found, partition)
    try:
        connection.execute(f"create view {name} as {select}")
    except duckdb.Error as error:
        owners = {str(lake.path(file)): p for p in partitions for file in p.files}
        raise _explained(error, owners, {}) from error


def _failing_select(dataset: Dataset) -> str:
    """What stands for a damaged dataset: a question whose answer needs a row or value of it fails, others do not."""
    failing = f"error({quoted(_DAMAGED + dataset.name)})"
    columns = ", ".join(f"cast({failing} as {sql_type(c.type)}) as {c.name}" for c in dataset.columns)
    return f"select {columns} where {failing} is null"


def write(names: Sequence[str], rows: Iterable[Row], stream: TextIO, *, format: Format) -> None:
    """Write an answer: ``csv`` by RFC 4180 (NULL empty, empty text ``""``), ``json`` an object per line, or a table."""
    {"csv": _write_csv, "json": _write_json, "table": _write_table}[format](names, rows, stream)


def _connection(memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    connection = interruptible(duckdb.connect(":memory:"))
    connection.execute("set TimeZone = 'UTC'")
    # DuckDB makes the folder when it has to spill and removes it at the end; its default is ./.tmp.
    spill = Path(tempfile.gettempdir()) / f"linklake-sql-{secrets.token_hex(8)}"
    connection.execute("set temp_directory = ?", [str(spill)])
    try:
        connection.execute("set threads = ?", [threads])
        connection.execute("set memory_limit = ?", [memory])
    except duckdb.Error as error:
        raise BadSetting(
            f"DuckDB cannot start with memory {memory}, threads {threads} ({_first_line(error)})"
        ) from error
    return connection


def _asked_views(sql: str) -> Sequence[Dataset]:
    """The views that a question may name: to make one opens the files beneath it, which takes a moment."""
    asked = sql.lower()
    wants_all = "information_schema" in asked or "duckdb_" in asked
    return [view for view in VIEWS if wants_all or view.name in asked]


def _crawl_runs() -> str:
    """The mart as of now: that of the newest marts cannot know of a run that failed since."""
    sql = (resources.files("transforms") / "marts" / "crawl_runs.sql").read_text(encoding="utf-8")
    return sql.replace("$crawl_id", "''")  # no crawl's marts are being built here


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Misuse(f"give one SELECT, not {len(statements) or 'no'} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Misuse(f"give one SELECT, not {statements[0].type.name}: this door reads and writes nothing")
    return statements[0]


def _rows(
    cursor: duckdb.DuckDBPyConnection, owners: Mapping[str, Partition], damaged: Mapping[str, DamagedFile]
) -> Iterator[Row]:
    try:
        while batch := cursor.fetchmany(_FETCH_ROWS):
            yield from batch
    except duckdb.Error as error:
        raise _explained(error, owners, damaged) from error


def _explained(
    error: duckdb.Error, owners: Mapping[str, Partition], damaged: Mapping[str, DamagedFile]
) -> LinklakeError:
    if name := next((name for name in damaged if str(error).endswith(f"{_DAMAGED}{name}")), None):
        return damaged[name]
    if path := next((path for path in owners if path in str(error)), None):
        return DamagedFile(f"{path} cannot be read ({_first_line(error)})", owners[path])
    if isinstance(error, duckdb.OutOfMemoryException):
        return LinklakeError(f"the question needs more memory than allowed: raise --memory ({_first_line(error)})")
    if isinstance(error, duckdb.IOException):
        return LakeError(f"the lake or the folder for temporary files cannot be used ({_first_line(error)})")
    return Misuse(f"DuckDB says: {error}")


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]


# -------------------------------------------------------------------- formats


def _write_csv(names: Sequence[str], rows: Iterable[Row], stream: TextIO) -> None:
    # The module csv can't tell NULL from an empty text before Python 3.12 (QUOTE_NOTNULL).
    stream.write(",".join(map(_csv_cell, names)) + "\r\n")
    for row in rows:
        stream.write(",".join(map(_csv_cell, row)) + "\r\n")


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = _text(value)
    if text == "" or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_json(names: Sequence[str], rows: Iterable[Row], stream: TextIO) -> None:
    keys = [json.dumps(name, ensure_ascii=False) for name in _distinct(names)]
    for row in rows:
        stream.write("{" + ", ".join(f"{key}: {_json(value)}" for key, value in zip(keys, row, strict=True)) + "}\n")


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, ``_1`` and so on behind one that came before: an object has each key once."""
    found: dict[str, None] = {}
    for name in names:
        candidates = (name, *(f"{name}_{number}" for number in range(1, len(names))))
        found[next(c for c in candidates if c not in found)] = None
    return list(found)


def _write_table(names: Sequence[str], rows: Iterable[Row], stream: TextIO) -> None:
    shown: list[list[str]] = []
    more = False
    for row in rows:
        if len(shown) == _TABLE_ROWS:
            more = True
            break
        shown.append([_table_cell(value) for value in row])
    heads = [_table_cell(name) for name in names]
    widths = [max(map(_width, column)) for column in zip(heads, *shown, strict=True)]
    for cells in (heads, ["-" * width for width in widths], *shown):
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")
    if more:
        stream.write(f"(the first {_TABLE_ROWS} rows: --format csv gives all)\n")


def _table_cell(value: Any) -> str:
    """One line of what a terminal can show: no escape sequence and no change of direction gets through."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else _text(value)
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# -------------------------------------------------------------------- values


def _text(value: Any) -> str:
    """A value as text: that of its JSON, without the quotes of a string."""
    return value if isinstance(value, str) else _json(value) if _is_plain(value) else _string(value)


def _json(value: Any) -> str:
    """A value as JSON: every number a number, but for NaN and infinity, which JSON lacks and which become strings."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_json, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(_text(k))}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value if _is_plain(value) else _string(value), ensure_ascii=False)


def _is_plain(value: Any) -> bool:
    """Whether JSON has its kind."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int | Decimal | list | tuple | dict)


def _string(value: Any) -> str:
    """What JSON has no kind for; moments as ISO 8601 with Z."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value.hex() if isinstance(value, bytes) else str(value)
