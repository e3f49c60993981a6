"""Choose the links that people label, from real pages: seeded, the same on every machine, blind to the classifier.

`python -m tests.gold.sample OUT` writes OUT/sample.jsonl (one link a line: key, page, url, host, half, href, nth,
position, stratum, sheet) and OUT/sheets/NNN.txt for the labellers. The sheets hold text of other people's pages: they
are never committed.

Every host gives one page, every registrable domain falls into one half (`pages.half_of`). Pages are taken in the order
of a seeded hash, those that show signs of a comment thread first; on each page the strata furthest behind their quota
in that half go first, from different blocks of the page.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from tests.gold.pages import UNREAD, Element, GoldLink, RealPage, Tree, read_pages
from tests.gold.sheets import draw_page
from tests.gold.strata import STRATA, hints

SEED: Final = "placement-1"
PAGES: Final = {"test": 180, "tuning": 110}
THREAD_PAGES: Final = {"test": 45, "tuning": 25}
"""Pages with signs of a comment thread, part of the above."""

LINKS_PER_PAGE: Final = 5
LINKS_PER_THREAD_PAGE: Final = 7
THREAD_LINKS: Final = 4
"""Links a thread page gives from its thread."""

QUOTA: Final = {
    "comment_words": 170, "bio_words": 35, "ad_words": 35, "foot_words": 80, "side_words": 90, "head_words": 105,
    "nav_words": 70, "opening": 60, "closing": 65, "prose": 140, "cluster": 60, "elsewhere": 40,
}  # fmt: skip
"""Links wanted of each stratum in the test half; the tuning half follows in the same proportion."""

MIN_TEXT: Final = 300
MIN_LINKS: Final = 8
PAGES_PER_SHEET: Final = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link that may be drawn, with the strata its hints name and the block it shares with its neighbours."""

    link: GoldLink
    strata: tuple[str, ...]
    block: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A link to label. `page` numbers the pages from 0 in the order of the sheets, `sheet` from 1."""

    key: str
    page: int
    url: str
    host: str
    half: str
    href: str
    nth: int
    position: int
    stratum: str
    sheet: int


def rank(*parts: str) -> str:
    """A seeded order that knows nothing of what it orders."""
    return blake2b("\n".join((SEED, *parts)).encode(), digest_size=8).hexdigest()


def candidates(url: str, tree: Tree) -> list[Candidate]:
    """The page's links that lead elsewhere, in a seeded order; none where the page is too small to show a layout."""
    if not tree.elements or tree.elements[0].text_length < MIN_TEXT:
        return []
    found = []
    for link in tree.links:
        around = {element.tag for element in link.element.above()}
        if not link.href.strip().startswith("#") and link.href.strip() and not around & UNREAD:
            strata = tuple(filter(None, hints(link.element, tree.elements[0])))
            found.append(Candidate(link, strata, id(_block(link.element))))
    return sorted(found, key=lambda c: rank(url, c.link.href, str(c.link.nth))) if len(found) >= MIN_LINKS else []


def _block(link: Element) -> Element:
    return next((e for e in link.above() if e.tag in ("ul", "ol", "p", "table", "nav", "div", "section")), link)


def has_thread(found: Iterable[Candidate]) -> bool:
    """Whether several blocks of the page are called comments or replies."""
    return len({candidate.block for candidate in found if "comment_words" in candidate.strata}) >= 4


def choose_pages(pages: Iterable[RealPage]) -> list[tuple[RealPage, bool]]:
    """Give (page, whether it shows a thread), threads first within each half; one page a host."""
    found = ((page, candidates(page.url, page.read())) for page in pages)
    usable = sorted(((page, has_thread(links)) for page, links in found if links), key=lambda pair: rank(pair[0].url))
    hosts: set[str] = set()
    taken: Counter[tuple[str, bool]] = Counter()
    chosen = []
    for page, thread in sorted(usable, key=lambda pair: not pair[1]):
        used = taken[page.half, True] + taken[page.half, False]
        room = THREAD_PAGES[page.half] - taken[page.half, True] if thread else PAGES[page.half] - used
        if room > 0 and page.host not in hosts:
            hosts.add(page.host)
            taken[page.half, thread] += 1
            chosen.append((page, thread))
    return sorted(chosen, key=lambda pair: rank("order", pair[0].url))


def choose_links(
    page: RealPage, tree: Tree, thread: bool, drawn: Counter[tuple[str, str]]
) -> list[tuple[GoldLink, str]]:
    """Draw the page's links in document order, each with its stratum, and count them in `drawn`."""
    waiting = candidates(page.url, tree)
    blocks: Counter[int] = Counter()
    chosen: list[tuple[GoldLink, str]] = []
    wanted = ["comment_words"] * THREAD_LINKS if thread else []
    for turn in range(LINKS_PER_THREAD_PAGE if thread else LINKS_PER_PAGE):
        strata = wanted[turn : turn + 1] or _by_need(page.half, drawn, {stratum for _, stratum in chosen})
        pick = _first(waiting, strata, blocks)
        if pick is None:
            continue
        candidate, stratum = pick
        waiting.remove(candidate)
        blocks[candidate.block] += 1
        drawn[page.half, stratum] += 1
        chosen.append((candidate.link, stratum))
    return sorted(chosen, key=lambda pair: pair[0].position)


def _by_need(half: str, drawn: Counter[tuple[str, str]], taken: set[str]) -> list[str]:
    """Strata, those not yet taken from this page before the others, the emptiest first."""
    return sorted(STRATA, key=lambda stratum: (stratum in taken, drawn[half, stratum] / QUOTA[stratum]))


def _first(waiting: list[Candidate], strata: list[str], blocks: Counter[int]) -> tuple[Candidate, str] | None:
    """The first candidate of the first stratum that has one in the least used block."""
    for stratum in strata:
        fitting = [candidate for candidate in waiting if stratum in candidate.strata and blocks[candidate.block] < 2]
        if fitting:
            return min(fitting, key=lambda candidate: blocks[candidate.block]), stratum
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--realweb", type=Path, default=Path("../shared/data/realweb"))
    arguments = parser.parse_args()
    chosen = choose_pages(read_pages(sorted(arguments.realweb.glob("*.warc.gz"))))
    drawn: Counter[tuple[str, str]] = Counter()
    rows: list[Choice] = []
    sheets: dict[int, list[str]] = {}
    for number, (page, thread) in enumerate(chosen):
        sheet = number // PAGES_PER_SHEET + 1
        keys: dict[int, str] = {}
        tree = page.read()
        for link, stratum in choose_links(page, tree, thread, drawn):
            keys[id(link.element)] = key = f"{len(rows) + 1:04d}"
            rows.append(
                Choice(key, number, page.url, page.host, page.half, link.href, link.nth, link.position, stratum, sheet)
            )
        sheets.setdefault(sheet, []).append(draw_page(page.url, tree, keys))
    _write(arguments.out, rows, sheets)


def _write(out: Path, rows: list[Choice], sheets: dict[int, list[str]]) -> None:
    (out / "sheets").mkdir(parents=True, exist_ok=True)
    for number, drawings in sheets.items():
        (out / "sheets" / f"{number:03d}.txt").write_text("\n\n".join(drawings) + "\n", encoding="utf-8")
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    (out / "sample.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
