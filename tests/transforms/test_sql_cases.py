"""Every case folder holds, whatever ids are worth: strings decide."""

from pathlib import Path

import pyarrow as pa
import pytest

from schemas import identity
from schemas.dataset import Dataset
from tests.transforms.sql_cases import Case, as_expected, cases, rows_of

CASES = cases()
TABLES = {
    "host_blocks", "links", "link_classes", "host_nodes", "host_edges", "domain_nodes", "domain_edges",
    "imported_host_nodes", "imported_host_edges", "imported_domain_nodes", "imported_domain_edges",
    "domains", "pages", "backlinks", "backlinks_all", "referring_domains", "anchors", "crawl_runs",
    "index_info", "internal_links", "domain_history", "farms", "farm_members", "broken_backlinks", "disavow_candidates",
    "v_broken_targets", "v_gov_edu_media",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_gives_exactly_the_rows_expected_of_it_even_where_ids_collide(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = set().union(*case.expected)
    assert all(row.keys() == columns for row in case.expected), "every expected row names the same columns"
    rows = rows_of(case.table, case.given, tmp_path)
    expected = as_expected(case.expected, columns, case.dataset)
    assert as_expected(rows, columns, case.dataset) == expected, case.sentence

    texts = _columns_without_ids(case.dataset)
    for bits in (12, 0):  # 12 bits collide now and then, no bits always
        monkeypatch.setattr(identity, "ID_BITS", bits)
        few = rows_of(case.table, case.given, tmp_path)
        assert as_expected(few, texts, case.dataset) == as_expected(rows, texts, case.dataset), f"{bits} bits"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_says_in_a_sentence_what_it_shows(case: Case) -> None:
    assert case.sentence[0].isupper()
    assert case.sentence.endswith(".")


def test_every_table_that_sql_believes_has_cases() -> None:
    assert {case.table for case in CASES} == TABLES


def _columns_without_ids(table: Dataset) -> list[str]:
    return [c.name for c in table.columns if not (c.name.endswith("_id") and pa.types.is_int64(c.type))]
