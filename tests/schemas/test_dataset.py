"""Every dataset describes itself fully, and SQL uses the very words of the vocabularies."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas import vocabulary
from schemas.catalog import DATASETS, MARTS, VIEWS, dataset
from schemas.dataset import BUCKET, CRAWL_ID, TIMESTAMP, Column, Dataset, words
from schemas.errors import UnknownName
from schemas.vocabulary import EQUITY_BLOCK_REASON, LINK_TYPE, NEUTRAL_LINK_TYPES, UNREAD_LINK_TYPES

TRANSFORMS = Path(__file__).parents[2] / "transforms"
TABLES = (*DATASETS, *VIEWS)
COLUMNS = [(table, column) for table in TABLES for column in table.columns]
VOCABULARIES = {name: value for name, value in vars(vocabulary).items() if isinstance(value, dict) and name.isupper()}
SQL = {path.stem: path.read_text(encoding="utf-8") for path in TRANSFORMS.glob("*/*.sql")}

every_dataset = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
every_mart = pytest.mark.parametrize("mart", [*MARTS, *VIEWS], ids=lambda mart: mart.name)
every_column = pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda value: value.name)


# -- datasets ------------------------------------------------------------------------------------------------


@every_dataset
def test_key_sort_and_bucket_are_columns_and_the_key_is_never_null(table: Dataset) -> None:
    names = {c.name for c in table.columns}
    assert table.key
    assert {*table.key, *table.sort_by} <= names
    assert not any(table.column(name).nullable for name in table.key)
    if table.bucket_by:
        assert table.column(table.bucket_by).type == pa.int64()
        assert not table.column(table.bucket_by).nullable


@every_dataset
def test_column_names_are_plain_words_each_used_once(table: Dataset) -> None:
    names = [c.name for c in table.columns]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in [table.name, *names])
    assert BUCKET.name not in names


@every_dataset
def test_a_file_carries_crawl_and_bucket_and_the_path_keys_are_no_columns(table: Dataset) -> None:
    names = table.physical_schema.names
    assert names.count(CRAWL_ID.name) == 1
    assert names[-1] == BUCKET.name
    assert not {"crawl", "b"} & set(names)
    assert [n for n in names if n in table.schema.names] == table.schema.names


@every_dataset
def test_an_id_stands_beside_the_text_that_it_is_made_of(table: Dataset) -> None:
    names = {c.name for c in table.columns}
    for column in table.columns:
        if column.meaning.startswith("Id of ") and column.meaning.endswith(f" {column.name.removesuffix('_id')}."):
            assert column.name.removesuffix("_id") in names


def test_a_grain_completes_the_sentence_one_row_per() -> None:
    for table in TABLES:
        assert not table.grain.endswith("."), table.name
        assert table.grain[0] in "(" or table.grain[0].islower() or table.grain.startswith("URL"), table.name


def test_the_catalog_finds_a_dataset_by_name_and_says_which_there_are() -> None:
    assert dataset("links").name == "links"
    with pytest.raises(UnknownName, match=r"no dataset link: the datasets are crawls, .*, links,"):
        dataset("link")


def test_a_dataset_says_which_column_it_does_not_have() -> None:
    with pytest.raises(KeyError, match="links has no column colour"):
        dataset("links").column("colour")


def test_datasets_stand_in_the_order_of_the_flow() -> None:
    names = [d.name for d in DATASETS]
    flow = ["page_fetches", "link_observations", "links", "link_classes", "domain_edges", "domain_ranks"]
    flow += ["farm_verdicts", "domain_authority", "domains"]
    assert len(set(names)) == len(names)
    assert sorted(flow, key=names.index) == flow


# -- columns -------------------------------------------------------------------------------------------------


@every_column
def test_a_column_says_what_it_means_in_a_sentence(table: Dataset, column: Column) -> None:
    assert column.meaning[0].isupper() or column.meaning[0].isdigit(), column.meaning
    assert column.meaning.endswith(".")
    assert not column.policy or column.policy.endswith(".")


@every_column
def test_an_example_is_a_value_of_its_column(table: Dataset, column: Column) -> None:
    if column.example is None:
        return
    value: Any = column.example
    if column.type == TIMESTAMP:
        assert isinstance(value, str)
        value = datetime.fromisoformat(value)
        assert value.tzinfo is not None
    scalar: Any = pa.scalar(value, column.type)
    assert scalar.as_py() == value
    assert not column.values or value in column.values


@every_column
def test_names_promise_types(table: Dataset, column: Column) -> None:
    endings = {"_at": TIMESTAMP, "_share": pa.float64(), "_seen": TIMESTAMP, "_micro": pa.int64()}
    for ending, type_ in endings.items():
        assert not column.name.endswith(ending) or column.type == type_
    assert column.name.startswith("is_") <= (column.type == pa.bool_())
    assert not column.name.endswith("_count") or pa.types.is_integer(column.type)


def test_a_name_has_one_type_wherever_it_stands() -> None:
    types: dict[str, set[str]] = {}
    for table, column in COLUMNS:
        # Words separated by a space where BI reads them, a list elsewhere.
        if (table.name, column.name) not in {("backlinks", "rel"), ("backlinks_all", "rel")}:
            type_ = "integer" if pa.types.is_integer(column.type) else str(column.type)
            types.setdefault(column.name, set()).add(type_)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


# -- marts ---------------------------------------------------------------------------------------------------


@every_mart
def test_a_mart_has_no_nested_types(mart: Dataset) -> None:
    assert not [c.name for c in mart.columns if pa.types.is_nested(c.type)]


@every_mart
def test_every_count_and_score_of_a_mart_says_how_it_counts(mart: Dataset) -> None:
    counts = [c for c in mart.columns if c.type == pa.int64() and not c.name.endswith(("_rank", "_id"))]
    silent = [c.name for c in counts if not c.policy]
    assert silent == []


# -- vocabularies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_defines_every_word_in_a_sentence(name: str) -> None:
    for word, meaning in VOCABULARIES[name].items():
        assert re.fullmatch(r"[a-z][a-z_]*", word)
        assert meaning.endswith("."), word


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_vocabulary_closes_some_column(name: str) -> None:
    assert words(VOCABULARIES[name]) in {c.values for _, c in COLUMNS}


def test_links_sql_orders_types_as_the_vocabulary_does() -> None:
    *ordered, last = LINK_TYPE
    to_order = re.findall(r"when '(\w+)' then (\d+)", _case_of("case o.link_type"))
    to_type = re.findall(r"when (\d+) then '(\w+)'", _case_of("case v.type_order"))
    assert [(word, int(n)) for word, n in to_order] == list(zip(ordered, range(1, 12), strict=True))
    assert [(word, int(n)) for n, word in to_type] == list(zip(ordered, range(1, 12), strict=True))
    assert f"else '{last}'" in _case_of("case v.type_order")
    assert f"else {len(LINK_TYPE)}\n" in _case_of("case o.link_type")


def test_link_classes_sql_gives_the_reasons_in_the_vocabularys_order() -> None:
    case = SQL["link_classes"].split("as equity_block_reason")[0].rpartition("case\n")[2]
    assert re.findall(r"then '(\w+)'", case) == [*EQUITY_BLOCK_REASON]


@pytest.mark.parametrize("file", [name for name, sql in SQL.items() if "'canonical'" in sql])
def test_sql_takes_the_same_types_as_neutral(file: str) -> None:
    listed = re.findall(r"link_type (?:not )?in \(([^)]*)\)", SQL[file])
    named = [set(re.findall(r"'(\w+)'", words)) for words in listed]
    assert set(NEUTRAL_LINK_TYPES) in named
    assert all(found == set(NEUTRAL_LINK_TYPES) for found in named if "canonical" in found)


def test_link_classes_sql_takes_the_same_types_as_unread() -> None:
    listed = re.findall(r"link_type in \(([^)]*)\) as is_unread", SQL["link_classes"])
    assert [set(re.findall(r"'(\w+)'", words)) for words in listed] == [set(UNREAD_LINK_TYPES)]


@pytest.mark.parametrize(
    ("file", "ending", "column"),
    [
        ("links", "as link_scope", "link_scope"),
        ("links", "as link_state", "link_state"),
        ("links", "as lost_reason,\n    j.gone", "lost_reason"),
        ("link_classes", "as rel_class", "rel_class"),
        ("link_classes", "as equity_block_reason", "equity_block_reason"),
    ],
)
def test_sql_concludes_in_words_of_the_columns_vocabulary(file: str, ending: str, column: str) -> None:
    before = SQL[file][: SQL[file].index(ending)]
    case = before[before.rindex("case\n") :]
    found = re.findall(r"(?:then|else) '(\w+)'", case)
    values = next(c.values for t, c in COLUMNS if t.name == file and c.name == column)
    assert len(found) >= 2
    assert set(found) <= set(values or ())


def _case_of(opening: str) -> str:
    sql = SQL["links"]
    begin = sql.index(opening)
    return sql[begin : sql.index("end as", begin)]
