"""Live answers as a web archive: read by another library, in step with the rows, whole again after a kill."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawlers.digests import agrees
from crawlers.warc_writer import Captured, WarcWriter
from tests.crawlers.small_web import Reply, SmallWeb, page, redirect
from tests.crawlers.test_spider import config, fetches, run, state_of

WHEN = datetime(2026, 11, 20, 15, 30, 1, 250000, tzinfo=UTC)


def answer(url: str, body: bytes = b"<p>x", **more: object) -> Captured:
    facts: dict[str, object] = {"status": 200, "headers": [("Content-Type", "text/html")], "ip": None, **more}
    return Captured(url=url, fetched_at=WHEN, body=body, **facts)  # type: ignore[arg-type]


def records(data: bytes) -> list[tuple[str, str, bytes]]:
    found = []
    for record in ArchiveIterator(BytesIO(data), record_types=WarcRecordType.any_type, parse_http=False):
        block = record.reader.read()
        said = record.headers.get("WARC-Block-Digest")
        assert said is None or agrees(said, block)
        found.append((str(record.record_type), record.headers.get("WARC-Target-URI") or "", block))
    return found


def test_evidence_is_the_very_member_that_holds_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "_warc" / "c.warc.gz"
    writer = WarcWriter.open(path, name="_warc/c.warc.gz", sound_bytes=0)
    places = [writer.write(answer(f"http://a.test/{n}", b"x" * n)) for n in range(3)]
    writer.keep()
    data = path.read_bytes()
    for number, place in enumerate(places):
        assert place.archive_file == "_warc/c.warc.gz"
        assert place.archive_length is not None
        ((kind, url, block),) = records(data[place.archive_offset : place.archive_offset + place.archive_length])
        assert (kind, url) == ("response", f"http://a.test/{number}")
        assert block.endswith(f"Content-Length: {number}\r\n\r\n".encode() + b"x" * number)
    assert [kind for kind, *_ in records(data)] == ["warcinfo", "response", "response", "response"]


def test_headers_that_would_break_the_message_are_flattened(tmp_path: Path) -> None:
    writer = WarcWriter.open(tmp_path / "c.warc.gz", name="c", sound_bytes=0)
    headers = [("X-A", "1\r\nX-B: 2"), ("Transfer-Encoding", "chunked"), ("Content-Length", "99"), ("X-É", "é€")]
    writer.write(answer("http://a.test/", headers=headers, status=299))
    writer.keep()
    block = records((tmp_path / "c.warc.gz").read_bytes())[1][2]
    assert block == "HTTP/1.1 299 \r\nX-A: 1  X-B: 2\r\nX-É: é?\r\nContent-Length: 4\r\n\r\n<p>x".encode("latin-1")


def test_what_was_not_acknowledged_is_cut_off_and_what_was_is_never_missing(tmp_path: Path) -> None:
    path = tmp_path / "c.warc.gz"
    writer = WarcWriter.open(path, name="c", sound_bytes=0)
    writer.write(answer("http://a.test/1"))
    writer.keep()
    sound = writer.size
    writer.write(answer("http://a.test/2"))
    writer.close()
    path.write_bytes(path.read_bytes()[:-7])  # torn
    again = WarcWriter.open(path, name="c", sound_bytes=sound)
    assert again.write(answer("http://a.test/3")).archive_offset == sound
    again.close()
    assert [url for kind, url, _ in records(path.read_bytes()) if kind == "response"] == [
        "http://a.test/1",
        "http://a.test/3",
    ]
    with pytest.raises(OSError, match="were acknowledged"):
        WarcWriter.open(path, name="c", sound_bytes=path.stat().st_size + 1)


def test_a_crawl_archives_every_answer_and_its_rows_say_where(tmp_path: Path) -> None:
    pages = {
        "a.test/": page("/old", "/gone", "/data"),
        "a.test/old": redirect("/new"),
        "a.test/new": page("/"),
        "a.test/data": Reply(b"1,2", headers={"Content-Type": "text/csv"}),
    }
    warc = tmp_path / "lake" / "_warc" / "test-1.warc.gz"
    with SmallWeb(pages) as web:
        crawl = config(
            tmp_path, seeds=("http://a.test/",), connect_to={"*.test": web.address}, warc=str(warc), part_seconds=0
        )
        run(crawl)
    data, rows = warc.read_bytes(), fetches(crawl)
    for url, row in rows.items():
        assert row["archive_file"] == "_warc/test-1.warc.gz"
        begin = row["archive_offset"]
        ((kind, target, _),) = records(data[begin : begin + row["archive_length"]])
        assert (kind, target) == ("response", row["source_url"]), url
    archived = [url for kind, url, _ in records(data) if kind == "response"]
    assert sorted(archived) == sorted([*(row["source_url"] for row in rows.values()), "http://a.test/old"])
    for part in state_of(crawl).parts:
        assert part.resume["warc_bytes"] <= len(data)
    assert state_of(crawl).parts[-1].resume["warc_bytes"] == len(data)
