"""`linklake import-graph`: a graph made elsewhere is ranked as it is, and never becomes the state of a crawled lake."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.catalog import dataset as dataset_named
from schemas.lake import Lake
from schemas.render import readable
from tests.linklake.calls import call
from tests.tiny_lake import all_table_hashes


def ask(sql: str, lake: Path) -> list[dict[str, Any]]:
    ended = call("sql", sql, "--format", "json", "--lake", lake)
    assert ended.code == 0, ended.err
    return ended.rows


def newest(dataset: str, lake: Path) -> pa.Table:
    """The whole table, read past the door: a table of 58,842 rows is no test of JSON."""
    opened = Lake.open(lake)
    partitions = readable(opened.snapshot(), dataset_named(dataset))
    return pa.concat_tables(pq.read_table(opened.path(file), partitioning=None) for p in partitions for file in p.files)


DOMAINS = [("a.test", "b.test"), ("b.test", "c.test"), ("c.test", "a.test"), ("d.test", "b.test")]


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    path = tmp_path / "domains.tsv"
    path.write_text("source_domain\ttarget_domain\n" + "".join(f"{s}\t{t}\n" for s, t in DOMAINS), encoding="utf-8")
    return path


# -------------------------------------------------------------------- the UK web of 1996


@pytest.fixture(scope="module")
def uk_lake(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host graph of the UK web of 1996, imported and ranked."""
    folder = tmp_path_factory.mktemp("uk")
    nodes = pq.read_table(shared_data / "graphs" / "uk-1996-hosts.nodes.parquet")
    edges = pq.read_table(shared_data / "graphs" / "uk-1996-hosts.edges.parquet")
    assert nodes.column("node").to_pylist() == list(range(len(nodes)))
    label = nodes.column("label").combine_chunks()
    ends = [label.take(edges.column(name).combine_chunks()) for name in ("src", "dst")]
    pq.write_table(pa.table(ends, names=["source_host", "target_host"]), folder / "edges.parquet")
    pq.write_table(pa.table({"host": label}), folder / "nodes.parquet")
    words = ["--as", "host", "--nodes", folder / "nodes.parquet", "--crawl-id", "uk-1996", "--lake", folder / "lake"]
    imported = call("import-graph", folder / "edges.parquet", *words)
    assert imported.code == 0, imported.err
    assert (
        imported.receipt["rows"] | {"in": 174_122, "host_nodes": 58_842, "host_edges": 174_122, "rejected": 0}
        == (imported.receipt["rows"])
    )
    ranked = call("run", "rank_hosts", "--lake", folder / "lake")
    assert ranked.code == 0, ranked.err
    assert ranked.receipt["crawl_id"] == "uk-1996"
    return folder / "lake"


def test_the_names_of_1996_are_kept_byte_for_byte(uk_lake: Path, shared_data: Path) -> None:
    given = pq.read_table(shared_data / "graphs" / "uk-1996-hosts.nodes.parquet").column("label").to_pylist()
    names: list[Any] = newest("host_ranks", uk_lake).column("host").to_pylist()
    assert (len(names), set(names)) == (58_842, set(given))
    assert sum(name != name.lower() for name in names) == 1_045
    assert sum("." not in name for name in names) == 102


def test_the_ranks_of_1996_are_those_of_the_reference(uk_lake: Path, shared_data: Path) -> None:
    reference = pq.read_table(shared_data / "graphs" / "uk-1996-hosts.nodes.parquet").sort_by("label")
    ranks = newest("host_ranks", uk_lake).sort_by("host")
    assert ranks.column("host").to_pylist() == reference.column("label").to_pylist()
    pagerank = ranks.column("pagerank").to_numpy()
    off = float(np.abs(pagerank - reference.column("pagerank_0_85").to_numpy()).sum())
    print(f"L1 distance of host_ranks.pagerank from pagerank_0_85: {off:.2e}")
    assert off <= 1e-8
    assert abs(pagerank.sum() - 1) < 1e-9
    for name in ("indegree", "outdegree"):
        assert (ranks.column(name).to_numpy() == reference.column(name).to_numpy()).all(), name


def test_what_the_import_of_hosts_has_no_input_for_is_left_out_of_a_build(uk_lake: Path) -> None:
    built = call("build", "--lake", uk_lake)
    assert (built.code, built.receipt["outcome"]) == (0, "unchanged")
    assert [line.split()[0] for line in built.err.splitlines()[:2]] == ["crawl_id", "rank_hosts"]
    assert ask("select count(*) as n from domains", uk_lake) == [{"n": 0}]


# -------------------------------------------------------------------- doors


def test_a_domain_graph_is_built_into_marts(domains: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    imported = call("import-graph", domains, "--crawl-id", "g", "--lake", lake)
    assert imported.receipt["next"] == f"linklake run rank_domains --crawl-id g --lake {lake}"
    built = call("build", "--lake", lake)
    assert built.code == 0, built.err
    ranks = ask("select domain, indegree, outdegree, pagerank from domain_ranks order by pagerank desc", lake)
    assert [row["domain"] for row in ranks] == ["b.test", "c.test", "a.test", "d.test"]
    assert sum(row["pagerank"] for row in ranks) == pytest.approx(1)
    assert ask("select count(*) as n from domain_authority where authority_score between 0 and 100", lake) == [{"n": 4}]
    marts = ask("select domain, referring_domains, backlinks, crawled_pages from domains order by domain", lake)
    assert [row["referring_domains"] for row in marts] == [1, 2, 1, 0]
    sql = "select source_domain, referring_pages, first_seen from referring_domains where target_domain = 'b.test'"
    referring = ask(f"{sql} order by 1", lake)
    assert referring == [
        {"source_domain": "a.test", "referring_pages": None, "first_seen": None},
        {"source_domain": "d.test", "referring_pages": None, "first_seen": None},
    ]
    assert (lake / "serving" / "authority.duckdb").is_file()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "e.tsv.gz",
            gzip.compress(
                b"source_domain\ttarget_domain\tlinks\tfollowed\na\tb\t2\t1\na\tb\t3\t0\na\ta\t9\t9\n", mtime=0
            ),
        ),
        ("e.csv", b'source_domain,target_domain,link_count,followed_link_count\n"a","b",2,1\n"a","b",3,0\na,a,9,9\n'),
    ],
)
def test_repeated_edges_add_up_and_loops_go(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    imported = call("import-graph", tmp_path / name, "--lake", tmp_path / "lake")
    assert (imported.code, imported.receipt["rows"]["in"], imported.receipt["rows"]["domain_edges"]) == (0, 3, 1)
    sql = "select source_domain, target_domain, link_count, followed_link_count from domain_edges"
    edges = ask(sql, tmp_path / "lake")
    assert edges == [{"source_domain": "a", "target_domain": "b", "link_count": 5, "followed_link_count": 1}]
    nodes = ask("select domain from domain_nodes order by 1", tmp_path / "lake")
    assert [row["domain"] for row in nodes] == ["a", "b"]


def test_plain_columns_need_a_word_on_what_they_name(tmp_path: Path) -> None:
    path = tmp_path / "e.tsv"
    path.write_bytes(b"source\ttarget\na\tb\n")
    refused = call("import-graph", path, "--lake", tmp_path / "lake")
    assert (refused.code, refused.has_receipt) == (2, False)
    assert "an edge list needs columns named source_domain, target_domain or source_host, target_host" in refused.err
    assert (
        call("import-graph", path, "--as", "domain", "--lake", tmp_path / "lake").receipt["rows"]["domain_edges"] == 1
    )


def test_bad_rows_are_counted_told_and_kept(tmp_path: Path) -> None:
    path, nodes = tmp_path / "e.tsv", tmp_path / "nodes.tsv"
    path.write_bytes(b"source_host\ttarget_host\na\tb\nonly\n\tb\nb\tc\n")
    nodes.write_bytes(b"host\tip\n\t10.0.0.1\nlonely\t10.0.0.2\n")
    ended = call("import-graph", path, "--nodes", nodes, "--crawl-id", "g", "--lake", tmp_path / "lake")
    assert (ended.code, ended.receipt["rows"]["rejected"], ended.receipt["rows"]["host_nodes"]) == (0, 3, 4)
    sql = "select archive_file, archive_offset, reason, record from rejected_records order by 1, 2"
    kept = ask(sql, tmp_path / "lake")
    assert kept == [
        {"archive_file": str(path), "archive_offset": 2, "reason": "bad_row", "record": "only"},
        {"archive_file": str(path), "archive_offset": 3, "reason": "bad_row", "record": "\tb"},
        {"archive_file": str(nodes), "archive_offset": 1, "reason": "bad_row", "record": "\t10.0.0.1"},
    ]
    assert ended.err.splitlines()[1].startswith("rejected and kept: bad_row 3; linklake sql ")


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"from\tto\na\tb\n", 2, "has the columns from, to: an edge list needs columns named"),
        (b"", 1, "cannot be read (Empty CSV file): give .parquet, .tsv or .csv, also .gz"),
        (b"source_host\ttarget_host\n\t\n", 1, "of 1 rows not one can be used; row 1: a name is missing"),
    ],
)
def test_a_list_that_cannot_be_used_is_one_line_and_no_crawl(data: bytes, code: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "e.tsv"
    path.write_bytes(data)
    ended = call("import-graph", path, "--crawl-id", "g", "--lake", tmp_path / "lake")
    assert (ended.code, ended.has_receipt) == (code, code == 1)
    assert said in ended.err.splitlines()[1]
    assert ask("select count(*) as n from crawls", tmp_path / "lake") == [{"n": 0}]


def test_an_import_is_recognised_by_its_content(domains: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert call("import-graph", domains, "--crawl-id", "g", "--lake", lake).receipt["outcome"] == "built"
    assert call("import-graph", domains, "--crawl-id", "g", "--lake", lake).receipt["outcome"] == "unchanged"
    domains.write_text("source_domain\ttarget_domain\nx\ty\n", encoding="utf-8")
    other = call("import-graph", domains, "--crawl-id", "g", "--lake", lake)
    assert other.code == 2
    assert "crawl g is published already, from other input: choose another --crawl-id" in other.err


def test_an_import_never_becomes_the_newest_state_of_a_lake_with_crawls(
    built_lake: Path, copy_of: Callable[[Path], Path], domains: Path
) -> None:
    lake = copy_of(built_lake)
    before = all_table_hashes(lake)
    assert call("import-graph", domains, "--crawl-id", "g", "--lake", lake).code == 0
    assert call("build", "--crawl-id", "g", "--lake", lake).code == 0
    events = {"crawls", "stage_runs", "rejected_records"}
    after = all_table_hashes(lake)
    assert {n: h for n, h in after.items() if n not in events} == {n: h for n, h in before.items() if n not in events}
    assert {row["kind"] for row in ask("select kind from crawls", lake)} == {"crawl", "import"}
    again = call("run", "rank_domains", "--lake", lake)
    assert again.receipt["crawl_id"] == "tiny", "the newest crawl, not the newest import"


# -------------------------------------------------------------------- what whoever made the list should know


def test_loops_and_names_that_are_none_are_said_and_taken_as_given(tmp_path: Path) -> None:
    path = tmp_path / "edges.tsv"
    rows = "www.a.test\tb.test\nb.test\tb.test\nB.TEST\tb.test\n127.0.0.1\tlocalhost\nb.test\tc.test\n"
    path.write_text(f"source_domain\ttarget_domain\n{rows}", encoding="utf-8")
    ended = call("import-graph", path, "--lake", tmp_path / "lake")
    assert ended.code == 0, ended.err
    rows_by_fate = ended.receipt["rows"]
    assert (rows_by_fate["loops"], rows_by_fate["odd_names"], rows_by_fate["domain_edges"]) == (1, 3, 4)
    assert "1 rows lead from a domain to itself and become no edge" in ended.receipt["message"]
    assert "3 names are no registrable domains and are taken as given, such as 'www.a.test'" in ended.receipt["message"]
    assert len(ask("from domain_nodes", tmp_path / "lake")) == 6


def test_an_import_of_hosts_ends_with_a_question_that_has_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "edges.tsv"
    path.write_text("source_host\ttarget_host\nwww.a.test\tb.test\n", encoding="utf-8")
    lake = tmp_path / "lake"
    imported = call("import-graph", path, "--crawl-id", "h", "--lake", lake).receipt
    assert (imported["message"], imported["rows"]["loops"], imported["rows"]["odd_names"]) == (None, 0, 0)
    assert imported["next"].startswith("linklake run rank_hosts --crawl-id h")
    expected = "linklake sql 'from host_ranks order by pagerank_rank limit 10'"
    assert call("run", "rank_hosts", "--lake", lake).receipt["next"].startswith(expected)
    assert call("build", "--lake", lake).receipt["next"].startswith(expected)
    assert [row["host"] for row in ask(expected.split("'")[1], lake)] == ["b.test", "www.a.test"]
