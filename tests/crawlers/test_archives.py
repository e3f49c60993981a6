"""Web archives, whole and damaged: every record becomes a row or is counted by reason, and none costs another."""

import gzip
import io
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from crawlers.answers import decode_body, is_html
from crawlers.archives import check_archive, ingest
from crawlers.frames import FRAME_LIMIT, kind_of, read_frames
from crawlers.journal import Journal
from crawlers.sink import Limits, Sink
from schemas.catalog import dataset
from schemas.errors import ArchiveError

FACTS = {"crawl_id": "c1", "kind": "ingest", "seeds_hash": "s", "config_hash": "c"}
Rows = dict[str, list[dict[str, Any]]]


def body(number: int) -> bytes:
    return f"<html><title>page {number}</title><a href='/to/{number}'>x</a><a href='http://b.test/'>y</a>".encode()


def response(number: int = 0, *, http: bytes | None = None, length: object = None, **changed: str | None) -> bytes:
    """A response record; a header given as None is left out, ``length`` replaces the Content-Length."""
    if http is None:
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body(number)
    headers: dict[str, str | None] = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{number}>",
        "WARC-Target-URI": f"http://a.test/{number}",
        "WARC-Date": "2020-01-02T03:04:05Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(http)) if length is None else str(length),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return b"WARC/1.0\r\n" + lines.encode() + b"\r\n" + http + b"\r\n\r\n"


def http(status: str = "200 OK", body: bytes = body(0), **headers: str) -> bytes:
    fields = {
        "Content-Type": "text/html",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def plain(records: Sequence[bytes]) -> bytes:
    return b"".join(records)


def gzipped(records: Sequence[bytes]) -> bytes:
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def zstandard(records: Sequence[bytes]) -> bytes:
    return b"".join(zstd.compress(record) for record in records)


def read(folder: Path, *archives: Path | bytes, limits: Limits | None = None) -> tuple[dict[str, int], Rows]:
    """Ingest archives (bytes are written first) into a fresh folder: counts, and rows by dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, archive in enumerate(archives):
        path = archive if isinstance(archive, Path) else folder / f"archive-{number}.warc"
        if isinstance(archive, bytes):
            path.write_bytes(archive)
        paths.append(str(path))
    with Journal.open_or_create(folder / "observing", FACTS) as journal:
        counts = ingest(paths, Sink(journal, stage="ingest", limits=limits))
    return counts, rows_of(folder / "observing")


def tables_of(folder: Path) -> dict[str, Any]:
    found: dict[str, list[pa.Table]] = {}
    for part in Journal.read(folder).parts:
        for name, file in part.files.items():
            found.setdefault(name, []).append(pq.read_table(folder / file.name))
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def rows_of(folder: Path) -> Rows:
    tables = tables_of(folder)
    names = ("page_fetches", "link_observations", "rejected_records")
    return {name: tables[name].to_pylist() if name in tables else [] for name in names}


def is_complete(folder: Path) -> bool:
    complete = Journal.read(folder / "observing").complete
    assert complete is not None
    return bool(complete["is_complete"])


@pytest.mark.parametrize("compress", [plain, gzipped, zstandard])
def test_every_response_becomes_a_row_with_its_evidence(
    tmp_path: Path, compress: Callable[[Sequence[bytes]], bytes]
) -> None:
    records = [response(n) for n in range(5)]
    records.insert(0, response(9, WARC_Type="warcinfo", WARC_Target_URI=None))
    records.insert(2, response(8, WARC_Type="request"))
    records.insert(3, response(7, WARC_Type="response", WARC_Target_URI="dns:a.test", http=b"1.2.3.4"))
    counts, rows = read(tmp_path, compress(records))
    assert counts == {
        "records": 8,
        "fetched": 5,
        "link_observations": 10,
        "skipped_request": 1,
        "skipped_response_of_another_scheme": 1,
        "skipped_warcinfo": 1,
    }
    assert is_complete(tmp_path)
    raw = (tmp_path / "archive-0.warc").read_bytes()
    for number, row in enumerate(rows["page_fetches"]):
        assert row["requested_url"] == row["source_url"] == f"http://a.test/{number}"
        assert row["title"] == f"page {number}"
        assert row["fetched_at"].isoformat() == "2020-01-02T03:04:05+00:00"
        assert row["depth"] is None
        offset, length = row["archive_offset"], row["archive_length"]
        assert raw[offset : offset + length] == compress([response(number)])
    assert len({row["fetch_id"] for row in rows["page_fetches"]}) == 5


@pytest.mark.parametrize(
    ("message", "state", "status", "links"),
    [
        (http(), "fetched", 200, 2),
        (http("203 OK"), "fetched", 203, 2),
        (http("200"), "fetched", 200, 2),
        (http("404 Not Found"), "http_error", 404, 2),
        (http("500 Oops"), "http_error", 500, 2),
        (http("301 Moved", Location="/new"), "redirect_unresolved", 301, 3),
        (http("302 Found", b"", Content_Type="", Location="http://[bad"), "redirect_unresolved", 302, 0),
        (http(Content_Type="application/pdf"), "not_html", 200, 0),
        (http(Content_Type="image/png"), "not_html", 200, 0),
        (http(Content_Type="application/xhtml+xml"), "fetched", 200, 2),
        (http(Content_Type="TEXT/HTML ; charset=x"), "fetched", 200, 2),
        (http(Content_Type=""), "fetched", 200, 2),
        (http(body=b"just words", Content_Type=""), "not_html", 200, 0),
        (http(body=b"PK\x03\x04zip"), "not_html", 200, 0),
        (http(body=b""), "fetched", 200, 0),
        (http(body=b"x" * (10 << 20)), "fetched", 200, 0),
        (http(body=b"x" * ((10 << 20) + 1)), "too_large", 200, 0),
        (http(body=gzip.compress(body(0)), Content_Encoding="gzip"), "fetched", 200, 2),
        (http(body=gzip.compress(body(0)), Content_Encoding="x-gzip"), "fetched", 200, 2),
        (http(body=gzip.compress(gzip.compress(body(0))), Content_Encoding="gzip, gzip"), "fetched", 200, 2),
        (http(body=zlib.compress(body(0)), Content_Encoding="deflate"), "fetched", 200, 2),
        (http(body=zlib.compress(body(0))[2:-4], Content_Encoding="deflate"), "fetched", 200, 2),
        (http(body=zstd.compress(body(0)), Content_Encoding="zstd"), "fetched", 200, 2),
        (http(body=body(0), Content_Encoding="gzip"), "fetched", 200, 2),
        (http(body=body(0), Content_Encoding="br"), "fetched", 200, 2),
        (http(body=body(0), Content_Encoding="klingon"), "fetched", 200, 2),
        (http(body=gzip.compress(b"\0" * (300 << 20), 1), Content_Encoding="gzip"), "too_large", 200, 0),
        (http(body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(body(0)), body(0)), Transfer_Encoding="chunked"), "fetched", 200, 2),
        (http(body=body(0), Transfer_Encoding="chunked"), "fetched", 200, 2),
        (http().replace(b"\r\n", b"\n"), "fetched", 200, 2),
    ],
)  # fmt: skip
def test_an_answer_ends_in_its_state(tmp_path: Path, message: bytes, state: str, status: int, links: int) -> None:
    counts, rows = read(tmp_path, gzipped([response(1), response(2, http=message), response(3)]))
    assert counts["records"] == 3
    _, row, _ = rows["page_fetches"]
    assert (row["state"], row["status"], row["link_count"]) == (state, status, links)
    assert rows["rejected_records"] == []
    if state == "redirect_unresolved":
        expected = "redirects to http://a.test/new" if links else "redirects to no web address"
        assert row["error"] == expected


BAD_RECORDS = {
    "no target": (response(1, WARC_Target_URI=None), "bad_target"),
    "relative target": (response(1, WARC_Target_URI="/page"), "bad_target"),
    "broken target": (response(1, WARC_Target_URI="http://[::1"), "bad_target"),
    "no host": (response(1, WARC_Target_URI="http://"), "bad_target"),
    "no date": (response(1, WARC_Date=None), "bad_date"),
    "zero date": (response(1, WARC_Date="0000-00-00T00:00:00Z"), "bad_date"),
    "date in words": (response(1, WARC_Date="yesterday"), "bad_date"),
    "no type": (response(1, WARC_Type=None), "bad_record"),
    "no http": (response(1, http=b"\0\1\2 garbage"), "bad_http"),
    "empty http": (response(1, http=b""), "bad_http"),
    "bare html": (response(1, http=body(1)), "bad_http"),
    "no status": (response(1, http=b"HTTP/1.1 abc\r\n\r\nx"), "bad_http"),
    "length too small": (response(1, length=20), "bad_record"),
    "length too large": (response(1, length=100_000), "bad_record"),
    "length huge": (response(1, length=10**14), "bad_record"),
    "length beyond numbers": (response(1, length="9" * 30), "bad_record"),
    "length negative": (response(1, length=-5), "bad_record"),
    "length in words": (response(1, length="abc"), "bad_record"),
    "no length": (response(1, Content_Length=None), "bad_record"),
    "huge header": (response(1, X="x" * 100_000), "bad_record"),
    "no end of header": (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n", "bad_record"),
}  # fmt: skip


@pytest.mark.parametrize("compress", [plain, gzipped, zstandard])
@pytest.mark.parametrize("name", BAD_RECORDS)
def test_a_bad_record_is_kept_by_reason_and_costs_no_neighbour(
    tmp_path: Path, name: str, compress: Callable[[Sequence[bytes]], bytes]
) -> None:
    record, reason = BAD_RECORDS[name]
    counts, rows = read(tmp_path, compress([response(0), record, response(2)]))
    assert [row["requested_url"] for row in rows["page_fetches"]] == ["http://a.test/0", "http://a.test/2"]
    (rejected,) = rows["rejected_records"]
    assert (rejected["reason"], counts[f"rejected_{reason}"]) == (reason, 1)
    assert rejected["archive_offset"] == len(compress([response(0)]))
    assert rejected["record"].startswith("WARC/1.0")
    assert len(rejected["record"].encode()) <= 4096
    assert rejected["detail"]
    assert is_complete(tmp_path) is (reason != "bad_record")
    assert counts["records"] == 3


@pytest.mark.parametrize(
    "target",
    [
        "<http://a.test/0>",
        " http://a.test/0 ",
        "http://a.test:80/0#x",
        "http://user:pw@a.test/0",
        "HTTP://A.test/0",
    ],
)
def test_targets_as_writers_write_them_are_understood(tmp_path: Path, target: str) -> None:
    _, rows = read(tmp_path, response(0, WARC_Target_URI=target))
    assert [row["requested_url"] for row in rows["page_fetches"]] == ["http://a.test/0"]


def test_a_truncated_payload_says_so(tmp_path: Path) -> None:
    _, rows = read(tmp_path, response(0, WARC_Truncated="length"))
    assert rows["page_fetches"][0]["error"] == "truncated by the archive: length"


class TestDamage:
    """Ten records; something happens to the bytes of the file."""

    records = tuple(response(n) for n in range(10))

    def found(self, folder: Path, data: bytes) -> tuple[list[int], Rows, dict[str, int]]:
        counts, rows = read(folder, data)
        numbers = [int(row["requested_url"].rpartition("/")[2]) for row in rows["page_fetches"]]
        accounted = sum(row["byte_count"] for row in rows["rejected_records"] if row["reason"] == "damaged_bytes")
        assert accounted == sum(
            frame.length for frame in read_frames(io.BytesIO(data), len(data), kind_of(data) or "plain") if frame.damage
        )
        return numbers, rows, counts

    @pytest.mark.parametrize("compress", [gzipped, zstandard])
    def test_a_cut_anywhere_costs_the_record_cut_and_is_noticed(
        self, tmp_path: Path, compress: Callable[[Sequence[bytes]], bytes]
    ) -> None:
        whole = compress(self.records)
        ends = [len(compress(self.records[: n + 1])) for n in range(10)]
        for cut in range(ends[6] + 1, ends[7] + 1, 7):
            folder = tmp_path / str(cut)
            numbers, rows, _ = self.found(folder, whole[:cut])
            is_clean = cut in ends
            assert numbers == list(range(sum(end <= cut for end in ends))), cut
            assert is_complete(folder) is is_clean
            if not is_clean:
                (rejected,) = rows["rejected_records"]
                assert (rejected["reason"], rejected["archive_offset"]) == ("damaged_bytes", ends[6])
                assert rejected["byte_count"] == cut - ends[6]
                assert "the file ends inside" in rejected["detail"]

    def test_a_cut_plain_file_costs_the_record_cut(self, tmp_path: Path) -> None:
        whole = plain(self.records)
        end = len(plain(self.records[:7]))
        for cut in range(end + 60, end + len(self.records[7]) - 4, 11):
            numbers, rows, _ = self.found(tmp_path / str(cut), whole[:cut])
            assert numbers == list(range(7))
            assert [row["archive_offset"] for row in rows["rejected_records"]] == [end]
            assert not is_complete(tmp_path / str(cut))

    @pytest.mark.parametrize("compress", [plain, gzipped, zstandard])
    @pytest.mark.parametrize(
        "junk", [b"\0" * 5000, b"junk junk\r\n" * 3, b"\x1f\x8b\x08\x00", b"WARC is a format", b"x"]
    )
    def test_junk_between_records_costs_no_record(
        self, tmp_path: Path, compress: Callable[[Sequence[bytes]], bytes], junk: bytes
    ) -> None:
        data = compress(self.records[:5]) + junk + compress(self.records[5:])
        numbers, rows, _ = self.found(tmp_path, data)
        if compress is plain:  # the record before cannot be told from a wrong length: it is kept as rejected
            assert numbers == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        else:
            assert numbers == list(range(10))
            (rejected,) = rows["rejected_records"]
            assert rejected["byte_count"] == len(junk)
            assert rejected["archive_offset"] == len(compress(self.records[:5]))
        assert len(rows["rejected_records"]) == 1
        assert not is_complete(tmp_path)

    @pytest.mark.parametrize("compress", [gzipped, zstandard])
    def test_a_byte_changed_anywhere_costs_at_most_its_own_record(
        self, tmp_path: Path, compress: Callable[[Sequence[bytes]], bytes]
    ) -> None:
        whole = compress(self.records)
        ends = [len(compress(self.records[: n + 1])) for n in range(10)]
        dice = random.Random(7)
        lost = Counter[int]()
        for position in dice.sample(range(ends[0], len(whole)), 60):
            data = bytearray(whole)
            data[position] ^= 1 << dice.randrange(8)
            hit = sum(end <= position for end in ends)
            numbers, _, _ = self.found(tmp_path / str(position), bytes(data))
            assert set(numbers) >= set(range(10)) - {hit}, position
            lost[len(numbers)] += 1
        assert lost[9] > 30, "most flips are noticed"

    def test_a_damaged_first_record_is_still_an_archive(self, tmp_path: Path) -> None:
        data = bytearray(gzipped(self.records))
        data[40] ^= 0xFF
        numbers, _, _ = self.found(tmp_path, bytes(data))
        assert numbers == list(range(1, 10))

    @pytest.mark.parametrize("compress", [gzipped, zstandard])
    def test_a_record_is_found_however_large_the_blocks_are_in_which_it_was_compressed(
        self, tmp_path: Path, compress: Callable[[Sequence[bytes]], bytes]
    ) -> None:
        dice = random.Random(5)
        first, second = (response(n, http=http(body=body(n) + dice.randbytes(60_000).hex().encode())) for n in range(2))
        numbers, rows, _ = self.found(tmp_path, compress([first]) + b"\0" * 99 + compress([second]))
        assert numbers == [0, 1]
        assert [row["byte_count"] for row in rows["rejected_records"]] == [99]

    def test_several_records_in_one_member_are_all_read(self, tmp_path: Path) -> None:
        bad = BAD_RECORDS["length too large"][0]
        data = gzipped([plain(self.records[:3]), plain([self.records[3], bad, self.records[4]])])
        numbers, rows, counts = self.found(tmp_path, data)
        assert numbers == [0, 1, 2, 3, 4]
        assert len({row["fetch_id"] for row in rows["page_fetches"]}) == 5
        assert counts["rejected_bad_record"] == 1

    def test_a_record_split_over_two_members_is_one(self, tmp_path: Path) -> None:
        head, gap, rest = self.records[1].partition(b"\r\n\r\n")
        data = gzipped([self.records[0], head + gap, rest, self.records[2]])
        numbers, rows, _ = self.found(tmp_path, data)
        assert numbers == [0, 1, 2]
        assert rows["rejected_records"] == []

    def test_a_small_archive_compressed_as_a_whole_is_read(self, tmp_path: Path) -> None:
        numbers, _, _ = self.found(tmp_path, gzip.compress(plain(self.records)))
        assert numbers == list(range(10))

    def test_a_member_bomb_costs_its_own_record_and_bounded_memory(self, tmp_path: Path) -> None:
        bomb = gzip.compress(response(1, http=http(body=b"\0" * (FRAME_LIMIT + (1 << 20)))), 1)
        numbers, rows, counts = self.found(tmp_path, gzipped([self.records[0]]) + bomb + gzipped([self.records[2]]))
        assert numbers == [0, 1, 2]
        assert [row["state"] for row in rows["page_fetches"]] == ["fetched", "too_large", "fetched"]
        assert counts["records"] == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, r"cannot read .*No such file or directory\): check the path"),
        (lambda p: p.mkdir(), "is a directory: give the web archives in it"),
        (lambda p: p.write_bytes(b""), "is no WARC file"),
        (lambda p: p.write_bytes(b"<html>a page</html>"), "is no WARC file"),
        (lambda p: p.write_bytes(gzip.compress(b"<html>a page</html>")), "is gzip, but not of WARC records"),
        (lambda p: p.write_bytes(zstd.compress(b"<html>a page</html>")), "is zstd, but not of WARC records"),
        (lambda p: p.write_bytes(b"\x5d\x2a\x4d\x18" + bytes(20)), "needs a zstd dictionary"),
        (lambda p: p.write_bytes(b"WARC"), "is no WARC file"),
    ],
)
def test_what_is_no_archive_is_said_before_anything_is_read(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    good, bad = tmp_path / "good.warc", tmp_path / "bad.warc"
    good.write_bytes(response(0))
    make(bad)
    with Journal.open_or_create(tmp_path / "observing", FACTS) as journal:
        with pytest.raises(ArchiveError, match=message) as raised:
            ingest([str(good), str(bad)], Sink(journal, stage="ingest"))
        assert str(bad) in str(raised.value)
        assert "\n" not in str(raised.value)
    state = Journal.read(tmp_path / "observing")
    assert (state.parts, state.complete) == ((), None)


def test_a_large_archive_compressed_as_a_whole_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(gzip.compress(response(0) + response(1, http=http(body=b"x" * FRAME_LIMIT)) + response(2), 1))
    with pytest.raises(ArchiveError, match=r"compressed as a whole .* decompress it, a plain \.warc is read too"):
        check_archive(str(path))


def test_an_archive_given_twice_is_read_once_and_namesakes_keep_apart(tmp_path: Path) -> None:
    for day, folder in enumerate(("x", "y"), start=1):
        (tmp_path / folder).mkdir()
        records = [response(n, WARC_Date=f"2020-01-0{day}T00:00:00Z") for n in range(2)]
        (tmp_path / folder / "same.warc").write_bytes(plain(records))
    paths = [
        tmp_path / "x" / "same.warc",
        tmp_path / "y" / "same.warc",
        tmp_path / "x" / ".." / "x" / "same.warc",
    ]
    counts, rows = read(tmp_path / "ingest", *paths)
    assert counts["fetched"] == 4
    assert len({row["fetch_id"] for row in rows["page_fetches"]}) == 4
    assert {row["archive_file"] for row in rows["page_fetches"]} == {str(path) for path in paths[:2]}


def test_ids_depend_on_the_archive_and_not_on_where_it_lies(tmp_path: Path) -> None:
    ids = []
    for name in ("x", "y"):
        _, rows = read(tmp_path / name, gzipped([response(n) for n in range(3)]))
        ids.append([row["fetch_id"] for row in rows["page_fetches"]])
    assert ids[0] == ids[1]


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzipped([response(n) for n in range(20)]))
    seen: list[tuple[int, int, int]] = []
    with Journal.open_or_create(tmp_path / "observing", FACTS) as journal:
        ingest([str(path)], Sink(journal, stage="ingest"), on_progress=lambda *facts: seen.append(facts))
    assert seen == sorted(seen)
    assert seen[-1] == (20, path.stat().st_size, path.stat().st_size)


INGEST = """
import os, signal, sys, time
from pathlib import Path
from crawlers.archives import ingest
from crawlers.journal import Journal
from crawlers.sink import Limits, Sink

folder, die_after_part, pause, *archives = sys.argv[1:]
facts = {"crawl_id": "c1", "kind": "ingest", "seeds_hash": "s", "config_hash": "c"}
with Journal.open_or_create(Path(folder), facts) as j:
    append, parts = j.append, 0
    def dying(line):
        global parts
        append(line)
        parts += 1
        if parts == int(die_after_part):
            os.kill(os.getpid(), signal.SIGKILL)
    j.append = dying
    sink = Sink(j, stage="ingest", limits=Limits(observations=20))
    ingest(archives, sink, on_progress=lambda *_: time.sleep(float(pause)))
"""


def run_ingest(folder: Path, archives: Sequence[Path], *, part: int = 0, seconds: float | None = None) -> int:
    """Ingest in a process of its own; kill it after a part or after some seconds."""
    pause = "0" if seconds is None else "0.002"
    process = subprocess.Popen(
        [sys.executable, "-c", INGEST, str(folder), str(part), pause, *map(str, archives)],
        cwd=Path(__file__).parents[2],
    )
    if seconds is not None:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.wait(timeout=60)


def essence(rows: Rows) -> dict[str, list[str]]:
    return {name: sorted(repr(sorted(row.items())) for row in found) for name, found in rows.items()}


class TestKills:
    @pytest.fixture
    def archives(self, tmp_path: Path) -> list[Path]:
        """Three archives with bad records, damage, several records in a member and a cut end."""
        first = gzipped([*(response(n) for n in range(60)), BAD_RECORDS["no date"][0], response(61)])
        several = [plain([response(n) for n in range(start, start + 4)]) for start in range(100, 160, 4)]
        second = gzipped(several[:8]) + b"\0" * 99 + gzipped(several[8:])
        third = plain([response(n) for n in range(200, 260)])[:-30]
        paths = []
        for number, data in enumerate((first, second, third)):
            paths.append(tmp_path / f"archive-{number}.warc")
            paths[-1].write_bytes(data)
        return paths

    def undisturbed(self, tmp_path: Path, archives: Sequence[Path]) -> tuple[dict[str, list[str]], dict[str, int]]:
        folder = tmp_path / "undisturbed"
        assert run_ingest(folder, archives) == 0
        complete = Journal.read(folder).complete
        assert complete is not None
        return essence(rows_of(folder)), complete["counts"]

    def test_a_kill_after_each_part_changes_nothing(self, tmp_path: Path, archives: list[Path]) -> None:
        expected, counts = self.undisturbed(tmp_path, archives)
        assert len(expected["page_fetches"]) == 61 + 60 + 59
        folder = tmp_path / "killed"
        kills = 0
        while run_ingest(folder, archives, part=2) != 0:
            kills += 1
            assert kills < 50
            (folder / "page_fetches-99999.parquet").write_bytes(b"left behind, never acknowledged")
        complete = Journal.read(folder).complete
        assert kills >= 5
        assert complete is not None
        assert complete["counts"] == counts
        assert essence(rows_of(folder)) == expected
        named = {file.name for part in Journal.read(folder).parts for file in part.files.values()}
        assert {path.name for path in folder.glob("*.parquet")} == named

    def test_a_kill_at_any_moment_changes_nothing(self, tmp_path: Path, archives: list[Path]) -> None:
        expected, counts = self.undisturbed(tmp_path, archives)
        dice = random.Random()
        for attempt in range(3):
            folder = tmp_path / f"killed-{attempt}"
            run_ingest(folder, archives, seconds=dice.uniform(0.6, 1.6))
            assert run_ingest(folder, archives) == 0
            complete = Journal.read(folder).complete
            assert complete is not None
            assert complete["counts"] == counts
            assert essence(rows_of(folder)) == expected


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        ("text/html", b"", True),
        ("text/html", b"plain words", True),
        ("text/html", b"%PDF-1.4", False),
        ("application/xhtml+xml", b"<?xml", True),
        ("application/xml", b"<html>", False),
        ("text/plain", b"<!DOCTYPE html>", False),
        ("image/png", b"<html>", False),
        ("", b"  \n<!doctype HTML >", True),
        ("", b"\xef\xbb\xbf<html>", True),
        ("", b"<htmlx>", False),
        ("", b"<abbr>", False),
        ("", b"{}", False),
        ("*/*", b"<!-- x --><p>", True),
    ],
)
def test_html_is_what_says_so_or_looks_like_it(media_type: str, body: bytes, expected: bool) -> None:
    assert is_html(media_type, body) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
        (b"5;name=x\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"5\r\nhello", b"hello"),
        (b"5\r\nhello\r\nZZ\r\nrest", b"helloZZ\r\nrest"),
        (b"5\r\nhello\r\nff\r\nshort", b"helloff\r\nshort"),
        (b"hello", b"hello"),
        (b"dead\n<html>", b"dead\n<html>"),
        (b"", b""),
        (b"0\r\n\r\n", b""),
    ],
)
def test_chunks_are_joined_as_far_as_they_are_sound(payload: bytes, expected: bytes) -> None:
    assert decode_body(payload, [("Transfer-Encoding", "chunked")]) == (expected, True)


def test_a_body_that_breaks_off_keeps_its_sound_beginning() -> None:
    text = os.urandom(50_000).hex().encode()
    packed = gzip.compress(text)
    cut, is_whole = decode_body(packed[: len(packed) // 2], [("Content-Encoding", "gzip")])
    assert is_whole
    assert len(cut) > 30_000
    assert text.startswith(cut)
    damaged = packed[:40_000] + b"\xff" * 100 + packed[40_100:]
    beginning, _ = decode_body(damaged, [("Content-Encoding", "gzip")])
    assert text[:30_000] == beginning[:30_000]


def test_three_codings_are_one_too_many() -> None:
    packed = gzip.compress(gzip.compress(gzip.compress(b"x")))
    assert decode_body(packed, [("Content-Encoding", "gzip, gzip, gzip")]) == (packed, True)


class TestRealArchives:
    @pytest.mark.slow
    def test_every_real_page_is_accounted_for(self, shared_data: Path, tmp_path: Path) -> None:
        archives = sorted(str(path) for path in (shared_data / "realweb").glob("*.warc.gz"))
        with Journal.open_or_create(tmp_path, FACTS) as journal:
            counts = ingest(archives, Sink(journal, stage="ingest"))
        tables = tables_of(tmp_path)
        pages, links = tables["page_fetches"], tables["link_observations"]
        assert counts["records"] == counts["fetched"] == pages.num_rows == 2255
        assert counts["link_observations"] == links.num_rows > 355_000
        assert sum(pages["link_count"].to_pylist()) == links.num_rows
        assert sum(pages["rejected_link_count"].to_pylist()) == tables["rejected_records"].num_rows
        for name, table in tables.items():
            for column in dataset(name).columns:
                assert column.nullable or table[column.name].null_count == 0, column.name
        for key in (("page_fetches", "fetch_id"), ("rejected_records", "reject_id")):
            values = tables[key[0]][key[1]].to_pylist()
            assert len(set(values)) == len(values)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            (
                "iah-2008.warc.gz",
                {"records": 822, "fetched": 94, "http_error": 40, "redirect_unresolved": 7, "not_html": 120,
                 "skipped_response_of_another_scheme": 38},
            ),
            ("commoncrawl-16.warc.gz", {"records": 50, "fetched": 16, "skipped_metadata": 16}),
            ("whirlwind.warc.gz", {"records": 4, "fetched": 1}),
            ("whirlwind.warc.wat.gz", {"records": 2, "skipped_metadata": 1}),
            ("whirlwind.warc.wet.gz", {"records": 2, "skipped_conversion": 1}),
            ("clipped.warc.gz", {"records": 0, "rejected_damaged_bytes": 1}),
            ("example-bad.warc.gz.bad", {"records": 6, "fetched": 2, "redirect_unresolved": 1}),
            ("example-space-in-target-uri.warc.gz", {"records": 2, "skipped_resource": 1}),
            ("example-trunc.warc", {"records": 4, "rejected_bad_record": 1}),
            ("example-wrong-chunks.warc.gz", {"records": 2, "fetched": 1, "link_observations": 1}),
        ],
    )  # fmt: skip
    def test_real_and_damaged_archives(
        self, shared_data: Path, tmp_path: Path, name: str, expected: dict[str, int]
    ) -> None:
        counts, rows = read(tmp_path, shared_data / "warc" / name)
        assert {key: counts.get(key, 0) for key in expected} == expected
        fates = [key for key in counts if key not in ("records", "link_observations", "rejected_damaged_bytes")]
        assert sum(counts[key] for key in fates) == counts.get("records", 0)
        assert len(rows["page_fetches"]) == sum(counts[key] for key in fates if not key.startswith(("skipped", "rej")))
