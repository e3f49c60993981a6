"""Every case folder holds, whatever ids are worth: strings decide."""

from pathlib import Path

import pyarrow as pa
import pytest

from schemas import identity
from schemas.dataset import Dataset
from tests.transforms.sql_cases import Case, as_expected, cases, rows_of

CASES = cases()
TABLES = ("links", "link_classes", "host_edges", "domain_edges", "host_nodes", "domain_nodes") + (
    "backlinks", "backlinks_all", "referring_domains", "anchors", "domains", "pages", "index_info",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_gives_exactly_the_rows_expected_of_it(case: Case, tmp_path: Path) -> None:
    table = case.dataset
    columns = set().union(*case.expected)
    assert all(row.keys() == columns for row in case.expected), "every expected row names the same columns"
    rows = rows_of(case.table, case.given, tmp_path)
    assert as_expected(rows, columns, table) == as_expected(case.expected, columns, table), case.sentence


@pytest.mark.parametrize("bits", [12, 0])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_gives_the_same_rows_with_ids_of_few_bits(
    case: Case, bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = case.dataset
    full = rows_of(case.table, case.given, tmp_path)
    monkeypatch.setattr(identity, "ID_BITS", bits)
    few = rows_of(case.table, case.given, tmp_path)
    assert as_expected(few, _no_ids(table), table) == as_expected(full, _no_ids(table), table)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_says_in_a_sentence_what_it_shows(case: Case) -> None:
    assert case.sentence.endswith(".")
    assert case.sentence[0].isupper()


def test_every_table_made_by_sql_has_cases() -> None:
    assert {case.table for case in CASES} >= set(TABLES)


def _no_ids(table: Dataset) -> list[str]:
    return [c.name for c in table.columns if not (c.name.endswith("_id") and pa.types.is_int64(c.type))]
