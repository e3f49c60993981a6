"""Read-only SQL over the marts and every dataset of the lake."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import duckdb

from schemas.errors import LinklakeError, Misuse
from schemas.lake import Lake
from schemas.render import views

Format = Literal["table", "csv", "json"]

_TABLE_ROWS: Final = 1000
_CELL_WIDTH: Final = 60


def ask(lake: Lake, sql: str, *, memory: str, threads: int) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Column names and rows of one SELECT over one version of the lake.

    The connection can read the files of that version and nothing else, and can write nothing (facts: a safe sql door).

    Raises:
        Misuse: it is not one SELECT, or DuckDB cannot make sense of it.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set memory_limit = ?", [memory])
    connection.execute("set threads = ?", [threads])
    paths = []
    for dataset, files, select in views(lake.snapshot(), lake.root):
        connection.execute(f"create view {dataset.name} as {select}")
        paths += [str(f) for f in files]
    connection.execute("set allowed_paths = ?", [paths])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise Misuse("linklake sql takes one SELECT")
        cursor = connection.execute(statements[0])
    except duckdb.Error as error:
        raise _explained(error) from error
    return [d[0] for d in cursor.description or ()], _rows(cursor)


def write(names: Sequence[str], rows: Iterator[tuple[Any, ...]], stream: TextIO, *, format: Format) -> None:
    """Write an answer: ``csv`` by RFC 4180 (NULL empty, empty text ``""``), ``json`` an object per line, or a table."""
    if format == "csv":
        _write_csv(names, rows, stream)
    elif format == "json":
        for row in rows:
            stream.write(json.dumps(dict(zip(names, map(_plain, row), strict=True)), ensure_ascii=False) + "\n")
    else:
        _write_table(names, rows, stream)


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while batch := cursor.fetchmany(10_000):
            yield from batch
    except duckdb.Error as error:
        raise _explained(error) from error


def _explained(error: duckdb.Error) -> LinklakeError:
    if isinstance(error, duckdb.OutOfMemoryException):
        return LinklakeError(f"the question needs more memory than allowed: raise --memory ({error})")
    return Misuse(f"DuckDB says: {error}")


def _write_csv(names: Sequence[str], rows: Iterator[tuple[Any, ...]], stream: TextIO) -> None:
    # The module csv can't tell NULL from an empty text before Python 3.12 (QUOTE_NOTNULL).
    stream.write(",".join(map(_csv_cell, names)) + "\r\n")
    for row in rows:
        stream.write(",".join(map(_csv_cell, row)) + "\r\n")


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    if text == "" or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _plain(value: Any) -> Any:
    """A value as JSON knows it; timestamps as ISO 8601 with Z."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _write_table(names: Sequence[str], rows: Iterator[tuple[Any, ...]], stream: TextIO) -> None:
    shown = []
    more = False
    for row in rows:
        if len(shown) == _TABLE_ROWS:
            more = True
            break
        shown.append([_table_cell(v) for v in row])
    widths = [max([len(n), *(len(r[i]) for r in shown)]) for i, n in enumerate(names)]
    line = "  ".join("-" * w for w in widths)
    for cells in ([*names], None, *shown):
        text = line if cells is None else "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
        stream.write(text.rstrip() + "\n")
    if more:
        stream.write(f"(the first {_TABLE_ROWS} rows: --format csv gives all)\n")


def _table_cell(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    text = f"{plain:.6g}" if isinstance(plain, float) else str(plain)
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 1] + "…"


def mute_broken_pipe() -> None:
    """After a reader closed the pipe (``| head``): keep the interpreter from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
