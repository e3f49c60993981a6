"""DDL, comments, views and pages follow from a dataset's description."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.catalog import DATASETS, dataset
from schemas.dataset import Column, Dataset
from schemas.ledger import File, Partition, PartitionKey, Snapshot
from schemas.render import (
    comments,
    create_table,
    empty_select,
    lake_sql,
    markdown,
    quoted,
    readable,
    select_files,
    sql_type,
    views,
)

EMPTY = Snapshot(0, {})

every_dataset = pytest.mark.parametrize("table", DATASETS, ids=lambda table: table.name)


@every_dataset
def test_the_ddl_makes_a_table_of_the_datasets_columns_types_and_nullability(table: Dataset) -> None:
    with duckdb.connect() as connection:
        connection.execute(create_table(table))
        described = connection.execute(f"describe {table.name}").fetchall()
    assert [(name, type_, null) for name, type_, null, *_ in described] == [
        (c.name, sql_type(c.type), "YES" if c.nullable else "NO") for c in table.columns
    ]


@every_dataset
def test_comments_run_and_say_what_every_column_means(table: Dataset) -> None:
    with duckdb.connect() as connection:
        connection.execute(create_table(table))
        for comment in comments(table):
            connection.execute(comment)
        columns = connection.execute("select column_name, comment from duckdb_columns() where not internal").fetchall()
        tables = connection.execute("select comment from duckdb_tables()").fetchall()
    assert dict(columns) == {c.name: c.meaning for c in table.columns}
    assert tables == [(f"One row per {table.grain}.",)]


@every_dataset
def test_an_arrow_table_of_the_schema_is_what_the_ddl_takes(table: Dataset) -> None:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(create_table(table))
        connection.register("given", table.schema.empty_table())
        connection.execute(f"insert into {table.name} select * from given")
        made = connection.execute(f"select * from {table.name}").to_arrow_table().schema
    assert [_name_and_type(f) for f in made] == [_name_and_type(f) for f in table.schema]


@every_dataset
def test_a_page_has_a_row_of_five_cells_per_column(table: Dataset) -> None:
    page = markdown(table).splitlines()
    assert page[0] == f"# {table.name}"
    assert f"One row per {table.grain}." in page
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in page if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows] == [c.name for c in table.columns]
    assert {len(row) for row in rows} == {5}


def test_a_page_lists_the_words_and_the_counting_policy_of_a_column() -> None:
    table = Dataset(
        "trees",
        grain="tree",
        kind="mart",
        key=("tree",),
        columns=(
            Column("tree", pa.string(), "Its name | or none.", "oak"),
            Column("leaf", pa.string(), "Its leaf.", nullable=True, values=("needle", "blade")),
            Column("rings", pa.int64(), "Its rings.", 7, policy="One a year."),
        ),
    )
    page = markdown(table).splitlines()
    assert "| tree | VARCHAR |  | Its name \\| or none. | `oak` |" in page
    assert "| leaf | VARCHAR | yes | Its leaf. One of: `needle`, `blade`. |  |" in page
    assert "| rings | BIGINT |  | Its rings. Counting: One a year. | `7` |" in page


def test_a_quote_inside_a_text_is_doubled() -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"select {quoted(chr(39) + 'it' + chr(39) + 's')}").fetchall() == [("'it's",)]


def test_a_type_that_datasets_do_not_use_has_no_sql_name() -> None:
    with pytest.raises(KeyError):
        sql_type(pa.float32())


def test_an_empty_lake_has_every_dataset_as_an_empty_view(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(lake_sql(EMPTY, tmp_path))
        for table in DATASETS:
            described = connection.execute(f"describe {table.name}").fetchall()
            assert [(row[0], row[1]) for row in described] == [(c.name, sql_type(c.type)) for c in table.columns]
            assert connection.execute(f"select count(*) from {table.name}").fetchone() == (0,)


def test_an_empty_select_names_its_columns() -> None:
    with duckdb.connect() as connection:
        relation = connection.execute(empty_select(dataset("links").columns))
        assert [d[0] for d in relation.description or ()] == dataset("links").schema.names
        assert relation.fetchall() == []


def test_events_are_read_over_all_crawls_and_states_in_their_newest_partition() -> None:
    lake = _lake(("b", 1), ("a", 2))
    read = {name: [p.key.crawl_id for p in readable(lake, dataset(name))] for name in ("page_fetches", "links")}
    assert read == {"page_fetches": ["a", "b"], "links": ["a"]}
    assert readable(EMPTY, dataset("links")) == ()


def test_a_view_reads_an_explicit_list_of_files_and_no_path_keys(tmp_path: Path) -> None:
    found = {table.name: (paths, sql) for table, paths, sql in views(_lake(("b", 1), ("a", 2)), tmp_path / "it's")}
    paths, sql = found["page_fetches"]
    assert paths == [tmp_path / "it's" / "page_fetches" / f"{crawl}.parquet" for crawl in "ab"]
    assert sql.count("it''s/page_fetches/") == 2
    assert "hive_partitioning = false" in sql
    assert "bucket" not in sql
    assert found["anchors"] == ([], empty_select(dataset("anchors").columns))


def test_files_written_before_a_nullable_column_read_as_null_and_a_missing_fact_is_an_error(tmp_path: Path) -> None:
    table = dataset("link_observations")
    newer = pa.table([pa.array([None], c.type) for c in table.columns], names=table.schema.names)
    older = newer.select([c.name for c in table.columns if not c.nullable])
    damaged = older.drop_columns(["href"])
    for name, content in (("newer", newer), ("older", older), ("damaged", damaged)):
        pq.write_table(content, tmp_path / f"{name}.parquet")
    with duckdb.connect() as connection:
        for names in (["older"], ["newer", "older"], ["older", "newer"]):
            paths = [tmp_path / f"{name}.parquet" for name in names]
            relation = connection.execute(select_files(table, paths))
            assert [d[0] for d in relation.description or ()] == table.schema.names
            assert relation.fetchall() == [(None,) * len(table.columns)] * len(names)
        with pytest.raises(duckdb.BinderException):
            connection.execute(select_files(table, [tmp_path / "damaged.parquet"]))


def _lake(*crawls: tuple[str, int]) -> Snapshot:
    """A lake with fetches and links of each crawl, observed on that day of November 2026."""
    partitions = {}
    for crawl_id, day in crawls:
        at = datetime(2026, 11, day, tzinfo=UTC).isoformat()
        for name in ("crawls", "page_fetches", "links"):
            key = PartitionKey(name, crawl_id)
            file = File(f"{name}/{crawl_id}.parquet", 0, 1, 1, "0" * 64)
            facts = {"kind": "crawl", "started_at": at, "observed_to": at} if name == "crawls" else {}
            partitions[key] = Partition(key, "settle_crawl", "0" * 12, 1, 1, "0", (file,), facts=facts)
    return Snapshot(1, partitions)


def _name_and_type(field: Any) -> tuple[str, str]:
    """Of a list the type of its elements: engines name these differently."""
    return field.name, f"list of {field.type.value_type}" if pa.types.is_list(field.type) else str(field.type)
