"""Full link records against Scrapy's LinkExtractor: same pages, same process, in turns; and memory over many pages."""

import argparse
import gc
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from fastwarc.warc import ArchiveIterator, WarcRecordType
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

from crawlers.extract import extract

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "realweb"
TURN_PAGES: Final = 25
MEMORY_STEP_PAGES: Final = 10_000

Page = tuple[str, bytes]


def real_pages(folder: Path, count: int) -> list[Page]:
    """`count` real pages as (URL, body), spread evenly over the archives."""
    pages = list(_all_pages(folder))
    return pages[:: max(1, len(pages) // count)][:count]


def compare(pages: list[Page], rounds: int) -> None:
    """Print pages and megabytes a second of both sides, and their ratio; of every turn its best round counts."""
    link_extractor = LinkExtractor()
    sides: dict[str, Callable[[str, bytes], object]] = {
        "linklake, full records": lambda url, body: extract(body, url),
        "Scrapy LinkExtractor": lambda url, body: link_extractor.extract_links(HtmlResponse(url, body=body)),
    }
    for side in sides.values():
        side(*pages[0])
    best: dict[tuple[str, int], float] = {}
    for _ in range(rounds):
        for start in range(0, len(pages), TURN_PAGES):
            for name, read in sides.items():
                gc.collect()
                began = time.process_time()
                for url, body in pages[start : start + TURN_PAGES]:
                    read(url, body)
                spent = time.process_time() - began
                best[name, start] = min(spent, best.get((name, start), spent))
    seconds = {name: sum(spent for (side, _), spent in best.items() if side == name) for name in sides}
    megabytes = sum(len(body) for _, body in pages) / 1e6
    for name, spent in seconds.items():
        print(f"{name:24} {len(pages) / spent:7.0f} pages/s {megabytes / spent:7.1f} MB/s")
    ours, theirs = seconds.values()
    print(f"ratio {theirs / ours:26.2f}   ({len(pages)} pages, best of {rounds} rounds, CPU time of one core)")


def watch_memory(pages: list[Page], count: int) -> None:
    """Print peak memory as `count` pages go by, each in a text of its own so that no cache knows it."""
    for number in range(count):
        url, body = pages[number % len(pages)]
        extract(body.replace(b'href="/', b'href="/%d/' % number), url)
        if number % MEMORY_STEP_PAGES == MEMORY_STEP_PAGES - 1:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{number + 1:8} pages {_resident():7.0f} MB resident, {peak:7.0f} MB at most", flush=True)


def _resident() -> float:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize() / 1e6


def _all_pages(folder: Path) -> Iterator[Page]:
    for archive in sorted(folder.glob("*.warc.gz")):
        with archive.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                yield record.headers["WARC-Target-URI"] or "", record.reader.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=0, metavar="PAGES", help="watch memory over so many pages")
    given = parser.parse_args()
    sample = real_pages(DATA, given.pages)
    if given.memory:
        watch_memory(sample, given.memory)
    else:
        compare(sample, given.rounds)
