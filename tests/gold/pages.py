"""Real pages as the gold sample sees them: a light tree with counts, and its links under keys that last.

A link's lasting key is (url, href, nth): `nth` counts, from 0, the a and area elements of the page in document
order that have exactly this href attribute. `position` is the link's `link_observations.position`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from fastwarc.warc import ArchiveIterator, WarcRecordType
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from crawlers.encoding import to_utf8
from crawlers.extract import extract
from crawlers.taming import tame
from schemas.identity import CanonicalUrl, judge

UNREAD: Final = frozenset(
    ("head", "script", "style", "template", "noscript", "svg", "select", "option", "iframe", "object")
)
"""Elements whose content a reader does not see as text of the page."""

MAX_PAGE_BYTES: Final = 600_000


@dataclass(eq=False, slots=True)
class Element:
    """An element with what its subtree holds; counts leave out what is unread."""

    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None"
    children: "list[Element | str]" = field(default_factory=list)
    text_length: int = 0
    link_text_length: int = 0
    link_count: int = 0
    text_before: int = 0
    """Characters of readable text before the element's start."""

    def attribute(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def above(self) -> "Iterator[Element]":
        """The elements around this one, innermost first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def text(self) -> str:
        """Readable text of the subtree, white space collapsed."""
        return " ".join("".join(self._pieces()).split())

    def _pieces(self) -> Iterator[str]:
        waiting: list[Element | str] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                yield node
            elif node.tag not in UNREAD:
                yield " " if node.tag in ("br", "td", "li", "p", "div") else ""
                waiting.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class GoldLink:
    """An a or area element whose href is a web address."""

    href: str
    nth: int
    position: int
    element: Element


@dataclass(frozen=True, slots=True)
class Tree:
    """What a page is made of: all elements in document order (the first is the root) and its links."""

    elements: list[Element]
    links: list[GoldLink]

    @property
    def title(self) -> str:
        found = next((element for element in self.elements if element.tag == "title"), None)
        return " ".join("".join(c for c in found.children if isinstance(c, str)).split()) if found else ""


@dataclass(frozen=True, slots=True)
class RealPage:
    """A page of an archive: its URL and host in canonical form, and the half its domain falls into."""

    url: str
    host: str
    half: str
    body: bytes

    def read(self) -> Tree:
        """Parse the page as linklake does."""
        utf8, _ = to_utf8(self.body)
        root = LexborHTMLParser(tame(utf8)[0], options=LexborDocumentOptions.WO_EVENTS).root
        elements = _light_tree(root) if root is not None else []
        _count(elements)
        return Tree(elements, self._links(elements))

    def _links(self, elements: list[Element]) -> list[GoldLink]:
        """The page's links that linklake observes; empty if the two readings differ in how often an href occurs.

        Of each observation only type, href and position are read, never where the classifier places it.
        """
        anchors: dict[str, list[Element]] = defaultdict(list)
        for element in elements:
            if element.tag in ("a", "area") and element.attributes.get("href") is not None:
                anchors[element.attribute("href")].append(element)
        seen: Counter[str] = Counter()
        links = []
        for observed in extract(self.body, self.url).observations:
            if observed.link_type in ("text", "image", "area"):
                nth = seen[observed.href]
                seen[observed.href] += 1
                if nth < len(anchors[observed.href]):
                    links.append(GoldLink(observed.href, nth, observed.position, anchors[observed.href][nth]))
        return links if all(len(anchors[href]) == count for href, count in seen.items()) else []


def half_of(domain: str) -> str:
    """`tuning` or `test`: parity of the last byte of the 8-byte BLAKE2b of the registrable domain; even is tuning."""
    return "test" if blake2b(domain.encode(), digest_size=8).digest()[-1] % 2 else "tuning"


def read_pages(archives: list[Path]) -> Iterator[RealPage]:
    """Every page of the archives once, in order, that is no larger than `MAX_PAGE_BYTES`."""
    seen: set[str] = set()
    for archive in archives:
        with archive.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                target = judge(record.headers.get("WARC-Target-URI") or "")
                body = record.reader.read()
                if isinstance(target, CanonicalUrl) and target.url not in seen and len(body) <= MAX_PAGE_BYTES:
                    seen.add(target.url)
                    yield RealPage(target.url, target.host, half_of(target.domain), body)


def _light_tree(root: LexborNode) -> list[Element]:
    elements: list[Element] = []
    waiting: list[tuple[LexborNode, Element | None]] = [(root, None)]
    while waiting:
        node, parent = waiting.pop()
        if node.is_text_node:
            if parent is not None:
                parent.children.append(node.text_content or "")
        elif node.is_element_node:
            element = Element(node.tag or "", dict(node.attributes), parent)
            elements.append(element)
            if parent is not None:
                parent.children.append(element)
            waiting.extend((child, element) for child in reversed(list(node.iter(include_text=True))))
    return elements


def _count(elements: list[Element]) -> None:
    """Fill in the counts: `text_before` forwards, the sums backwards, since children come after their parent."""
    unread: set[int] = set()
    total = 0
    for element in elements:
        element.text_before = total
        hidden = element.tag in UNREAD or (element.parent is not None and id(element.parent) in unread)
        if hidden:
            unread.add(id(element))
            continue
        element.text_length = sum(len(" ".join(c.split())) for c in element.children if isinstance(c, str))
        total += element.text_length
    for element in reversed(elements):
        if id(element) in unread or element.parent is None:
            continue
        is_link = element.tag in ("a", "area") and "href" in element.attributes
        element.link_count += is_link
        element.link_text_length = element.text_length if is_link else element.link_text_length
        element.parent.text_length += element.text_length
        element.parent.link_text_length += element.link_text_length
        element.parent.link_count += element.link_count
