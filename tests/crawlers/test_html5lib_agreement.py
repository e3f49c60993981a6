"""Targets, rel tokens and anchor texts of every link of a thousand real pages, with html5lib as the referee."""

import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import html5lib
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawlers.directives import rel_tokens
from crawlers.encoding import to_utf8
from crawlers.extract import extract
from crawlers.tags import BLOCKS, UNREAD
from schemas.identity import CanonicalUrl, Rejected, judge

PAGES: Final = 1_000
MAX_BYTES: Final = 80_000
"""html5lib reads some 0.3 MB a second."""

Link = tuple[str, tuple[str, ...], str]
PARTED: Final = BLOCKS | {"br"}


def real_pages(shared_data: Path) -> Iterator[tuple[str, bytes]]:
    for archive in sorted((shared_data / "realweb").glob("*.warc.gz")):
        with archive.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                body = record.reader.read()
                if len(body) <= MAX_BYTES:
                    yield record.headers["WARC-Target-URI"] or "", body


def by_html5lib(body: bytes, url: str) -> tuple[list[Link], bool]:
    """(target, rel, anchor text) of every a and area with an href outside templates; whether there is a template."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parse(to_utf8(body)[0].decode(), namespaceHTMLElements=False)
    bases = [element.get("href") for element in outside_templates(tree) if element.tag == "base"]
    bases = [href for href in bases if href is not None]
    base = judge(bases[0], url) if bases else Rejected("empty")
    links = []
    for element in outside_templates(tree):
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if name in ("a", "area") and "href" in element.attrib:
            target = judge(element.get("href"), base.url if isinstance(base, CanonicalUrl) else url)
            if isinstance(target, CanonicalUrl):
                text = " ".join("".join(texts(element)).split())[:1000].rstrip()
                links.append((target.url, rel_tokens(element.get("rel") or ""), text))
    return links, any(element.tag == "template" for element in tree.iter())


def outside_templates(root: Any) -> Iterator[Any]:
    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag != "template":
            yield element
            pending.extend(reversed(list(element)))


def texts(element: Any) -> Iterator[str]:
    """Text of an element as a reader parts it: blocks and line breaks stand on lines of their own."""
    if element.text:
        yield element.text
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""  # "" is a comment
        is_parted = name in PARTED
        if is_parted:
            yield " "
        if name and name not in UNREAD:  # the title of a drawing in SVG is none of its text
            yield from texts(child)
        if is_parted:
            yield " "
        if child.tail:
            yield child.tail


@pytest.mark.slow
def test_html5lib_sees_the_same_links_on_a_thousand_real_pages(shared_data: Path) -> None:
    agreed = links = pages = 0
    unlike: Counter[str] = Counter()
    for url, body in islice(real_pages(shared_data), PAGES):
        ours = [
            (seen.target.url, seen.rel, seen.anchor_text)
            for seen in extract(body, url).observations
            if seen.link_type in ("text", "image", "area")
        ]
        theirs, has_template = by_html5lib(body, url)
        common = (Counter(ours) & Counter(theirs)).total()
        agreed += common
        links += max(len(ours), len(theirs))
        pages += 1
        if missed := max(len(ours), len(theirs)) - common:
            unlike[why(ours, theirs, has_template=has_template)] += missed
            print(f"{missed:5} of {len(ours)} and {len(theirs)} links: {url}")
    print(f"{agreed} of {links} links on {pages} pages agree ({agreed / links:.3%}); unlike: {dict(unlike)}")
    assert pages == PAGES
    assert agreed >= 0.995 * links


def why(ours: list[Link], theirs: list[Link], *, has_template: bool) -> str:
    """The class of a page's differences."""
    if Counter(link[:2] for link in ours) == Counter(link[:2] for link in theirs):
        return "anchor text alone"
    if has_template:
        return "a page with templates"
    if {link[:2] for link in ours} == {link[:2] for link in theirs}:
        return "a link that misnested tags split, counted more or less often"
    return "other links"
