"""DuckDB writes what a dataset says, where the lake says, and leaves nothing else behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.catalog import DATASETS
from schemas.dataset import TEXTS, TIMESTAMP, Column, Dataset
from schemas.durable import file_sha256
from schemas.errors import LinklakeError
from schemas.lake import Lake
from schemas.ledger import File, Partition
from transforms.engines.duckdb import ROW_GROUP_ROWS, DuckDB, Resources
from transforms.stage import Output, Query

SHELVES = Dataset(
    "shelves",
    grain="shelf",
    kind="state",
    key=("shelf",),
    columns=(
        Column("shelf", pa.string(), "Name."),
        Column("shelf_id", pa.int64(), "Its id."),
        Column("seen_at", TIMESTAMP, "When."),
        Column("books", TEXTS, "What stands on it."),
        Column("worth", pa.float64(), "How much.", nullable=True),
        Column("noise", pa.int32(), "How it was made.", in_hash=False),
    ),
    bucket_by="shelf_id",
    sort_by=("shelf", "seen_at"),
)
ROW = (
    "select 'a' as shelf, cast(1 as bigint) as shelf_id, timestamptz '2026-11-20 00:00:00+00' as seen_at, "
    "['x'] as books, cast(1.5 as double) as worth, cast(7 as integer) as noise"
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    engine = DuckDB(Resources("1GB", 2, tmp_path / "spill"))
    yield engine
    engine.close()


def write(
    engine: DuckDB, output: Output, folder: Path, *, crawl_id: str = "2026.a", buckets: int = 4
) -> dict[int, Path]:
    return engine.write(SHELVES, output, crawl_id=crawl_id, buckets=buckets, part=lambda b: folder / f"{b}.parquet")


# -------------------------------------------------------------------- what a stage may give


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (f"select * exclude (worth) from ({ROW})", "worth is missing"),
        (f"select * exclude (noise) from ({ROW})", "noise is missing"),
        (f"select *, 1 as extra from ({ROW})", "extra is no column of it"),
        (f"select * replace (cast(shelf_id as varchar) as shelf_id) from ({ROW})", "shelf_id is VARCHAR, not BIGINT"),
        (f"select * replace (cast(shelf_id as ubigint) as shelf_id) from ({ROW})", "shelf_id is UBIGINT, not BIGINT"),
        (f"select * replace (seen_at at time zone 'UTC' as seen_at) from ({ROW})", "seen_at is TIMESTAMP, not"),
        (f"select * replace (cast(worth as decimal(9, 2)) as worth) from ({ROW})", "worth is DECIMAL(9,2), not DOUBLE"),
        (f"select * rename (worth as value) from ({ROW})", "worth is missing; value is no column of it"),
        (f"select * rename (worth as Worth) from ({ROW})", "worth is missing; Worth is no column of it"),
        (
            f"select shelf_id, shelf, * exclude (shelf, shelf_id) from ({ROW})",
            "the order of columns is shelf_id, shelf, seen_at",
        ),
    ],
)
def test_rows_of_another_schema_are_refused_by_dataset_and_column(
    sql: str, words: str, engine: DuckDB, tmp_path: Path
) -> None:
    with pytest.raises(LinklakeError) as refused:
        write(engine, Query(sql, {}), tmp_path)
    assert str(refused.value).startswith("the rows built for shelves are not of its schema: ")
    assert words in str(refused.value)
    assert list(tmp_path.glob("*.parquet")) == []


def test_an_arrow_table_of_another_schema_is_refused_likewise(engine: DuckDB, tmp_path: Path) -> None:
    table = SHELVES.schema.empty_table().drop_columns(["books"])
    with pytest.raises(LinklakeError, match="shelves are not of its schema: books is missing"):
        write(engine, table, tmp_path)


def test_rows_without_the_id_that_chooses_the_bucket_are_refused_not_lost(engine: DuckDB, tmp_path: Path) -> None:
    sql = f"{ROW} union all select * replace (null as shelf_id) from ({ROW})"
    with pytest.raises(LinklakeError, match="rows built for shelves have no shelf_id, which chooses the bucket"):
        write(engine, Query(sql, {}), tmp_path)


def test_values_go_in_by_name_and_those_that_a_statement_does_not_name_are_left_out(
    engine: DuckDB, tmp_path: Path
) -> None:
    hostile = "o'brien'; drop table shelves; --$as_of"
    sql = f"select * replace ($crawl_id as shelf, cast($as_of as bigint) as shelf_id) from ({ROW})"
    values = {"crawl_id": hostile, "crawl": "unnamed", "as_of": 5, "as": "unnamed", "other": None}
    write(engine, Query(sql, values), tmp_path)
    assert engine.rows("select shelf, shelf_id from shelves") == [(hostile, 5)]
    assert engine.rows("select count(*) from shelves where shelf = $name", {"name": hostile, "nam": 1}) == [(1,)]
    assert engine.one("select $n as found", {"n": 3, "m": 4}) == {"found": 3}


# -------------------------------------------------------------------- how files lie


MANY = (
    "select md5(cast(range as varchar)) as shelf, cast(hash(range) >> 1 as bigint) - 4611686018427387904 as shelf_id, "
    "to_timestamp(range) as seen_at, [cast(range as varchar)] as books, range / 7 as worth, "
    "cast(1 as integer) as noise from range(600000)"
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """600,000 rows in two buckets, so that a file has several row groups and several threads have work."""
    folder = tmp_path_factory.mktemp("many")
    engine = DuckDB(Resources("2GB", 4, folder / "spill"))
    written = write(engine, Query(MANY, {}), folder, buckets=2)
    engine.close()
    return written


def test_every_row_lies_in_the_bucket_of_its_id_and_says_so(many: dict[int, Path]) -> None:
    rows = 0
    for bucket, path in many.items():
        table = pq.read_table(path, columns=["shelf_id", "bucket", "crawl_id"])
        ids: list[Any] = table["shelf_id"].to_pylist()
        assert {i & 1 for i in ids} == {bucket}
        assert table["bucket"].unique().to_pylist() == [bucket]
        assert table["crawl_id"].unique().to_pylist() == ["2026.a"]
        rows += table.num_rows
    assert sorted(many) == [0, 1]
    assert rows == 600_000


def test_rows_are_sorted_within_a_file_in_row_groups_of_zstd(many: dict[int, Path]) -> None:
    for path in many.values():
        file = pq.ParquetFile(path)
        shelves: list[Any] = file.read(columns=["shelf"])["shelf"].to_pylist()
        assert shelves == sorted(shelves)
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        assert [g.num_rows for g in groups[:-1]] == [ROW_GROUP_ROWS] * (len(groups) - 1)
        assert len(groups) > 1
        assert groups[-1].num_rows <= ROW_GROUP_ROWS
        assert {g.column(i).compression for g in groups for i in range(g.num_columns)} == {"ZSTD"}


def test_a_file_has_the_physical_columns_in_order(many: dict[int, Path]) -> None:
    found = pq.read_schema(many[0])
    assert found.names == ["crawl_id", *(c.name for c in SHELVES.columns), "bucket"]
    assert [_plain(f.type) for f in found] == [_plain(f.type) for f in SHELVES.physical_schema]


def test_no_rows_are_no_files_and_no_files_are_a_table_without_rows(engine: DuckDB, tmp_path: Path) -> None:
    assert write(engine, Query(f"{ROW} limit 0", {}), tmp_path) == {}
    engine.bind("again", SHELVES, [])
    assert engine.count("again") == 0
    assert engine.arrow("again", ["shelf", "worth"]).schema.names == ["shelf", "worth"]


@pytest.mark.parametrize("name", ["plain", "o'brien", "a b", "a[1]*?", "crawl=2026-11-20", "crawl_id=9", "bucket=7"])
def test_files_are_read_as_they_are_whatever_their_path_says(name: str, engine: DuckDB, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (path,) = write(engine, Query(ROW, {}), folder, crawl_id="2026.a").values()
    engine.bind("again", SHELVES, [path])
    assert [d[0] for d in engine.rows("describe again")] == [c.name for c in SHELVES.columns]
    assert engine.rows("select shelf, shelf_id, books from again") == [("a", 1, ["x"])]
    assert engine.table_hash(SHELVES, "again") == engine.table_hash(SHELVES)


@pytest.mark.parametrize("table", DATASETS, ids=lambda table: table.name)
def test_the_log_is_true_of_every_file_of_a_built_lake(table: Dataset, built_lake: Path) -> None:
    lake = Lake.open(built_lake)
    for partition in lake.snapshot().of(table.name):
        for file in partition.files:
            _is_true(lake, table, partition, file)


def _is_true(lake: Lake, dataset: Dataset, partition: Partition, file: File) -> None:
    path = lake.path(file)
    crawl_id = partition.key.crawl_id
    name = f"part-{partition.attempt}-{file.bucket:02d}.parquet"
    assert file.path == f"{dataset.name}/crawl={crawl_id}/b={file.bucket:02d}/{name}"
    table = pq.read_table(path)
    assert (file.rows, file.bytes, file.sha256) == (table.num_rows, path.stat().st_size, file_sha256(path))
    assert [_plain(f.type) for f in table.schema] == [_plain(f.type) for f in dataset.physical_schema]
    assert table.schema.names == dataset.physical_schema.names
    assert set(table["crawl_id"].to_pylist()) <= {crawl_id}
    assert set(table["bucket"].to_pylist()) <= {file.bucket}
    if dataset.bucket_by:
        ids: list[Any] = table[dataset.bucket_by].to_pylist()
        assert {i & (lake.buckets - 1) for i in ids} == {file.bucket}
    keys = [tuple(row.values()) for row in table.select(dataset.sort_by).to_pylist()]
    assert keys == sorted(keys)
    expected = (str(keys[0][0]), str(keys[-1][0])) if dataset.sort_by and keys else (None, None)
    assert (file.first, file.last) == expected


def _plain(type_: pa.DataType) -> str:
    return str(type_).replace("element:", "item:")


# -------------------------------------------------------------------- table hashes


def test_a_table_hash_is_blind_to_order_and_to_how_rows_were_made_and_to_nothing_else(engine: DuckDB) -> None:
    other = f"select * replace ('b' as shelf) from ({ROW})"
    engine.bind_arrow("one", _arrow(engine, f"{ROW} union all {other}"))
    engine.bind_arrow("turned", _arrow(engine, f"{other} union all {ROW}"))
    engine.bind_arrow(
        "noisy", _arrow(engine, f"select * replace (cast(9 as integer) as noise) from ({ROW}) union all {other}")
    )
    same = {engine.table_hash(SHELVES, name) for name in ("one", "turned", "noisy")}
    assert len(same) == 1
    changes = (
        ROW,
        f"{ROW} union all {ROW}",
        f"{ROW} union all {ROW} union all {other}",
        "shelf = ''",
        "shelf = 'A'",
        "books = ['x', '']",
        "books = []",
        "worth = null",
        "worth = 1.5000000000000002",
        "seen_at = timestamptz '2026-11-20 00:00:00.000001+00'",
    )
    hashes = [engine.table_hash(SHELVES, _changed(engine, i, change, other)) for i, change in enumerate(changes)]
    assert len({*hashes, *same}) == len(hashes) + 1


def _changed(engine: DuckDB, number: int, change: str, other: str) -> str:
    sql = change
    if not change.startswith("select"):
        name, _, value = change.partition(" = ")
        sql = f"select * replace ({value} as {name}) from ({ROW}) union all {other}"
    engine.bind_arrow(f"changed_{number}", _arrow(engine, sql))
    return f"changed_{number}"


def _arrow(engine: DuckDB, sql: str) -> pa.Table:
    return engine.arrow(f"({sql})", ["*"])


# -------------------------------------------------------------------- resources


def test_what_needs_more_than_its_memory_spills_into_the_folder_it_was_given(tmp_path: Path) -> None:
    engine = DuckDB(Resources("300MB", 1, tmp_path / "spill"))
    seen: list[Any] = []

    def part(bucket: int) -> Path:
        seen.append([p.name for p in (tmp_path / "spill").iterdir()])
        return tmp_path / f"{bucket}.parquet"

    wide = f"select * replace ([repeat(shelf, 20)] as books) from ({MANY})"
    written = engine.write(replace(SHELVES, sort_by=()), Query(wide, {}), crawl_id="c", buckets=1, part=part)
    assert seen[0]
    assert pq.read_metadata(written[0]).num_rows == 600_000
    assert engine.count("shelves") == 600_000
    engine.close()


def test_what_cannot_spill_says_that_memory_is_short(tmp_path: Path) -> None:
    engine = DuckDB(Resources("100MB", 1, tmp_path / "spill"))
    with pytest.raises(duckdb.OutOfMemoryException):
        engine.rows("select len(list(range)) from range(100000000)")
    engine.close()


def test_the_engine_fetches_no_extension_and_knows_only_utc(engine: DuckDB) -> None:
    settings = dict(engine.rows("select name, value from duckdb_settings()"))
    assert settings["autoinstall_known_extensions"] == settings["autoload_known_extensions"] == "false"
    assert engine.rows("select cast(timestamptz '2026-11-20 05:45:00+05:45' as varchar)") == [
        ("2026-11-20 00:00:00+00",)
    ]
