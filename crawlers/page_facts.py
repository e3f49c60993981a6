"""What a page says of itself: title, language, author, dates, generator, headings, parking."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crawlers.dates import read_date
from crawlers.languages import SAMPLE_CHARACTERS, declared_language, language_of
from crawlers.markup import decoded
from crawlers.placement import Attributes
from crawlers.scan import MAX_TEXT_CHARACTERS, Scan
from crawlers.structured_data import StructuredData
from crawlers.tags import BASE, HTML, ITEM, META, TIME, TITLE

MAX_LANGUAGE_CHARACTERS: Final = 64
MAX_NAME_CHARACTERS: Final = 200
"""Longest author and generator kept."""

_PUBLISHED: Final = (
    "article:published_time", "datepublished", "og:article:published_time", "og:published_time", "publishdate",
    "pubdate", "publish_date", "publish-date", "parsely-pub-date", "sailthru.date", "dcterms.created",
    "dcterms.issued", "dc.date.issued", "dc.date.created", "dcterms.date", "dc.date", "citation_publication_date",
    "date",
)  # fmt: skip
"""Names of metas that date a page's publication, the surest first."""

_MODIFIED: Final = (
    "article:modified_time", "datemodified", "og:updated_time", "og:modified_time", "dcterms.modified",
    "dc.date.modified", "lastmod", "last-modified", "revised",
)  # fmt: skip
_AUTHOR: Final = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author",
                  "citation_author", "byl")  # fmt: skip

PARKED_WORDS: Final = 300
"""A page with more words is no parked page, whatever it says."""

_PARKED_TEXT = re.compile(
    r"\b(?:th(?:is|e) (?:domain|web ?site|site|name)(?: name)?(?: \S{3,60})? (?:is|may be|has been) (?:for sale|parked)"
    r"|(?:buy|purchase|inquire about|interested in) this domain|domain (?:is )?parked"
    r"|parked (?:free|domain|courtesy)|courtesy of (?:godaddy|namecheap)|related searches:? .{0,80}domain for sale"
    r"|diese domain (?:ist|steht|kaufen)|ce domaine est à vendre|este dominio está (?:en venta|a la venta)"
    r"|домен (?:продается|продаётся|припаркован)|该域名(?:正在)?出售|このドメインは)",
    re.IGNORECASE,
)
_PARKED_MARKUP: Final = (
    b"sedoparking.com", b"parkingcrew.net", b"bodis.com", b"parklogic.com", b"uniregistry.com", b"afternic.com",
    b"hugedomains.com", b"voodoo.com", b"skenzo.com", b"google.com/adsense/domains/", b"window.park",
    b"parking-lander",
)  # fmt: skip
"""Services and scripts that parked pages name."""


@dataclass(slots=True)
class PageFacts:
    """What the elements that link nowhere say of their page."""

    title: str | None = None
    language: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    modified_at: datetime | None = None
    generator: str | None = None
    h1: str | None = None
    heading_count: int = 0
    is_parked: bool = False


def read_metas(scan: Scan) -> list[Attributes]:
    """Attributes of every meta, in document order."""
    return [note.attributes for note in scan.notes if note.kind == META]


def base_href(scan: Scan) -> str | None:
    """The href of the first base that has one."""
    return next((decoded(scan.source[slice(*note.href)]) for note in scan.notes if note.kind == BASE), None)


def named(metas: Iterable[Attributes]) -> list[tuple[str, str]]:
    """(name, content) of every meta with a name."""
    return [(meta["name"] or "", meta.get("content") or "") for meta in metas if meta.get("name")]


def read_facts(scan: Scan, metas: Iterable[Attributes], data: StructuredData) -> PageFacts:
    """What a page says of itself; of two voices the surer counts, of two equal ones the first."""
    facts = PageFacts()
    said: dict[str, str] = {}
    for meta in metas:
        for name in ("name", "property", "itemprop", "http-equiv"):
            if meta.get(name) and meta.get("content"):
                said.setdefault((meta[name] or "").strip().lower(), meta["content"] or "")
    html, published, modified = _read_elements(scan, facts, data)
    declared, sample = declared_language(html, said), min(SAMPLE_CHARACTERS, scan.characters.size)
    facts.language = declared[:MAX_LANGUAGE_CHARACTERS] if declared else language_of(scan.text_of(0, sample))
    facts.generator = _name(said.get("generator"))
    facts.author = _author(said, data)
    metas_published, metas_modified = ([said.get(name) for name in names] for names in (_PUBLISHED, _MODIFIED))
    facts.published_at = _first_date([*metas_published, *data.published, *published])
    facts.modified_at = _first_date([*metas_modified, *data.modified, *modified])
    _read_headings(scan, facts)
    facts.is_parked = _is_parked(scan, facts.title)
    return facts


def _read_elements(scan: Scan, facts: PageFacts, data: StructuredData) -> tuple[Attributes, list[str], list[str]]:
    """The title goes into the facts; gives the html element's attributes and the dates that time elements say."""
    html: Attributes = {}
    published: list[str] = []
    modified: list[str] = []
    for note in scan.notes:
        kind = note.kind
        if kind == TITLE and facts.title is None:
            facts.title = " ".join(decoded(note.content).split())[:MAX_TEXT_CHARACTERS]
        elif kind in (HTML, ITEM, TIME):
            attributes = note.attributes
            if kind == HTML:
                html = attributes
            if kind == TIME:
                _read_time(attributes, scan.text_of(*note.text), published, modified)
            for itemtype in (attributes.get("itemtype") or "").split():
                data.add_type(itemtype)
    return html, published, modified


def _read_time(attributes: Attributes, text: str, published: list[str], modified: list[str]) -> None:
    words = f"{attributes.get('itemprop') or ''} {attributes.get('class') or ''}".lower()
    when = attributes.get("datetime") or text
    if "datemodified" in words or "updated" in words.split():
        modified.append(when)
    if "pubdate" in attributes or "published" in words:
        published.append(when)


def _author(said: dict[str, str], data: StructuredData) -> str | None:
    if data.authors:
        return ", ".join(data.authors)[:MAX_NAME_CHARACTERS]
    names = (_name(said.get(name)) for name in _AUTHOR)
    return next((name for name in names if name and not name.startswith(("http://", "https://"))), None)


def _name(text: str | None) -> str | None:
    return " ".join((text or "").split())[:MAX_NAME_CHARACTERS] or None


def _first_date(texts: Iterable[str | None]) -> datetime | None:
    return next((date for text in texts if (date := read_date(text))), None)


def _read_headings(scan: Scan, facts: PageFacts) -> None:
    for level, _, first, last in scan.headings:
        if last > first:
            facts.heading_count += 1
            if level == 1 and facts.h1 is None:
                facts.h1 = scan.text_of(first, last).strip()[:MAX_TEXT_CHARACTERS]


def _is_parked(scan: Scan, title: str | None) -> bool:
    """Few words, and words or code that parking services write."""
    if scan.word_count > PARKED_WORDS:
        return False
    return _PARKED_TEXT.search(f"{title or ''} {scan.text}") is not None or any(
        mark in scan.source for mark in _PARKED_MARKUP
    )
