"""The hostile catalogue's rows of pages and archives: each is cited by a test, and the largest cost bounded memory."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from crawlers.extract import extract, prepare
from crawlers.frontier import Frontier
from schemas.identity import CanonicalUrl, judge
from tests.crawlers.test_archives import gzipped, http, read, response

PAGES: Final = range(54, 74)
"""Ids of the catalogue's level html."""

ARCHIVES: Final = range(91, 105)
"""Ids of its level warc."""

LINK = b"<a href=/x rel=ugc>y</a>"
LARGE: Final[dict[str, Callable[[], bytes]]] = {
    "20,000 nested tables": lambda: b"<table><tr><td>" * 20_000 + LINK,
    "a million links": lambda: LINK + b"<a href=z>" * 1_000_000,  # 55
    "an href of 100 MB": lambda: b"<a href='" + b"x" * 100_000_000 + b"'>y</a>" + LINK,  # 56
    "a text of 100 MB": lambda: b"<p>" + b"x " * 50_000_000 + LINK,  # 56
    "a text of 99 MB without a space": lambda: b"<p>" + "\u4e2d".encode() * 33_000_000 + LINK,  # 56
    "NULs": lambda: b"\0" * 5_000_000 + LINK + b"\0" * 5_000_000,  # 57
    "lone surrogates": lambda: b"&#xD800;" * 500_000 + LINK + b"\xed\xa0\x80" * 1_000_000,  # 58, 70
}


class Peak:
    """The most memory that this process held in its ``with``, beyond what it held before (Linux)."""

    def __enter__(self) -> "Peak":
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = self._most()
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = self._most() - self._before

    def _most(self) -> int:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        assert found
        return int(found[1]) << 10


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if "million" in n else ()) for n in LARGE])
def test_what_is_large_costs_seconds_and_bounded_memory_and_keeps_its_link(name: str) -> None:
    prepare()
    html = LARGE[name]()
    with Peak() as peak:
        started = time.process_time()
        page = extract(html, "http://a.com/")
        seconds = time.process_time() - started
    assert seconds < 10
    assert peak.bytes < 300 << 20, f"{peak.bytes >> 20} MiB"
    assert [seen.rel for seen in page.observations if seen.target.url == "http://a.com/x"] == [("ugc",)]
    if name == "a million links":
        assert (len(page.observations), page.truncated_link_count) == (10_000, 990_001)
    if name == "an href of 100 MB":
        assert [(link.reason, len(link.href) <= 4096) for link in page.rejected] == [("too_long", True)]


def test_what_is_too_large_in_an_archive_costs_its_own_record_and_is_counted(tmp_path: Path) -> None:  # 56, 91
    huge = b"<a href='" + b"x" * 100_000_000 + b"'>y</a>"
    data = gzipped([response(0), response(1, http=http(body=huge)), response(2), response(3)])
    with Peak() as peak:
        started = time.process_time()
        counts, rows = read(tmp_path, data[:-40])
        seconds = time.process_time() - started
    assert {name: counts[name] for name in ("records", "fetched", "too_large", "rejected_damaged_bytes")} == {
        "records": 3, "fetched": 2, "too_large": 1, "rejected_damaged_bytes": 1,
    }  # fmt: skip
    assert [row["source_url"][-1] for row in rows["link_observations"]] == ["0", "0", "2", "2"]
    assert seconds < 10
    assert peak.bytes < 300 << 20, f"{peak.bytes >> 20} MiB"


def test_canonicals_in_a_loop_are_hints_and_each_page_keeps_its_own_links(tmp_path: Path) -> None:  # 66
    chain = [
        response(n, http=http(body=b"<link rel=canonical href=/%d><a href=/to>x</a>" % (n % 3))) for n in (1, 2, 3)
    ]
    _, rows = read(tmp_path, gzipped(chain))
    said = [(row["source_url"][-1], row["canonical_url"][-1]) for row in rows["page_fetches"]]
    assert said == [("1", "1"), ("2", "2"), ("3", "0")]
    links = [row["source_url"][-1] for row in rows["link_observations"] if row["link_type"] == "text"]
    assert links == ["1", "2", "3"]


def test_a_calendar_without_end_ends_with_the_budget_and_bounded_memory() -> None:  # 73
    frontier = Frontier([url("2026/1")], budget=50, depth=None)
    pages = 0
    while level := frontier.next_level():
        for _ in level[1]:
            pages += 1
            for day in range(1_000):  # each month leads to its days and to the next
                frontier.add(url(f"{2026 + pages}/{day}"), level[0] + 1)
    assert pages == 50


def url(path: str) -> CanonicalUrl:
    found = judge(f"http://calendar.test/{path}")
    assert isinstance(found, CanonicalUrl)
    return found


def test_every_row_of_the_catalogue_about_pages_and_archives_is_cited() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    cited = {int(n) for text in texts for n in re.findall(r"hostile_(\d+)", text)}
    for text in texts:
        for numbers in re.findall(r"  # (\d+(?:, \d+)*)(?=[:\n,])", text):
            cited |= {int(number) for number in numbers.split(", ")}
    assert {*PAGES, *ARCHIVES} - cited == set()
