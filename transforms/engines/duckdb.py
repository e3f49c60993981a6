"""Runs a stage's SQL on DuckDB, over the files of a pinned version of the lake."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import duckdb
import pyarrow as pa

from schemas.dataset import Dataset
from schemas.errors import LinklakeError
from schemas.render import quoted, select_files, sql_type
from transforms.stage import Output, Query

ROW_GROUP_ROWS: Final = 122_880
COMPRESSION_LEVEL: Final = 3

_OPEN: Final[WeakSet[duckdb.DuckDBPyConnection]] = WeakSet()

_NAMED_VALUE: Final = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class Resources:
    """What one engine may use. ``memory`` is DuckDB's limit, such as ``8GB``; the process needs some more."""

    memory: str
    threads: int
    temporary: Path


def connect(resources: Resources) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that spills into ``resources.temporary`` and fetches nothing from elsewhere."""
    resources.temporary.mkdir(parents=True, exist_ok=True)
    connection = interruptible(duckdb.connect(":memory:"))
    for setting, value in {
        "memory_limit": resources.memory,
        "threads": resources.threads,
        "temp_directory": str(resources.temporary),
        "preserve_insertion_order": False,
        "TimeZone": "UTC",
        "enable_progress_bar": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }.items():
        connection.execute(f"set {setting} = ?", [value])
    return connection


def interruptible(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, which ``interrupt_all`` reaches from now on."""
    _OPEN.add(connection)
    return connection


def interrupt_all() -> None:
    """Break off every statement that runs, from another thread: it raises ``duckdb.InterruptException``."""
    for connection in list(_OPEN):
        connection.interrupt()


class DuckDB:
    """An in-memory DuckDB whose tables are views over Parquet; what it spills is its owner's to remove."""

    def __init__(self, resources: Resources) -> None:
        self._connection = connect(resources)

    def close(self) -> None:
        """Give everything back."""
        self._connection.close()

    # ---------------------------------------------------------------- inputs

    def bind(self, name: str, dataset: Dataset, paths: Sequence[Path]) -> None:
        """Make files readable as the table ``name``, with the dataset's logical columns; no files: an empty table."""
        self._connection.execute(f"create or replace view {name} as {select_files(dataset, paths)}")

    # ---------------------------------------------------------------- the Tables protocol

    def bind_arrow(self, name: str, table: pa.Table) -> None:
        """Make a table in memory readable as ``name``."""
        self._connection.register(name, table)

    def keep(self, name: str, query: Query) -> None:
        """Make the rows of a SELECT a table ``name``."""
        self._create(f"create or replace temp table {name} as {query.sql}", query.values)

    def query(self, room: str, file: str, **values: object) -> Query:
        """The SELECT of ``transforms/<room>/<file>.sql``."""
        return Query((files("transforms") / room / f"{file}.sql").read_text(encoding="utf-8"), values)

    def arrow(self, table: str, columns: Sequence[str], *, order_by: Sequence[str] = ()) -> pa.Table:
        """Columns of a table in memory."""
        order = f" order by {', '.join(order_by)}" if order_by else ""
        return self._connection.execute(f"select {', '.join(columns)} from {table}{order}").to_arrow_table()

    def select(self, query: Query) -> pa.Table:
        """The rows of a SELECT in memory."""
        return self._connection.execute(query.sql, self._used(query.sql, query.values)).to_arrow_table()

    # ---------------------------------------------------------------- outputs

    def write(
        self,
        dataset: Dataset,
        output: Output,
        *,
        crawl_id: str,
        buckets: int,
        part: Callable[[int], Path],
    ) -> dict[int, Path]:
        """Compute an output, keep it as the table of the dataset's name, and write it bucket by bucket.

        Returns:
            The file of every bucket that has rows.

        Raises:
            LinklakeError: the output's columns or types are not the dataset's.
        """
        name = dataset.name
        if isinstance(output, Query):
            self._create(f"create or replace temp table {name} as {output.sql}", output.values)
        else:
            self._connection.register("given_output", output)
            self._connection.execute(f"create or replace temp table {name} as select * from given_output")
            self._connection.unregister("given_output")
        self._check_columns(dataset)
        is_said = any(c.name == "crawl_id" for c in dataset.columns)
        head = "" if is_said else f"{quoted(crawl_id)} as crawl_id, "
        bucket = f"cast({dataset.bucket_by} & {buckets - 1} as integer)" if dataset.bucket_by else "cast(0 as integer)"
        order = f" order by {', '.join(dataset.sort_by)}" if dataset.sort_by else ""
        columns = ", ".join(c.name for c in dataset.columns)
        written = {}
        for (number,) in self._connection.execute(f"select distinct {bucket} as b from {name} order by b").fetchall():
            if number is None:
                raise LinklakeError(f"the rows built for {name} have no {dataset.bucket_by}, which chooses the bucket")
            path = part(number)
            self._connection.execute(
                f"copy (select {head}{columns}, {bucket} as bucket from {name} where {bucket} = {number}{order}) "
                f"to {quoted(str(path))} (format parquet, compression zstd, compression_level {COMPRESSION_LEVEL}, "
                f"row_group_size {ROW_GROUP_ROWS})"
            )
            written[number] = path
        return written

    # ---------------------------------------------------------------- questions

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        return self._connection.execute(sql, self._used(sql, values or {})).fetchall()

    def one(self, sql: str, values: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The only row of a SELECT, by column name."""
        cursor = self._connection.execute(sql, self._used(sql, values or {}))
        names = [d[0] for d in cursor.description or ()]
        row = cursor.fetchone()
        assert row is not None
        return dict(zip(names, row, strict=True))

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.rows(f"select count(*) from {table}")[0][0])

    def table_hash(self, dataset: Dataset, table: str | None = None) -> int:
        """The order-free sum of fixed hashes of the canonical text of every logical row (DESIGN: table hash)."""
        parts = [f"coalesce(cast({c.name} as varchar), chr(30))" for c in dataset.columns if c.in_hash]
        text = " || chr(31) || ".join(parts)
        found = self.rows(f"select sum(cast(md5_number_lower({text}) as hugeint)) from {table or dataset.name}")
        return int(found[0][0] or 0)

    # ---------------------------------------------------------------- inside

    def _create(self, sql: str, values: Mapping[str, object]) -> None:
        self._connection.execute(sql, self._used(sql, values))

    @staticmethod
    def _used(sql: str, values: Mapping[str, object]) -> dict[str, object]:
        """DuckDB refuses values that the statement does not name."""
        named = set(_NAMED_VALUE.findall(sql))
        return {k: v for k, v in values.items() if k in named}

    def _check_columns(self, dataset: Dataset) -> None:
        described = self._connection.execute(f"describe {dataset.name}").fetchall()
        found = [(str(row[0]), str(row[1])) for row in described]
        wanted = [(c.name, sql_type(c.type)) for c in dataset.columns]
        if found != wanted:
            raise LinklakeError(
                f"the rows built for {dataset.name} are not of its schema: {_difference(found, wanted)}"
            )


def _difference(found: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> str:
    """What is wrong with (name, type) of columns, in words; the first five of it."""
    types, names = dict(found), dict(wanted)
    wrong = [f"{name} is missing" for name in names if name not in types]
    wrong += [f"{name} is no column of it" for name in types if name not in names]
    wrong += [f"{n} is {types[n]}, not {type_}" for n, type_ in wanted if types.get(n, type_) != type_]
    return "; ".join(wrong[:5]) or f"the order of columns is {', '.join(types)}, not {', '.join(names)}"
