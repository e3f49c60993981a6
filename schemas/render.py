"""What follows from a dataset's description: DDL, comments, Markdown."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import pyarrow as pa

from schemas.catalog import DATASETS, VIEWS
from schemas.dataset import Column, Dataset
from schemas.ledger import Partition, Snapshot

_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.list_(pa.string()): "VARCHAR[]",
}


def sql_type(type_: pa.DataType) -> str:
    """DuckDB's name of an Arrow type; KeyError for a type that datasets do not use."""
    return _SQL_TYPES[type_]


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def empty_select(columns: tuple[Column, ...]) -> str:
    """A SELECT of no rows with those columns."""
    fields = ", ".join(f"cast(null as {sql_type(c.type)}) as {c.name}" for c in columns)
    return f"select {fields} where false"


def select_files(dataset: Dataset, paths: Sequence[Path]) -> str:
    """A SELECT of the dataset's columns from its files; files of an older minor version lack some, which are NULL."""
    names = ", ".join(c.name for c in dataset.columns)
    if not paths:
        return empty_select(dataset.columns)
    listed = ", ".join(quoted(str(p)) for p in paths)
    files = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    if nullable := tuple(c for c in dataset.columns if c.nullable):
        files = f"(select * from {files} union all by name {empty_select(nullable)})"
    return f"select {names} from {files}"


def readable(snapshot: Snapshot, dataset: Dataset) -> tuple[Partition, ...]:
    """What a reader of the dataset's name sees: events over all crawls, states and marts in their newest partition."""
    if dataset.kind == "event":
        return snapshot.of(dataset.name)
    newest = snapshot.newest(dataset.name)
    return (newest,) if newest else ()


def views(snapshot: Snapshot, root: Path) -> Iterator[tuple[Dataset, list[Path], str]]:
    """For every dataset its files at that version of the lake, and the SELECT that reads just these."""
    for dataset in DATASETS:
        paths = [root / f.path for p in readable(snapshot, dataset) for f in p.files]
        yield dataset, paths, select_files(dataset, paths)


def view_select(view: Dataset) -> str:
    """The SELECT of ``schemas/views/<view>.sql``."""
    return (files("schemas") / "views" / f"{view.name}.sql").read_text(encoding="utf-8").strip()


def lake_sql(snapshot: Snapshot, root: Path) -> str:
    """Views over explicit file lists, for a DuckDB shell that knows nothing of us: ``.read serving/lake.sql``."""
    head = f"-- every dataset of the lake at version {snapshot.number}; files are immutable, so this stays readable\n"
    selects = [(d.name, sql) for d, _, sql in views(snapshot, root)] + [(v.name, view_select(v)) for v in VIEWS]
    return head + "".join(f"create or replace view {name} as\n{sql};\n" for name, sql in selects)


def create_table(dataset: Dataset) -> str:
    """``create table`` with the logical columns."""
    lines = [f"    {c.name} {sql_type(c.type)}{'' if c.nullable else ' not null'}" for c in dataset.columns]
    return f"create table {dataset.name} (\n" + ",\n".join(lines) + "\n)"


def comments(dataset: Dataset) -> list[str]:
    """``comment on`` for the table (or view) and every column."""
    what = "view" if dataset.kind == "view" else "table"
    table = f"comment on {what} {dataset.name} is {quoted('One row per ' + dataset.grain + '.')}"
    columns = [f"comment on column {dataset.name}.{c.name} is {quoted(c.meaning)}" for c in dataset.columns]
    return [table, *columns]


def markdown(dataset: Dataset) -> str:
    """A page that describes the dataset."""
    is_view = dataset.kind == "view"
    made = f"[SQL](../../schemas/views/{dataset.name}.sql)" if is_view else f"schema version {dataset.schema_version}"
    lines = [
        f"# {dataset.name}",
        "",
        f"One row per {dataset.grain}.",
        "",
        f"Key: `{', '.join(dataset.key)}` · kind: {dataset.kind} · {made}",
        "",
        "| column | type | null | meaning | example |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(c) for c in dataset.columns]
    return "\n".join(lines) + "\n"


def _row(column: Column) -> str:
    meaning = column.meaning.replace("|", "\\|")
    if column.values:
        meaning += " One of: " + ", ".join(f"`{v}`" for v in column.values) + "."
    if column.policy:
        meaning += f" Counting: {column.policy}"
    example = "" if column.example is None else f"`{column.example}`"
    return f"| {column.name} | {sql_type(column.type)} | {'yes' if column.nullable else ''} | {meaning} | {example} |"
