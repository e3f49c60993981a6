"""Records as writers, bit rot and attackers leave them: dates, digests, revisits, duplicates; all accounted for."""

import base64
import gzip
import hashlib
import re
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from backports import zstd

from crawlers.archives import conserved
from crawlers.digests import agrees, normalized
from crawlers.sink import Limits
from tests.crawlers.test_archives import Rows, body, gzipped, http, is_complete, plain, read, response

Counts = dict[str, int]
NOT_RECORDS: Final = {"records", "link_observations", "other_targets", "rejected_damaged_bytes"}


def holds_together(counts: Counts, rows: Rows) -> None:
    """Records = pages + rejected by reason + skipped by kind, and each of these is there as a row."""
    fates = {name: n for name, n in counts.items() if name not in NOT_RECORDS}
    assert sum(fates.values()) == counts.get("records", 0)
    states = Counter(row["state"] for row in rows["page_fetches"])
    assert states == {name: n for name, n in fates.items() if not name.startswith(("rejected_", "skipped_"))}
    of_records = [row for row in rows["rejected_records"] if row["fetch_id"] is None]
    reasons = Counter(f"rejected_{row['reason']}" for row in of_records)
    assert reasons == {name: n for name, n in counts.items() if name.startswith("rejected_")}
    assert len(rows["link_observations"]) == counts.get("link_observations", 0)
    assert f"records {counts.get('records', 0):,} = pages {sum(states.values()):,}" in conserved(counts)


# -------------------------------------------------------------------- every real file

HEADER = re.compile(rb"WARC/\d\.\d+\r?\n")


def headers_by_hand(path: Path) -> int:
    """Record headers in a file, compressed or not, as far as its members can be decompressed."""
    data, text = path.read_bytes(), b""
    if not data.startswith(b"\x1f\x8b"):
        return len(HEADER.findall(data))
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            text += member.decompress(data)
        except zlib.error:
            break
        if not member.eof:
            break
        data = member.unused_data
    return len(HEADER.findall(text))


@pytest.mark.parametrize(
    "name",
    [
        "clipped.warc.gz", "commoncrawl-16.warc.gz", "example-bad.warc.gz.bad", "example-space-in-target-uri.warc.gz",
        "example-trunc.warc", "example-wrong-chunks.warc.gz", "iah-2008.warc.gz", "whirlwind.warc.gz",
        "whirlwind.warc.wat.gz", "whirlwind.warc.wet.gz",
    ],
)  # fmt: skip
def test_every_record_of_every_real_file_is_a_page_or_rejected_or_skipped(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    counts, rows = read(tmp_path, shared_data / "warc" / name)
    holds_together(counts, rows)
    by_hand = headers_by_hand(shared_data / "warc" / name)
    cut = counts.get("rejected_damaged_bytes", 0)
    assert by_hand - cut <= counts.get("records", 0) <= by_hand
    assert {path.name for path in (shared_data / "warc").iterdir()} == {
        "clipped.warc.gz", "commoncrawl-16.warc.gz", "example-bad.warc.gz.bad", "example-space-in-target-uri.warc.gz",
        "example-trunc.warc", "example-wrong-chunks.warc.gz", "iah-2008.warc.gz", "whirlwind.warc.gz",
        "whirlwind.warc.wat.gz", "whirlwind.warc.wet.gz",
    }  # fmt: skip


@pytest.mark.parametrize("cut", [1, 7, 100, 5_000, 40_000])
def test_a_real_file_that_is_cut_still_holds_together(shared_data: Path, tmp_path: Path, cut: int) -> None:
    data = (shared_data / "warc" / "commoncrawl-16.warc.gz").read_bytes()
    counts, rows = read(tmp_path, data[:-cut])
    holds_together(counts, rows)
    assert counts["rejected_damaged_bytes"] == 1
    assert not is_complete(tmp_path)


# -------------------------------------------------------------------- the hostile catalogue, level warc


def test_hostile_91_a_file_cut_in_a_member_keeps_the_last_good_record_and_is_not_complete(tmp_path: Path) -> None:
    counts, rows = read(tmp_path, gzipped([response(n) for n in range(3)])[:-60])
    holds_together(counts, rows)
    assert (counts["fetched"], counts["rejected_damaged_bytes"]) == (2, 1)
    assert not is_complete(tmp_path)


def test_hostile_92_one_byte_missing_at_the_tail_is_noticed(tmp_path: Path) -> None:
    counts, rows = read(tmp_path, gzipped([response(n) for n in range(3)])[:-1])
    holds_together(counts, rows)
    assert counts["rejected_damaged_bytes"] == 1
    assert not is_complete(tmp_path)


def test_hostile_93_a_flipped_bit_costs_its_member_and_no_other(tmp_path: Path) -> None:
    members = [gzipped([response(n)]) for n in range(5)]
    damaged = bytearray(members[2])
    damaged[len(damaged) // 2] ^= 4
    counts, rows = read(tmp_path, b"".join([*members[:2], bytes(damaged), *members[3:]]))
    holds_together(counts, rows)
    assert [row["requested_url"][-1] for row in rows["page_fetches"]] == ["0", "1", "3", "4"]
    assert sum(n for name, n in counts.items() if name.startswith("rejected_")) == 1


@pytest.mark.parametrize("junk", [b"\0" * 100_000, b"junk" * 1_000, b"\x1f\x8b" * 500])
def test_hostile_94_junk_between_members_is_skipped_and_its_bytes_counted(tmp_path: Path, junk: bytes) -> None:
    counts, rows = read(tmp_path, gzipped([response(0)]) + junk + gzipped([response(1)]))
    holds_together(counts, rows)
    assert counts["fetched"] == 2
    assert [row["byte_count"] for row in rows["rejected_records"]] == [len(junk)]


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_hostile_95_a_whole_file_in_one_member_is_decoded_as_a_stream(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    counts, rows = read(tmp_path, compress(plain([response(n) for n in range(5)])))
    holds_together(counts, rows)
    assert counts["fetched"] == 5


@pytest.mark.parametrize("length", [3, 100_000, "", -5, 10**14])
def test_hostile_96_a_wrong_length_costs_one_record_and_no_memory(tmp_path: Path, length: object) -> None:
    bad = response(1, length=length)
    tracemalloc.start()
    counts, rows = read(tmp_path, plain([response(0), bad, response(2), response(3)]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    holds_together(counts, rows)
    assert [row["requested_url"][-1] for row in rows["page_fetches"]] == ["0", "2", "3"]
    assert counts["rejected_bad_record"] == 1
    assert peak < 64 << 20


def digest(data: bytes, *, algorithm: str = "sha1", spelling: str = "base32") -> str:
    value = hashlib.new(algorithm, data).digest()
    text = value.hex() if spelling == "hex" else base64.b32encode(value).decode()
    return f"{algorithm}:{text.upper() if spelling == 'HEX' else text}"


MESSAGE = http()
PAYLOAD = body(0)
WRONG = digest(b"another")


@pytest.mark.parametrize(
    ("block", "payload", "is_kept", "has_remark"),
    [
        (digest(MESSAGE), digest(PAYLOAD), True, False),
        (None, digest(PAYLOAD, spelling="hex"), True, False),
        (None, digest(PAYLOAD, algorithm="sha256"), True, False),
        (None, digest(PAYLOAD, algorithm="md5").lower(), True, False),
        (digest(MESSAGE).lower(), None, True, False),
        ("klingon:ABC", "sha1:not a digest", True, False),
        ("", "", True, False),
        (WRONG, None, False, False),
        (None, WRONG, False, False),
        (digest(MESSAGE), WRONG, False, False),
        (WRONG, WRONG, False, False),
        (WRONG, digest(PAYLOAD), True, True),
    ],
)
def test_hostile_97_digests_are_verified(
    tmp_path: Path, block: str | None, payload: str | None, is_kept: bool, has_remark: bool
) -> None:
    record = response(0, http=MESSAGE, WARC_Block_Digest=block, WARC_Payload_Digest=payload)
    counts, rows = read(tmp_path, gzipped([record, response(1)]))
    holds_together(counts, rows)
    assert counts["fetched"] == 1 + is_kept
    assert counts.get("rejected_bad_digest", 0) == (not is_kept)
    assert is_complete(tmp_path) is is_kept
    if is_kept:
        assert (rows["page_fetches"][0]["error"] is not None) is has_remark
    else:
        (rejected,) = rows["rejected_records"]
        assert rejected["source_url"] == "http://a.test/0"
        assert "Digest is not sha1:" in rejected["detail"]


def test_a_digest_of_the_payload_without_chunks_or_decoded_is_as_good(tmp_path: Path) -> None:
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAYLOAD), PAYLOAD)
    packed = gzip.compress(PAYLOAD)
    records = [
        response(0, http=http(body=chunked, Transfer_Encoding="chunked"), WARC_Payload_Digest=digest(PAYLOAD)),
        response(1, http=http(body=packed, Content_Encoding="gzip"), WARC_Payload_Digest=digest(PAYLOAD)),
        response(2, http=http(body=packed, Content_Encoding="gzip"), WARC_Payload_Digest=digest(packed)),
        response(3, WARC_Payload_Digest=WRONG, WARC_Truncated="length"),
    ]
    counts, _ = read(tmp_path, gzipped(records))
    assert counts["fetched"] == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (digest(b""), "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("SHA-1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("md5:1B2M2Y8AsgTpgAmY7PhCfg==", "md5:d41d8cd98f00b204e9800998ecf8427e"),
        ("sha1:", None),
        ("sha1:xyz", None),
        ("crc32:00000000", None),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", None),
        (None, None),
    ],
)
def test_a_digest_has_one_spelling(text: str | None, expected: str | None) -> None:
    assert normalized(text) == expected
    assert agrees(text, b"x", b"") is (None if expected is None else True)
    assert agrees(text, b"x") is (None if expected is None else False)


LATER = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"WARC_Target_URI": None}, "bad_target"),
        ({"WARC_Date": None}, "bad_date"),
        ({"WARC_Date": "0000-00-00"}, "bad_date"),
        ({"WARC_Date": "9999-12-31T23:59:59Z"}, "bad_date"),
        ({"WARC_Date": LATER}, "bad_date"),
        ({"WARC_Date": "1970-01-01T00:00:00Z"}, "bad_date"),
        ({"WARC_Date": "0001-01-01T00:00:00Z"}, "bad_date"),
        ({"WARC_Type": None}, "bad_record"),
        ({"WARC_Target_URI": "<http://a.test/0>"}, None),
        ({"WARC_Target_URI": "http://a.test/a b c"}, None),
        ({"WARC_Target_URI": "http:// bad host/"}, "bad_target"),
        ({"WARC_Date": "1996-12-19T16:39:57Z"}, None),
        ({"WARC_Date": "2021-01-01T00:00:00.123456Z"}, None),
    ],
)
def test_hostile_98_a_record_without_a_usable_name_date_or_type_is_kept_by_reason(
    tmp_path: Path, changed: dict[str, str | None], reason: str | None
) -> None:
    record = response(0, http=None, length=None, **changed)
    counts, rows = read(tmp_path, gzipped([record, response(1)]))
    holds_together(counts, rows)
    assert counts["fetched"] == (1 if reason else 2)
    assert [row["reason"] for row in rows["rejected_records"]] == ([reason] if reason else [])


BIG = 50 << 20


@pytest.mark.parametrize(
    ("record", "fate"),
    [
        (response(1, http=http(body=b"\0" * (200 << 20))), "too_large"),
        (response(1, http=b"HTTP/1.1 200 OK\r\nX: " + b"x" * BIG + b"\r\n\r\n"), "rejected_bad_http"),
        (response(1, http=b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1_000_000 + b"\r\n"), "rejected_bad_http"),
        (response(1, X="x" * BIG), "rejected_bad_record"),
        (response(1).replace(b"\r\n", b"\r\n" + b"a: b\r\n" * 1_000_000, 1), "rejected_bad_record"),
    ],
    ids=["zeros", "http header", "http lines", "warc header", "warc lines"],
)
def test_hostile_99_bombs_cost_their_own_record_and_bounded_memory(tmp_path: Path, record: bytes, fate: str) -> None:
    data = gzipped([response(0)]) + gzip.compress(record, 1) + gzipped([response(2)])
    del record
    tracemalloc.start()
    counts, rows = read(tmp_path, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    holds_together(counts, rows)
    assert (counts["fetched"], counts[fate], counts["records"]) == (2, 1, 3)
    assert peak < 512 << 20


def revisit(number: int, *, of: int | None = None, date: str = "2021-05-05T05:05:05Z", **changed: str | None) -> bytes:
    """A revisit of page ``number``, which refers to that of the response ``of``."""
    refers = {} if of is None else {
        "WARC_Refers_To_Target_URI": f"http://a.test/{of}", "WARC_Refers_To_Date": "2020-01-02T03:04:05Z"
    }  # fmt: skip
    facts: dict[str, str | None] = {"WARC_Record_ID": f"<urn:uuid:r{number}>", "WARC_Date": date, **refers, **changed}
    return response(number, http=b"HTTP/1.1 200 OK\r\n\r\n", WARC_Type="revisit", **facts)


@pytest.mark.parametrize("limits", [None, Limits(observations=1)], ids=["waiting", "flushed"])
def test_hostile_102_a_revisit_shows_the_page_again_at_its_own_time(tmp_path: Path, limits: Limits | None) -> None:
    profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    known = digest(body(1))
    records = [
        response(0),
        response(1, WARC_Payload_Digest=known),
        revisit(0, of=0, WARC_Profile=profile),
        revisit(5, WARC_Payload_Digest=known.lower()),
        revisit(0, of=7, date="2021-05-06T00:00:00Z"),
    ]
    several = gzipped(records[:1]) + gzipped([plain(records[1:3])]) + gzipped(records[3:])
    counts, rows = read(tmp_path, several, limits=limits)
    holds_together(counts, rows)
    assert (counts["fetched"], counts["revisit_unresolved"]) == (4, 1)
    again, other, unresolved = rows["page_fetches"][2:]
    assert (again["requested_url"], again["fetched_at"].isoformat()) == ("http://a.test/0", "2021-05-05T05:05:05+00:00")
    assert (again["title"], again["state"], again["link_count"]) == ("page 0", "fetched", 2)
    assert again["archive_offset"] == 0, "where its content lies"
    assert again["error"] == "a revisit: the page is as in the record of 2020-01-02T03:04:05+00:00"
    assert (other["requested_url"], other["title"]) == ("http://a.test/5", "page 1")
    assert (unresolved["state"], unresolved["title"], unresolved["status"]) == ("revisit_unresolved", None, None)
    assert "was not found" in unresolved["error"]
    seen = [row["fetched_at"].year for row in rows["link_observations"] if row["source_url"] == "http://a.test/0"]
    assert seen == [2020, 2020, 2021, 2021]


def test_a_revisit_finds_its_page_in_another_archive_of_the_ingest(tmp_path: Path) -> None:
    counts, rows = read(
        tmp_path, gzipped([response(n) for n in range(4)]), gzipped([revisit(3, of=3), revisit(9, of=9)])
    )
    assert (counts["fetched"], counts["revisit_unresolved"]) == (5, 1)
    assert rows["page_fetches"][4]["archive_file"].endswith("archive-0.warc")


@pytest.mark.parametrize("limits", [None, Limits(observations=1)], ids=["waiting", "flushed"])
def test_hostile_102_the_same_capture_in_two_archives_is_one_fetch(tmp_path: Path, limits: Limits | None) -> None:
    first, later = response(0), response(0, WARC_Date="2020-01-03T00:00:00Z")
    counts, rows = read(tmp_path, gzipped([first, first]), gzipped([later, first]), plain([later]), limits=limits)
    holds_together(counts, rows)
    assert (counts["fetched"], counts["skipped_duplicate"]) == (2, 3)
    assert len(rows["link_observations"]) == 4


@pytest.mark.parametrize(
    "message",
    [
        http(body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAYLOAD), PAYLOAD), Transfer_Encoding="chunked"),
        http(body=gzip.compress(PAYLOAD), Content_Encoding="gzip"),
        http(body=gzip.compress(PAYLOAD)[:-9], Content_Encoding="gzip"),
        http(body=PAYLOAD, Content_Encoding="gzip", Transfer_Encoding="chunked"),
    ],
)
def test_hostile_103_a_payload_is_decoded_leniently_and_truncation_is_said(tmp_path: Path, message: bytes) -> None:
    counts, rows = read(tmp_path, gzipped([response(0, http=message, WARC_Truncated="length")]))
    holds_together(counts, rows)
    assert (rows["page_fetches"][0]["link_count"], counts["fetched"]) == (2, 1)
    assert rows["page_fetches"][0]["error"] == "truncated by the archive: length"


def test_hostile_53_line_ends_in_a_url_never_reach_a_row(tmp_path: Path) -> None:
    location = b"HTTP/1.1 302 Found\r\nLocation: /a\rSet-Cookie: x\r\n\r\n"
    _, rows = read(tmp_path, gzipped([response(0, http=location), response(1, WARC_Target_URI="http://a.test/\ta\tb")]))
    texts = [str(value) for row in rows["page_fetches"] for value in row.values()]
    assert not [text for text in texts if "\r" in text or "\n" in text]
    assert rows["page_fetches"][1]["requested_url"] == "http://a.test/ab"


def test_what_was_resolved_before_a_kill_is_resolved_alike_after_it(tmp_path: Path) -> None:
    """The index of captures is read back from the acknowledged parts."""
    records: Sequence[bytes] = [response(n) for n in range(30)]
    data = gzipped([*records, revisit(3, of=3), records[4], revisit(40, of=40)])
    _, expected = read(tmp_path / "whole", data)
    from crawlers.archives import ingest
    from crawlers.journal import Journal
    from crawlers.sink import Sink
    from tests.crawlers.test_archives import FACTS, essence, rows_of

    path = tmp_path / "whole" / "archive-0.warc"

    class Killed(Exception):
        pass

    def dying(seen: int, *_: int) -> None:
        if seen == 31:
            raise Killed

    folder = tmp_path / "killed"
    with Journal.open_or_create(folder, FACTS) as journal, pytest.raises(Killed):
        ingest([str(path)], Sink(journal, stage="ingest", limits=Limits(observations=4)), on_progress=dying)
    with Journal.open_or_create(folder, FACTS) as journal:
        counts = ingest([str(path)], Sink(journal, stage="ingest"))
    assert (counts["fetched"], counts["skipped_duplicate"], counts["revisit_unresolved"]) == (31, 1, 1)
    assert essence(rows_of(folder)) == essence(expected)


@pytest.mark.parametrize(
    ("header", "meta", "encoding", "remark"),
    [
        ("text/html; charset=klingon", b"", "utf-8", "unknown charset 'klingon', read as utf-8"),
        ("text/html", b"<meta charset=vulcan>\xe9", "windows-1252", "unknown charset 'vulcan', read as windows-1252"),
        ("text/html; charset=klingon", b"<meta charset=koi8-r>", "koi8-r", None),
        ("text/html; charset=utf-8", b"<meta charset=klingon>", "utf-8", None),
        ("text/html", b"", "utf-8", None),
    ],
)  # fmt: skip
def test_hostile_43_a_charset_that_nobody_knows_is_read_as_browsers_do_and_remarked(
    tmp_path: Path, header: str, meta: bytes, encoding: str, remark: str | None
) -> None:
    _, rows = read(tmp_path, gzipped([response(0, http=http(body=meta + body(0), Content_Type=header))]))
    (page,) = rows["page_fetches"]
    assert (page["state"], page["encoding"], page["error"]) == ("fetched", encoding, remark)
    assert len(rows["link_observations"]) == 2
