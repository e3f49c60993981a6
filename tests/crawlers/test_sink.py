"""The sink: rows have the datasets' own schemas, ids are the same every time, and a part is whole or never was."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawlers.extract import Page, extract
from crawlers.journal import Journal
from crawlers.sink import MAX_RECORD_BYTES, Evidence, Fetch, Limits, Sink, short_id
from schemas.catalog import dataset
from schemas.identity import CanonicalUrl, judge, text_id

FACTS = {"crawl_id": "c1", "kind": "ingest", "seeds_hash": "s", "config_hash": "c"}
AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HTML = """<html lang=EN><title>A page</title><body>
<p>before <a rel="NoFollow UGC" href="http://b.example/x">one</a> after</p>
<a href="/two"><img alt="two" src=i.png></a> <a href="mailto:x@y">m</a> <a href="http://[::1">broken</a>"""


def url(text: str) -> CanonicalUrl:
    judged = judge(text)
    assert isinstance(judged, CanonicalUrl)
    return judged


def fetch(name: str = "a", **facts: Any) -> Fetch:
    where = url(f"http://www.{name}.example/")
    given = {
        "fetch_id": short_id(name),
        "requested": where,
        "final": where,
        "state": "fetched",
        "fetched_at": AT,
    }
    return Fetch(**{**given, **facts})


def html(text: str, name: str = "a") -> Page:
    return extract(text.encode("utf-8", "surrogatepass"), f"http://www.{name}.example/")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open_or_create(tmp_path, FACTS) as journal:
        yield journal


def tables(folder: Path) -> dict[str, Any]:
    """Every part of a folder, checked against what the journal says of its files."""
    found: dict[str, list[pa.Table]] = {}
    for part in Journal.read(folder).parts:
        for name, file in part.files.items():
            content = (folder / file.name).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
            table = pq.read_table(folder / file.name)
            assert table.num_rows == file.rows > 0
            found.setdefault(name, []).append(table)
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def test_a_page_becomes_rows_of_three_datasets(journal: Journal, tmp_path: Path) -> None:
    sink = Sink(journal, stage="ingest")
    evidence = Evidence("x.warc.gz", 17, 400)
    facts = fetch(status=200, ip="203.0.113.7", content_type="text/html", body=HTML.encode(), evidence=evidence)
    sink.write_page(facts, html(HTML))
    sink.flush(resume={})
    written = tables(tmp_path)
    for name, table in written.items():
        assert table.schema.equals(dataset(name).schema, check_metadata=False), name
    (row,) = written["page_fetches"].to_pylist()
    assert row["source_domain_id"] == text_id("a.example")
    assert (row["title"], row["language"], row["link_count"], row["rejected_link_count"]) == (
        "A page",
        "en",
        2,
        1,
    )
    assert row["content_hash"] == hashlib.blake2b(HTML.encode(), digest_size=16).hexdigest()
    assert row["byte_count"] == len(HTML)
    assert row["other_scheme_links"] == '{"mailto": 1}'
    assert (row["archive_file"], row["archive_offset"], row["archive_length"]) == ("x.warc.gz", 17, 400)
    one, two = written["link_observations"].to_pylist()
    assert (one["target_url"], one["rel"], one["anchor_text"]) == (
        "http://b.example/x",
        ["nofollow", "ugc"],
        "one",
    )
    assert one["target_domain_id"] == text_id("b.example")
    assert (two["link_type"], two["alt"], two["position"]) == ("image", "two", 1)
    assert two["source_url"] == row["source_url"]
    assert two["fetched_at"] == AT
    (rejected,) = written["rejected_records"].to_pylist()
    assert (rejected["reason"], rejected["record"], rejected["byte_count"]) == (
        "unparsable_url",
        "http://[::1",
        11,
    )
    assert (rejected["archive_file"], rejected["archive_offset"]) == ("x.warc.gz", 17)


def test_a_fetch_without_a_page_has_no_nulls_where_none_may_be(journal: Journal, tmp_path: Path) -> None:
    sink = Sink(journal, stage="crawl")
    sink.write_page(fetch(state="unreachable", error="DNS"))
    sink.flush(resume={})
    (part,) = Journal.read(tmp_path).parts
    assert set(part.files) == {"page_fetches"}, "a dataset without rows has no file"
    table = tables(tmp_path)["page_fetches"]
    for column in dataset("page_fetches").columns:
        if not column.nullable:
            assert table[column.name].null_count == 0, column.name


def test_links_keep_to_their_own_page_over_many_pages_and_parts(journal: Journal, tmp_path: Path) -> None:
    sink = Sink(journal, stage="ingest", limits=Limits(observations=4))
    for number in range(7):
        links = "".join(f"<a href=/{number}/{n}>x</a>" for n in range(number))
        sink.write_page(fetch(f"p{number}"), html(links, f"p{number}"))
        if sink.is_due():
            sink.flush(resume={"after": number})
    sink.close(finished_at=AT, is_complete=True, counts={}, resume={"after": 6})
    state = Journal.read(tmp_path)
    assert [part.resume["after"] for part in state.parts] == [3, 4, 5, 6]
    assert [part.number for part in state.parts] == [1, 2, 3, 4]
    observed = tables(tmp_path)["link_observations"].to_pylist()
    assert len(observed) == sum(range(7))
    for row in observed:
        number = row["source_host"].removeprefix("www.p").removesuffix(".example")
        assert row["href"] == f"/{number}/{row['position']}"
        assert row["fetch_id"] == short_id(f"p{number}")


def test_the_same_rows_make_the_same_files(tmp_path: Path) -> None:
    for name in ("x", "y"):
        with Journal.open_or_create(tmp_path / name, FACTS) as journal:
            sink = Sink(journal, stage="ingest")
            sink.write_page(fetch(), html(HTML))
            sink.reject("bad_record", b"raw", about="here")
            sink.close(finished_at=AT, is_complete=True, counts={}, resume={})
    assert Journal.read(tmp_path / "x") == Journal.read(tmp_path / "y")


def test_rejections_of_one_thing_have_names_of_their_own(journal: Journal, tmp_path: Path) -> None:
    sink = Sink(journal, stage="ingest")
    sink.write_page(fetch(), html("<a href='http://[1'>x</a><a href='http://[1'>y</a>"))
    sink.reject("bad_record", b"x", about="a|1")
    sink.reject("bad_record", b"x", about="a|2")
    sink.flush(resume={})
    ids = tables(tmp_path)["rejected_records"]["reject_id"].to_pylist()
    assert len(set(ids)) == 4
    assert all(len(one) == 16 for one in ids)


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        (b"\xff\x00<a>\xed\xa0\x80", "\ufffd\x00<a>\ufffd\ufffd\ufffd"),
        ("ü".encode() * 4000, "ü" * (MAX_RECORD_BYTES // 2)),
        (b"\xff" * 9000, "\ufffd" * (MAX_RECORD_BYTES // 3)),
        (b"", ""),
    ],
)
def test_a_rejected_record_is_kept_as_text_of_at_most_4_kib(
    journal: Journal, tmp_path: Path, record: bytes, kept: str
) -> None:
    sink = Sink(journal, stage="ingest")
    sink.reject("bad_record", record, about="x")
    sink.flush(resume={})
    (row,) = tables(tmp_path)["rejected_records"].to_pylist()
    assert row["record"] == kept
    assert len(row["record"].encode()) <= MAX_RECORD_BYTES
    assert row["byte_count"] == len(record)


def test_a_lone_surrogate_costs_no_part(journal: Journal, tmp_path: Path) -> None:
    sink = Sink(journal, stage="ingest")
    sink.write_page(fetch("a", error="bad \ud800 text", redirect_chain=("http://x/\udfff",)), html(HTML))
    sink.write_page(fetch("b", error="\U0001f980 fine"))
    sink.flush(resume={})
    rows = tables(tmp_path)["page_fetches"].to_pylist()
    assert [row["error"] for row in rows] == ["bad \ufffd text", "\U0001f980 fine"]
    assert rows[0]["redirect_chain"] == ["http://x/\ufffd"]


@pytest.mark.parametrize(
    ("limits", "is_due"),
    [
        (Limits(), False),
        (Limits(observations=2), True),
        (Limits(observations=3), False),
        (Limits(bytes=1000), True),
        (Limits(seconds=0), True),
    ],
)
def test_a_part_is_due_by_rows_by_bytes_or_by_age(journal: Journal, limits: Limits, is_due: bool) -> None:
    sink = Sink(journal, stage="ingest", limits=limits)
    sink.write_page(fetch(), html(HTML))
    assert sink.is_due() is is_due


def test_parts_come_soon_at_first_and_seldom_later(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr("crawlers.sink.time.monotonic", lambda: clock)
    sink = Sink(journal, stage="crawl")
    parts = []
    for second in range(1, 121):
        clock = float(second)
        sink.write_page(fetch(), html(HTML))
        if sink.is_due():
            sink.flush(resume={})
            parts.append(second)
    assert parts == [5, 15, 30, 50, 75, 105]


def test_no_part_is_due_without_rows(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Sink(journal, stage="crawl", limits=Limits(seconds=0)).is_due()


def test_a_part_that_cannot_be_written_is_not_acknowledged(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Sink(journal, stage="ingest")
    sink.write_page(fetch(), html(HTML))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crawlers.sink.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        sink.flush(resume={})
    assert Journal.read(tmp_path).parts == ()
    monkeypatch.undo()
    sink.flush(resume={})
    assert len(tables(tmp_path)["page_fetches"]) == 1


def test_a_crawl_carried_on_numbers_its_parts_behind_the_old_ones(tmp_path: Path) -> None:
    for resume in ("first", "second"):
        with Journal.open_or_create(tmp_path, FACTS) as journal:
            sink = Sink(journal, stage="ingest")
            assert sink.resume == ({} if resume == "first" else {"at": "first"})
            sink.write_page(fetch(resume))
            sink.flush(resume={"at": resume})
    assert [part.number for part in Journal.read(tmp_path).parts] == [1, 2]
    assert tables(tmp_path)["page_fetches"].num_rows == 2
