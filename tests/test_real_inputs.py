"""Real archives, counted a second time by hand: every record is a page, a named skip or a kept rejection."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.catalog import MARTS
from tests.chromium import PROGRAM, Chromium
from tests.linklake.calls import Ended, call

HTML_LINK = re.compile(rb"<a\s[^>]*?href", re.IGNORECASE)
MAY_BE_EMPTY = {"farms", "farm_members", "broken_backlinks", "disavow_candidates"}
"""Marts of what is wrong with a web: nothing need be."""


def members(path: Path) -> Iterator[bytes]:
    """The gzip members of a sound archive, one record each, read with nothing but zlib."""
    data = path.read_bytes()
    while data:
        member = zlib.decompressobj(wbits=31)
        yield member.decompress(data)
        assert member.eof
        data = member.unused_data


def count_by_hand(path: Path) -> tuple[Counter[str], int]:
    """Records by fate, and ``<a … href`` in HTML bodies (in comments and scripts too, so it is a bound)."""
    fates = Counter[str]()
    links = 0
    for record in members(path):
        head, _, block = record.partition(b"\r\n\r\n")
        header = dict(re.findall(rb"^([\w-]+):[ \t]*(.*?)\r?$", head, re.MULTILINE))
        kind = header[b"WARC-Type"].decode()
        if kind != "response":
            fates[f"skipped_{kind}"] += 1
            continue
        if not header[b"WARC-Target-URI"].startswith(b"http"):
            fates["skipped_response_of_another_scheme"] += 1
            continue
        http, _, body = block.partition(b"\r\n\r\n")
        status = int(http.split(b" ")[1])
        is_html = re.search(rb"^content-type:\s*text/html", http, re.IGNORECASE | re.MULTILINE) is not None
        fates[state(status, is_html=is_html)] += 1
        links += len(HTML_LINK.findall(body)) if is_html else 0
    return fates, links


def state(status: int, *, is_html: bool) -> str:
    if 300 <= status < 400:
        return "redirect_unresolved"
    if status >= 400:
        return "http_error"
    return "fetched" if is_html else "not_html"


def ask(sql: str, lake: Path) -> list[dict[str, Any]]:
    ended = call("sql", sql, "--format", "json", "--lake", lake)
    assert ended.code == 0, ended.err
    return ended.rows


def links_by_fate(lake: Path) -> dict[str, int]:
    """Every link element that was seen: observed, of another scheme, rejected, or past the limit of a page."""
    return ask(
        "select sum(link_count) as observed, sum(rejected_link_count) as rejected, "
        "sum(truncated_link_count) as truncated, "
        "sum(list_sum(json_extract(other_scheme_links, '$.*')::bigint[])) as of_another_scheme from page_fetches",
        lake,
    )[0]


def other_elements(lake: Path) -> int:
    """Observations that are no `a` elements."""
    (row,) = ask("select count(*) as n from link_observations where link_type not in ('text', 'image')", lake)
    return int(row["n"])


def ingest(archive: Path, lake: Path) -> Ended:
    ended = call("ingest", archive, "--crawl-id", "i", "--lake", lake)
    assert ended.code == 0, ended.err
    return ended


# -------------------------------------------------------------------- sound archives


@pytest.mark.parametrize(
    ("name", "fates", "observations"),
    [
        (
            "iah-2008.warc.gz",
            {"fetched": 94, "http_error": 40, "not_html": 120, "redirect_unresolved": 7, "skipped_metadata": 261,
             "skipped_request": 261, "skipped_response_of_another_scheme": 38, "skipped_warcinfo": 1},
            38_172,
        ),
        (
            "commoncrawl-16.warc.gz",
            {"fetched": 16, "skipped_metadata": 16, "skipped_request": 17, "skipped_warcinfo": 1},
            1_415,
        ),
        (
            "whirlwind.warc.gz",
            {"fetched": 1, "skipped_metadata": 1, "skipped_request": 1, "skipped_warcinfo": 1},
            215,
        ),
    ],
)  # fmt: skip
def test_a_sound_archive_is_read_to_the_last_record(
    name: str, fates: dict[str, int], observations: int, shared_data: Path, tmp_path: Path
) -> None:
    by_hand, links_by_hand = count_by_hand(shared_data / "warc" / name)
    assert by_hand == fates
    rows = ingest(shared_data / "warc" / name, tmp_path / "lake").receipt["rows"]
    assert {fate: rows.get(fate, 0) for fate in fates} == fates
    assert rows["records"] == sum(fates.values())
    assert rows["page_fetches"] == sum(n for fate, n in fates.items() if not fate.startswith("skipped_"))
    assert rows["link_observations"] == observations
    seen = links_by_fate(tmp_path / "lake")
    assert sum(n or 0 for n in seen.values()) - other_elements(tmp_path / "lake") == pytest.approx(
        links_by_hand, rel=0.01
    )
    states = ask("select state, count(*) as n from page_fetches group by state", tmp_path / "lake")
    assert {row["state"]: row["n"] for row in states} == {
        f: n for f, n in fates.items() if not f.startswith("skipped_")
    }


def test_the_crawl_of_2008_is_built_into_marts(shared_data: Path, tmp_path: Path) -> None:
    ingest(shared_data / "warc" / "iah-2008.warc.gz", tmp_path / "lake")
    assert call("build", "--lake", tmp_path / "lake").code == 0
    assert ask("select year(observed_to) as year, page_count > 1000 as many from index_info", tmp_path / "lake") == [
        {"year": 2008, "many": True}
    ]
    filled = [mart.name for mart in MARTS if mart.name not in MAY_BE_EMPTY]
    counts = ", ".join(f"(select count(*) > 0 from {name}) as {name}" for name in filled)
    assert all(ask(f"select {counts}", tmp_path / "lake")[0].values())


def test_the_one_bad_link_of_common_crawl_is_kept_with_its_reason(shared_data: Path, tmp_path: Path) -> None:
    ingest(shared_data / "warc" / "commoncrawl-16.warc.gz", tmp_path / "lake")
    (row,) = ask("select stage, reason, record, source_url from rejected_records", tmp_path / "lake")
    assert (row["stage"], row["reason"], len(row["record"])) == ("ingest", "no_host", 7)
    assert ask(
        f"select count(*) as n from page_fetches where source_url = '{row['source_url']}'", tmp_path / "lake"
    ) == [{"n": 1}]


# -------------------------------------------------------------------- damaged archives, and such without pages

DAMAGED: dict[str, tuple[dict[str, int], list[dict[str, Any]], int]] = {
    # One member, cut after 75,657 of more than 88,275 bytes: nothing says where its page would have ended.
    "clipped.warc.gz": (
        {},
        [{"reason": "damaged_bytes", "detail": "the file ends inside a gzip member",
          "archive_offset": 0, "byte_count": 18_184}],
        0,
    ),
    # All six records in one gzip member; the revisit refers to the page before it; a redirect is a link.
    "example-bad.warc.gz.bad": (
        {"fetched": 2, "redirect_unresolved": 1, "skipped_request": 2, "skipped_warcinfo": 1},
        [],
        4,
    ),
    # A response in two members (headers, body), its end and a request in a third.
    "example-wrong-chunks.warc.gz": ({"fetched": 1, "skipped_request": 1}, [], 1),
    # The response says 973 bytes and has more; the records around it are whole.
    "example-trunc.warc": (
        {"skipped_request": 1, "skipped_warcinfo": 2, "rejected_bad_record": 1},
        [{"reason": "bad_record", "detail": "Content-Length says 973, which is not where the record ends",
          "archive_offset": 1_197, "byte_count": 1_369}],
        0,
    ),
    # An image from a file, whose name has spaces: no response.
    "example-space-in-target-uri.warc.gz": ({"skipped_resource": 1, "skipped_warcinfo": 1}, [], 0),
    # Text and metadata made of an archive: no responses either, and this WAT has no links.
    "whirlwind.warc.wet.gz": ({"skipped_conversion": 1, "skipped_warcinfo": 1}, [], 0),
    "whirlwind.warc.wat.gz": ({"skipped_metadata": 1, "skipped_warcinfo": 1}, [], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_of_a_damaged_archive_what_is_whole_is_read_and_the_rest_is_kept_by_reason(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    fates, rejected, observations = DAMAGED[name]
    ended = ingest(shared_data / "warc" / name, tmp_path / "lake")
    rows = ended.receipt["rows"]
    assert {fate: rows.get(fate, 0) for fate in fates} == fates
    assert rows.get("records", 0) == sum(fates.values())
    assert rows["link_observations"] == observations
    sql = "select reason, detail, archive_offset, byte_count from rejected_records"
    assert ask(sql, tmp_path / "lake") == rejected
    message = ended.receipt["message"] or ""
    assert message.startswith("rejected and kept: " if rejected else "" if fates.get("fetched") else "no page was read")
    assert ask("select is_complete from crawls", tmp_path / "lake") == [{"is_complete": not rejected}]


def test_the_records_of_example_trunc_lie_where_they_are_said_to_lie(shared_data: Path) -> None:
    data = (shared_data / "warc" / "example-trunc.warc").read_bytes()
    starts = [match.start() for match in re.finditer(rb"WARC/1\.0\r\n", data)]
    assert starts == [0, 488, 1_197, 1_197 + 1_369]
    head, _, block = data[1_197 : 1_197 + 1_369].partition(b"\r\n\r\n")
    assert b"Content-Length: 973" in head
    assert len(block.removesuffix(b"\r\n\r\n")) != 973


# -------------------------------------------------------------------- the real web


@pytest.mark.slow
def test_all_real_pages_are_accounted_for_and_built_into_marts(shared_data: Path, tmp_path: Path) -> None:
    archives = sorted((shared_data / "realweb").glob("*.warc.gz"))
    lake = tmp_path / "lake"
    by_hand, links_by_hand = Counter[str](), 0
    for archive in archives:
        fates, links = count_by_hand(archive)
        by_hand += fates
        links_by_hand += links
    assert by_hand == {"fetched": 2_255}
    ingested = call("ingest", *archives, "--crawl-id", "realweb", "--lake", lake)
    assert ingested.code == 0, ingested.err
    rows = ingested.receipt["rows"]
    assert (rows["records"], rows["fetched"], rows["page_fetches"]) == (2_255, 2_255, 2_255)
    assert rows["link_observations"] > 355_000
    seen = links_by_fate(lake)
    assert seen["observed"] == rows["link_observations"]
    assert seen["rejected"] == rows["rejected_records"]
    # By hand, anchors in comments, scripts and templates count too.
    assert sum(n or 0 for n in seen.values()) - other_elements(lake) == pytest.approx(links_by_hand, rel=0.03)
    built = call("build", "--lake", lake)
    assert built.code == 0, built.err
    (info,) = ask("select crawled_page_count, domain_count, backlink_count from index_info", lake)
    assert info["crawled_page_count"] <= 2_255
    assert info["domain_count"] > 9_000
    assert info["backlink_count"] > 30_000
    filled = [mart.name for mart in MARTS if mart.name not in MAY_BE_EMPTY]
    counts = ", ".join(f"(select count(*) from {name}) as {name}" for name in filled)
    assert all(ask(f"select {counts}", lake)[0].values())
    report = tmp_path / "report.html"
    assert call("report", "--output", report, "--lake", lake).code == 0
    assert report.stat().st_size <= 8_000_000
    if PROGRAM:
        with Chromium(tmp_path / "profile") as browser:
            assert min(browser.seconds_to_open(report) for _ in range(3)) <= 3.0
    print({**rows, **info, "ingest_s": ingested.receipt["seconds"], "build_s": built.receipt["seconds"]})
