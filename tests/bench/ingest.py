"""How fast archives are read: WARC against warcio and Scrapy's LinkExtractor, and WAT, in turns on the same pages.

``python -m tests.bench.ingest ARCHIVE…``. Seconds are CPU seconds of this process (so that a shared machine disturbs
less), and the two sides take turns on slices of the archives, ours with all it does: full records, digests, Parquet.
"""

import shutil
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor
from warcio.archiveiterator import ArchiveIterator

from crawlers.archives import ingest
from crawlers.journal import Journal
from crawlers.sink import Sink
from tests.crawlers.wat_files import write_wat

SLICE: Final = 60
"""Pages of a turn."""

WAT_FILES: Final = 90_000
"""Of a monthly crawl of Common Crawl."""

PAGES_A_FILE: Final = 26_000
"""An assumption, that nothing here measures: a crawl of some 2.4 billion pages. The estimate is in proportion to it."""

_FACTS: Final = {"crawl_id": "bench", "kind": "ingest", "seeds_hash": "s", "config_hash": "c"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side did with one slice."""

    pages: int
    links: int
    bytes: int
    seconds: float


def main(places: Sequence[str]) -> None:
    """Measure and print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        slices = [s for place in places for s in _slices(Path(place), folder)]
        wats = [path.with_name(path.name.replace(".warc.gz", ".warc.wat.gz")) for path in slices]
        for path, wat in zip(slices, wats, strict=True):
            write_wat(path, wat)
        ours, theirs, of_wat = list[Turn](), list[Turn](), list[Turn]()
        _linklake(slices[0], folder)  # imports and caches are warm for both sides
        _warcio(slices[0])
        for path, wat in zip(slices, wats, strict=True):
            ours.append(_linklake(path, folder))
            theirs.append(_warcio(path))
            of_wat.append(_linklake(wat, folder))
        _tell(ours, theirs, of_wat)


def _tell(ours: Sequence[Turn], theirs: Sequence[Turn], of_wat: Sequence[Turn]) -> None:
    ratios = [_rate(o, "pages") / _rate(t, "pages") for o, t in zip(ours, theirs, strict=True)]
    rows = {"linklake, WARC": ours, "warcio + LinkExtractor": theirs, "linklake, WAT": of_wat}
    print(f"{'one core':<24}{'pages':>8}{'links':>10}{'pages/s':>10}{'links/s':>10}{'MB/s':>8}")
    for name, turns in rows.items():
        total = _total(turns)
        rates = f"{_rate(total, 'pages'):>10,.0f}{_rate(total, 'links'):>10,.0f}{_rate(total, 'bytes') / 1e6:>8.2f}"
        print(f"{name:<24}{total.pages:>8,}{total.links:>10,}{rates}")
    print(
        f"WARC: {_rate(_total(ours), 'pages') / _rate(_total(theirs), 'pages'):.2f} times warcio + LinkExtractor "
        f"(median of {len(ratios)} turns {statistics.median(ratios):.2f}, least {min(ratios):.2f})"
    )
    wat = _total(of_wat)
    hours_a_thousand = WAT_FILES * 1_000 / _rate(wat, "pages") / 3600
    print(
        f"WAT: {wat.links / wat.pages:.0f} links a page here; {WAT_FILES:,} files x pages a file / "
        f"{_rate(wat, 'pages'):.0f} pages/s / 3600 = {hours_a_thousand:.0f} core-hours for each 1,000 pages a file, "
        f"{hours_a_thousand * PAGES_A_FILE / 1_000:,.0f} for {PAGES_A_FILE:,} (an assumption)"
    )


def _total(turns: Sequence[Turn]) -> Turn:
    return Turn(*(sum(getattr(t, name) for t in turns) for name in ("pages", "links", "bytes", "seconds")))


def _rate(turn: Turn, what: str) -> float:
    return float(getattr(turn, what)) / turn.seconds


def _timed(act: Callable[[], tuple[int, int]], size: int) -> Turn:
    began = time.process_time()
    pages, links = act()
    return Turn(pages, links, size, time.process_time() - began)


def _linklake(path: Path, folder: Path) -> Turn:
    def act() -> tuple[int, int]:
        with Journal.open_or_create(folder / "observing", _FACTS) as journal:
            counts = ingest([str(path)], Sink(journal, stage="ingest"))
        return counts["fetched"], counts["link_observations"]

    turn = _timed(act, path.stat().st_size)
    shutil.rmtree(folder / "observing")
    return turn


def _warcio(path: Path) -> Turn:
    def act() -> tuple[int, int]:
        extractor, pages, links = LinkExtractor(), 0, 0
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type != "response":
                    continue
                url, body = record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()
                headers = dict(record.http_headers.headers)
                links += len(extractor.extract_links(HtmlResponse(url, headers=headers, body=body)))
                pages += 1
        return pages, links

    return _timed(act, path.stat().st_size)


def _slices(archive: Path, folder: Path) -> Iterator[Path]:
    """The archive in files of SLICE gzip members."""
    data, members = archive.read_bytes(), list[bytes]()
    while data or members:
        if len(members) == SLICE or not data:
            path = folder / f"{archive.name.removesuffix('.warc.gz')}-{len(data)}.warc.gz"
            path.write_bytes(b"".join(members))
            members.clear()
            yield path
            continue
        member = zlib.decompressobj(wbits=31)
        member.decompress(data)
        members.append(data[: len(data) - len(member.unused_data)])
        data = member.unused_data


if __name__ == "__main__":
    main(sys.argv[1:])
