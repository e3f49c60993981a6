"""The drawn truth of the built-in web, as plain values: written by hand, never by code that is under test.

``docs/tiny-web.md`` tells the story. ``pages.csv`` has a row per URL that a crawl of all seeds requests or is
refused by robots.txt; ``links.csv`` a row per observation, in document order; the referee in ``test_truth.py``
holds both to the pages. ``anchors.csv`` has a row per wording of links to a URL.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    """What comes of one requested URL. Unasked pages (robots.txt) have no status and no final URL."""

    requested_url: str
    state: str
    status: int | None
    final_url: str
    """Canonical URL after redirects; the other fields are of the page found there."""
    title: str
    is_nofollow: bool
    is_noindex: bool
    canonical_url: str


@dataclass(frozen=True, slots=True)
class Link:
    """One observation: a link element of the page at ``source_url`` whose href resolves to http(s)."""

    source_url: str
    position: int
    href: str
    target_url: str
    link_type: str
    rel: tuple[str, ...]
    anchor_text: str
    alt: str
    placement: str
    is_hidden: bool
    rel_class: str
    page_is_nofollow: bool


@dataclass(frozen=True, slots=True)
class RejectedLink:
    """An href that is meant for http(s) and cannot be parsed."""

    source_url: str
    href: str
    reason: str


@dataclass(frozen=True, slots=True)
class OtherScheme:
    """How many links of a page go elsewhere than to http(s)."""

    source_url: str
    scheme: str
    count: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """The words of links to a URL (of images, their alt text), and what kind of anchor they are."""

    target_url: str
    anchor_text: str
    is_image: bool
    anchor_class: str


@dataclass(frozen=True, slots=True)
class FarmMember:
    """A domain of the farm. Every domain that is not listed is honest."""

    domain: str
    role: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


PAGES: Final = tuple(
    Page(
        requested_url=row["requested_url"],
        state=row["state"],
        status=int(row["status"]) if row["status"] else None,
        final_url=row["final_url"],
        title=row["title"],
        is_nofollow=_flag(row["is_nofollow"]),
        is_noindex=_flag(row["is_noindex"]),
        canonical_url=row["canonical_url"],
    )
    for row in _rows("pages.csv")
)

LINKS: Final = tuple(
    Link(
        source_url=row["source_url"],
        position=int(row["position"]),
        href=row["href"],
        target_url=row["target_url"],
        link_type=row["link_type"],
        rel=tuple(row["rel"].split()),
        anchor_text=row["anchor_text"],
        alt=row["alt"],
        placement=row["placement"],
        is_hidden=_flag(row["is_hidden"]),
        rel_class=row["rel_class"],
        page_is_nofollow=_flag(row["page_is_nofollow"]),
    )
    for row in _rows("links.csv")
)

REJECTED: Final = tuple(RejectedLink(**row) for row in _rows("rejected.csv"))

OTHER_SCHEMES: Final = tuple(
    OtherScheme(row["source_url"], row["scheme"], int(row["count"])) for row in _rows("other_schemes.csv")
)

ANCHORS: Final = tuple(
    Anchor(row["target_url"], row["anchor_text"], _flag(row["is_image"]), row["anchor_class"])
    for row in _rows("anchors.csv")
)

FARM: Final = tuple(FarmMember(**row) for row in _rows("farm.csv"))
