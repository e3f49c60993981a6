"""The gold labels of a half with the pages that they are of."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.gold.agreement import GOLD, UNSURE
from tests.gold.pages import RealPage, read_pages

REALWEB: Final = Path(__file__).parents[3] / "shared" / "data" / "realweb"


MORE: Final = Path(__file__).with_name("placement_more.tsv")
"""Labels of further hosts of the tuning half, made in one pass by GUIDE.md: to learn from, not to measure by."""


class Label(NamedTuple):
    """What stands where: the nth link, from 0, of its page with this href."""

    href: str
    nth: int
    placement: str


def labelled_pages(half: str, folder: Path = REALWEB) -> Iterator[tuple[RealPage, list[Label]]]:
    """Each page of a half, `tuning` or `test`, with the labels on which both labellers agreed."""
    labels: dict[str, list[Label]] = defaultdict(list)
    with GOLD.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["half"] == half and row["placement"] != UNSURE:
                labels[row["url"]].append(Label(row["href"], int(row["nth"]), row["placement"]))
    yield from _pages_of(labels, folder)


def more_pages(folder: Path = REALWEB) -> Iterator[tuple[RealPage, list[Label]]]:
    """Each page with further labels."""
    labels: dict[str, list[Label]] = defaultdict(list)
    with MORE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            labels[row["url"]].append(Label(row["href"], int(row["nth"]), row["placement"]))
    yield from _pages_of(labels, folder)


def _pages_of(labels: Mapping[str, list[Label]], folder: Path) -> Iterator[tuple[RealPage, list[Label]]]:
    for page in read_pages(sorted(folder.glob("*.warc.gz"))):
        if page.url in labels:
            yield page, labels[page.url]
