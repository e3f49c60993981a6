"""Edge lists made elsewhere: names as given, columns by their names, bad rows counted and kept."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawlers.edge_lists import EdgeList, read_edge_list
from schemas.errors import ArchiveError, Misuse
from schemas.identity import text_id

Writer = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    """Writes a file: bytes as they are, or columns as Parquet."""

    def write(name: str, data: bytes = b"", **columns: Any) -> Path:
        path = tmp_path / name
        if columns:
            pq.write_table(pa.table(columns), path)
        else:
            path.write_bytes(data)
        return path

    return write


def edges(found: EdgeList) -> list[tuple[str, str, int, int]]:
    names = (f"source_{found.node}", f"target_{found.node}", "link_count", "followed_link_count")
    return list(zip(*(found.edges.column(name).to_pylist() for name in names), strict=True))


def rejected(found: EdgeList) -> list[tuple[int, str]]:
    return [(row.number, row.text) for row in found.rejected]


HOSTS = b"source_host\ttarget_host\n"


def test_names_are_taken_as_given_byte_for_byte(written: Writer) -> None:
    names = ["Capitals.CO.uk", "localhost", "1", "1e5", "2020-01-01", "true", "NULL", "nan", "N/A", '"quoted"',
             " blank ",
             "under_score", "trailing.dot.", "fé.test", "xn--f-bja.test", "日本", "a,b"]  # fmt: skip
    found = read_edge_list(written("e.tsv", HOSTS + "".join(f"{n}\tz\n" for n in names).encode()), node=None)
    assert [edge[0] for edge in edges(found)] == names
    assert found.nodes.column("host").to_pylist() == [*names, "z"]
    assert found.rejected_count == 0


def test_ids_are_those_of_the_names_and_every_name_is_a_node_once(written: Writer) -> None:
    found = read_edge_list(written("e.tsv", HOSTS + b"a\tb\nb\ta\na\ta\na\tb\n"), node=None)
    assert found.nodes.to_pylist() == [{"host": n, "host_id": text_id(n)} for n in ("a", "b")]
    assert found.edges.column("source_host_id").to_pylist() == [text_id(n) for n in "abaa"]
    assert found.edges.column("target_host_id").to_pylist() == [text_id(n) for n in "baab"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("e.tsv", b"source_domain\ttarget_domain\tlinks\tfollowed\na\tb\t3\t1\n"),
        ("e.txt", b"source_domain\ttarget_domain\tlinks\tfollowed\r\na\tb\t3\t1\r\n"),
        (
            "e.tsv.gz",
            gzip.compress(b"source_domain\ttarget_domain\tlink_count\tfollowed_link_count\na\tb\t3\t1", mtime=0),
        ),
        ("e.csv", b"source_domain,target_domain,links,followed\na,b,3,1\n"),
        ("e.csv", b'"followed","links","target_domain","other","source_domain"\n"1","3","b","x,y","a"\n'),
        ("e.csv.gz", gzip.compress(b"source_domain,target_domain,links,followed\na,b,3,1\n", mtime=0)),
        ("e.tsv", b"\xef\xbb\xbfsource_domain\ttarget_domain\tlinks\tfollowed\n\na\tb\t3\t1\n\n"),
    ],
)
def test_formats_and_aliases(name: str, data: bytes, written: Writer) -> None:
    found = read_edge_list(written(name, data), node=None)
    assert (found.node, edges(found), found.rejected_count) == ("domain", [("a", "b", 3, 1)], 0)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
@pytest.mark.parametrize("count", [pa.int8(), pa.int32(), pa.int64(), pa.uint64()])
def test_parquet_of_any_kind_of_text_and_whole_number(kind: pa.DataType, count: pa.DataType, written: Writer) -> None:
    names = {
        "source_host": pa.array(["a"], pa.string()).cast(kind),
        "target_host": pa.array(["b"], pa.string()).cast(kind),
    }
    found = read_edge_list(written("e.parquet", **names, links=pa.array([3], count)), node=None)
    assert edges(found) == [("a", "b", 3, 3)]


def test_without_counts_every_edge_is_one_followed_link(written: Writer) -> None:
    assert edges(read_edge_list(written("e.tsv", HOSTS + b"a\tb\n"), node=None)) == [("a", "b", 1, 1)]


def test_the_kind_of_node_is_that_of_the_columns_or_as_said(written: Writer) -> None:
    plain = written("plain.tsv", b"source\ttarget\na\tb\n")
    both = written("both.tsv", b"source_host\ttarget_host\tsource_domain\ttarget_domain\na\tb\tc\td\n")
    assert read_edge_list(plain, node="host").node == "host"
    assert read_edge_list(plain, node="domain").node == "domain"
    assert edges(read_edge_list(both, node=None)) == [("c", "d", 1, 1)]
    assert edges(read_edge_list(both, node="host")) == [("a", "b", 1, 1)]


def test_further_nodes_have_no_edges(written: Writer) -> None:
    nodes = written("n.tsv", b"host\tip\nb\t10.0.0.1\nlonely\t\n\t10.0.0.2\n")
    found = read_edge_list(written("e.tsv", HOSTS + b"a\tb\n"), node=None, nodes_path=nodes)
    assert found.nodes.column("host").to_pylist() == ["a", "b", "lonely"]
    assert (rejected(found), found.rejected[0].path) == ([(3, "\t10.0.0.2")], nodes)


# -------------------------------------------------------------------- bad rows


def test_a_bad_row_never_costs_its_neighbours_and_keeps_its_number_and_text(written: Writer) -> None:
    rows = b"a\tb\nonly\n\nb\tc\n\xffx\ty\nc\td\n\ty\nx\ty\tz\nbad\xff\nd\te\n"
    found = read_edge_list(written("e.tsv", HOSTS + rows), node=None)
    assert [edge[:2] for edge in edges(found)] == [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    assert rejected(found) == [(2, "only"), (4, "�x\ty"), (6, "\ty"), (7, "x\ty\tz"), (8, "bad�")]
    assert [row.detail for row in found.rejected] == [
        "1 columns instead of 2",
        "a name is missing or is not UTF-8",
        "a name is missing or is not UTF-8",
        "3 columns instead of 2",
        "1 columns instead of 2",
    ]


@pytest.mark.parametrize(
    ("links", "followed", "detail"),
    [
        ("0", "0", "links must be a whole number from 1 on"),
        ("-1", "0", "links must be a whole number from 1 on"),
        ("1.5", "1", "links must be a whole number from 1 on"),
        ("many", "1", "links must be a whole number from 1 on"),
        ("", "", "links must be a whole number from 1 on"),
        ("99999999999999999999", "1", "links must be a whole number from 1 on"),
        ("1", "2", "followed must be a whole number from 0 to links"),
        ("1", "-1", "followed must be a whole number from 0 to links"),
        ("1", "", "followed must be a whole number from 0 to links"),
        ("1", "1.0", "followed must be a whole number from 0 to links"),
    ],
)
def test_a_row_with_impossible_counts_is_rejected(links: str, followed: str, detail: str, written: Writer) -> None:
    rows = f"source_host,target_host,links,followed\na,b,{links},{followed}\nc,d,1,0\n"
    found = read_edge_list(written("e.csv", rows.encode()), node=None)
    assert edges(found) == [("c", "d", 1, 0)]
    assert [(row.number, row.detail) for row in found.rejected] == [(1, detail)]


def test_parquet_rows_without_a_name_or_with_impossible_counts_are_rejected(written: Writer) -> None:
    columns = {
        "source_host": ["a", None, "c", "d"],
        "target_host": ["b", "b", "", "e"],
        "links": pa.array([1, 1, 1, 2**63 + 1], pa.uint64()),
    }
    found = read_edge_list(written("e.parquet", **columns), node=None)
    assert edges(found) == [("a", "b", 1, 1)]
    assert [row.number for row in found.rejected] == [2, 3, 4]


def test_of_very_many_bad_rows_all_are_counted_and_the_first_are_kept(written: Writer) -> None:
    found = read_edge_list(written("e.tsv", HOSTS + b"bad\n" * 12_000 + b"a\tb\n"), node=None)
    assert (found.rejected_count, len(found.rejected), len(found.edges)) == (12_000, 10_000, 1)


def test_a_column_that_nobody_asked_for_can_hold_anything(written: Writer) -> None:
    filling = b"a\tb\t1\n" * 1_500_000  # past the first block, in which a reader would have guessed a number
    path = written("e.tsv", b"source_host\ttarget_host\tnote\n" + filling + b"a\tb\twords \xff\n")
    assert read_edge_list(path, node=None).rejected_count == 0


# -------------------------------------------------------------------- bad files


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("e.tsv", b"", "cannot be read (Empty CSV file)"),
        ("e.tsv", b"\n\n", "cannot be read ("),
        ("e.tsv.gz", b"garbage", "cannot be read (zlib inflate failed"),
        (
            "e.tsv.gz",
            gzip.compress(HOSTS + b"a\tb\n" * 9, mtime=0)[:-12],
            "cannot be read (Truncated compressed stream)",
        ),
        ("e.parquet", b"garbage", "cannot be read (Could not open Parquet input source"),
        ("e.tsv", HOSTS + b"\t\na\t\n", "of 2 rows not one can be used; row 1: a name is missing"),
        ("e.csv", b"source_host,target_host,links\na,b,1.0\n", "of 1 rows not one can be used; row 1: links must be"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    name: str, data: bytes, said: str, written: Writer
) -> None:
    path = written(name, data)
    with pytest.raises(ArchiveError) as refused:
        read_edge_list(path, node=None)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path, written: Writer) -> None:
    with pytest.raises(ArchiveError, match="does not exist: name an edge list"):
        read_edge_list(tmp_path / "none.tsv", node=None)
    with pytest.raises(ArchiveError, match="it is a directory"):
        read_edge_list(tmp_path, node=None)
    with pytest.raises(ArchiveError, match=r"none\.tsv does not exist"):
        read_edge_list(written("e.tsv", HOSTS + b"a\tb\n"), node=None, nodes_path=tmp_path / "none.tsv")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"from\tto\na\tb\n",
            "has the columns from, to: an edge list needs columns named source_domain, target_domain",
        ),
        (b"source_host,target_host\na,b\n", "has the columns source_host,target_host: an edge list needs"),
        (b"source_host\ttarget_domain\na\tb\n", "or source_host, target_host"),
        (b"source\ttarget\na\tb\n", "has the columns source, target"),
        (b"source_host\ttarget_host\tsource_host\na\tb\tc\n", "has more than one column source_host"),
    ],
)
def test_other_columns_are_misuse(data: bytes, said: str, written: Writer) -> None:
    with pytest.raises(Misuse) as refused:
        read_edge_list(written("e.tsv", data), node=None)
    assert said in str(refused.value)


def test_columns_of_the_other_kind_of_node_are_misuse(written: Writer) -> None:
    with pytest.raises(Misuse, match="an edge list needs columns named source_domain, target_domain"):
        read_edge_list(written("e.tsv", HOSTS + b"a\tb\n"), node="domain")
    nodes = written("n.tsv", b"domain\na\n")
    with pytest.raises(Misuse, match="a list of nodes needs a column named host"):
        read_edge_list(written("e.tsv", HOSTS + b"a\tb\n"), node=None, nodes_path=nodes)


@pytest.mark.parametrize(
    "column",
    [pa.array([1]), pa.array([1.5]), pa.array([b"a"]), pa.array([["a"]])],
    ids=lambda array: str(array.type),
)
def test_parquet_names_that_are_no_text_are_misuse(column: Any, written: Writer) -> None:
    with pytest.raises(Misuse, match="names of hosts or domains are needed"):
        read_edge_list(written("e.parquet", source_host=column, target_host=["b"]), node=None)


def test_parquet_counts_that_are_no_whole_numbers_are_misuse(written: Writer) -> None:
    with pytest.raises(Misuse, match="column links is double, not whole numbers"):
        read_edge_list(written("e.parquet", source_host=["a"], target_host=["b"], links=[1.0]), node=None)


def test_an_edge_list_without_edges_is_one(written: Writer) -> None:
    found = read_edge_list(written("e.tsv", HOSTS), node=None)
    assert (len(found.edges), len(found.nodes), found.rejected_count) == (0, 0, 0)
