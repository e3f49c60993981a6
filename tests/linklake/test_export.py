"""Files for other tools: whole or not at all, and harmless however hostile the web was."""

import csv
import io
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from linklake.harmless import LONGEST_CELL, cell, visible
from schemas.catalog import MARTS, VIEWS
from tests.linklake.calls import Ended, call, warc_record
from tests.tiny_lake import table_hashes
from tests.tiny_web import expected_views as drawn

HOSTILE = (
    "=HYPERLINK('http://x')", "+1+1", "-2+3", "@SUM(A1)", "\uff1d1+1", "x;=cmd|calc", '";=1', "a,b", 'say "hi"',
    "<script>alert(1)</script>", "'; drop table backlinks; --", "moc.\u202eelgoog", "zero\u200bwidth", "a" * 100_000,
)  # fmt: skip


def export(lake: Path, *words: object) -> Ended:
    return call("export", *words, "--lake", lake)


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


# -- csv -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [t.name for t in (*MARTS, *VIEWS)])
def test_every_mart_and_view_can_be_exported(table: str, built_lake: Path) -> None:
    ended = export(built_lake, "csv", table)
    assert (ended.code, ended.err) == (0, "")
    columns = next(t for t in (*MARTS, *VIEWS) if t.name == table).columns
    assert read(ended.out)[0] == [c.name for c in columns]


def test_the_rows_of_one_domain_alone_are_exported_in_the_order_of_their_key(built_lake: Path) -> None:
    ended = export(built_lake, "csv", "v_linked_domains", "--domain", "http://www.signpost.test/x")
    rows = read(ended.out)[1:]
    assert [(row[0], row[1]) for row in rows] == sorted(
        pair for pair in drawn.linked_domains() if "signpost" in pair[0]
    )


def test_a_file_is_new_whole_and_the_same_as_stdout(built_lake: Path, tmp_path: Path) -> None:
    path = tmp_path / "anchors.csv"
    ended = export(built_lake, "csv", "anchors", "--output", path)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert path.read_bytes().decode() == export(built_lake, "csv", "anchors").out
    assert [p.name for p in tmp_path.iterdir()] == ["anchors.csv"]
    again = export(built_lake, "csv", "domains", "--output", path)
    assert (again.code, "exists: name another --output" in again.err) == (2, True)
    assert path.read_text().startswith("target_domain,")


@pytest.mark.parametrize("what", [("csv", "domains"), ("graph",), ("disavow", "--domain", "silverquay.test")])
@pytest.mark.parametrize("place", ["no-folder/x.csv", "folder", "read-only/x.csv"])
def test_an_output_that_cannot_be_written_is_refused_and_leaves_nothing(
    what: tuple[str, ...], place: str, built_lake: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "read-only").mkdir(mode=0o555)
    if place.startswith("read-only") and os.access(tmp_path / "read-only", os.W_OK):
        pytest.skip("root may write anywhere")
    ended = export(built_lake, *what, "--output", tmp_path / place)
    assert ended.code == 2
    assert str(tmp_path / place) in ended.err
    assert "Traceback" not in ended.err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "read-only"]


def test_what_fails_on_the_way_leaves_nothing(built_lake: Path, tmp_path: Path) -> None:
    ended = export(built_lake, "csv", "domains", "--domain", "nobody.test", "--output", tmp_path / "x.csv")
    assert ended.code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("csv",), 2, "name a mart or view: linklake export csv TABLE; there are domains, "),
        (("csv", "links"), 2, "there is no mart or view links; there are domains, "),
        (("csv", "crawl_runs", "--domain", "heron-oars.test"), 2, "crawl_runs is not about domains"),
        (("csv", "domains", "--domain", "heron oars"), 2, "'heron oars' is no domain"),
        (("csv", "domains", "--domain", "heron-oar.test"), 1, "heron-oar.test is not in the index (data as of "),
        (("csv", "domains", "--domain", "heron-oar.test"), 1, "nearest are heron-oars.test, "),
        (("disavow",), 2, "linklake export disavow --domain DOMAIN"),
        (("graph", "domains"), 2, "a graph is exported whole"),
    ],
)
def test_what_cannot_be_exported_is_said(words: tuple[str, ...], code: int, said: str, built_lake: Path) -> None:
    ended = export(built_lake, *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


# -- disavow and graph ---------------------------------------------------------------------------------------


def test_a_disavow_file_names_the_drawn_farm_with_its_reasons_as_comments(built_lake: Path) -> None:
    ended = export(built_lake, "disavow", "--domain", "plumline.test")
    expected = {f"domain:{entry}" for target, entry in drawn.disavow_candidates() if target == "plumline.test"}
    lines = ended.out.splitlines()
    assert {line for line in lines if not line.startswith("#")} == expected
    assert lines[lines.index("domain:amberporch.test") - 1].startswith("# 1 links, 1 pass equity: it links to the same")
    assert f"{len(expected)} candidates for plumline.test" in ended.err


def test_a_domain_without_candidates_has_a_file_of_comments_alone(built_lake: Path) -> None:
    ended = export(built_lake, "disavow", "--domain", "heron-oars.test")
    assert ended.code == 0
    assert all(line.startswith("#") for line in ended.out.splitlines())
    assert "0 candidates" in ended.err


def test_the_graph_comes_back_as_it_was(built_lake: Path, tmp_path: Path) -> None:
    for name in ("graph.tsv", "graph.parquet"):
        assert export(built_lake, "graph", "--output", tmp_path / name).code == 0
    edges = pq.read_table(tmp_path / "graph.parquet").to_pylist()
    assert [",".join(map(str, edge.values())) for edge in edges] == [
        line.replace("\t", ",") for line in (tmp_path / "graph.tsv").read_text().splitlines()[1:]
    ]
    for name in ("graph.tsv", "graph.parquet"):
        lake = tmp_path / name.replace(".", "-")
        assert call("import-graph", tmp_path / name, "--lake", lake, "--crawl-id", "again").code == 0
        assert call("run", "rank_domains", "--lake", lake).code == 0
    assert table_hashes(tmp_path / "graph-tsv", ["domain_edges"]) == table_hashes(
        tmp_path / "graph-parquet", ["domain_edges"]
    )


# -- hostile text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_or_hides_anything_whichever_separator_is_taken(text: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_MINIMAL).writerow(["before", cell(text), "after"])
    for delimiter in ",;\t":
        for found in read(stream.getvalue(), delimiter)[0]:
            assert found.lstrip(' "')[:1] not in tuple("=+-@\uff1d"), found
            assert found.isprintable()
    assert len(cell(text)) <= LONGEST_CELL + 2


def test_what_is_harmless_stays_as_it_is() -> None:
    for value in (
        "",
        "the study",
        "https://a.test/?q=1+1&x=-2",
        "日本語 Ελλάς",
        "naïve",
        -2395335241982416364,
        -1.5,
        None,
    ):
        assert cell(value) == value
    assert visible("a\u202eb\u200dc\nd\U000e0041") == "a\\u202eb\\u200dc\\nd\\U000e0041".replace("\\n", "\\u000a")


def test_hostile_anchors_and_titles_come_out_harmless_from_a_whole_lake(tmp_path: Path) -> None:
    items = "".join(f"<a href='http://target.test/{n}'>{_html(text)}</a>" for n, text in enumerate(HOSTILE))
    page = f"<html><head><title>=1+1 \u202e</title></head><body><main><p>{items}</p></main></body></html>"
    (tmp_path / "a.warc").write_bytes(warc_record("http://hostile.test/", page.encode()))
    lake = ("--lake", tmp_path / "lake")
    assert call("ingest", tmp_path / "a.warc", *lake).code == 0
    assert call("build", *lake).code == 0
    kept = call("sql", "select anchor_text from backlinks where anchor_text[1] = '='", *lake, "--format", "csv").out
    assert "\r\n=HYPERLINK(" in kept, "the lake keeps what was there"
    for table in ("backlinks", "anchors", "v_one_link_per_domain"):
        ended = export(tmp_path / "lake", "csv", table)
        rows = read(ended.out)
        assert len({len(row) for row in rows}) == 1
        cells = [value for row in rows for value in row]
        assert not [value for value in cells if value[:1] in tuple("=+-@")]
        assert all(value.isprintable() and len(value) <= LONGEST_CELL + 2 for value in cells)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


# -- lakes that have no marts --------------------------------------------------------------------------------


def test_a_lake_without_marts_says_what_to_run(lakes_before_stages: dict[str, Path], tmp_path: Path) -> None:
    ended = export(lakes_before_stages["build_marts"], "csv", "domains")
    assert (ended.code, "nothing is built to the end: run linklake build" in ended.err) == (1, True)
    assert export(tmp_path / "nowhere", "csv", "domains").code == 1
