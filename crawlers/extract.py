"""A page becomes its facts and its link observations: Lexbor parses, one pass reads, WHATWG rules resolve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from crawlers.directives import page_directives
from crawlers.encoding import charset_of, to_utf8
from crawlers.links import PageLinks, RejectedLink
from crawlers.observations import Observations
from crawlers.page_facts import named, read_facts, read_metas
from crawlers.scan import scan
from crawlers.taming import tame

REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
"""Statuses whose Location is where the page went."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of itself, and its links in document order."""

    title: str | None
    language: str | None
    """The html element's lang, lower case."""
    canonical_url: str | None
    """The one target that the page's canonical links agree on."""
    encoding: str | None
    """WHATWG name of the encoding that the bytes were read as; None where there were none (WAT)."""
    author: str | None
    published_at: datetime | None
    modified_at: datetime | None
    generator: str | None
    h1: str | None
    heading_count: int | None
    """None, like the other facts of its text and markup, where these are not known (WAT)."""
    is_parked: bool | None
    word_count: int | None
    simhash: int | None
    """64 bits as a signed number; None for a page without words."""
    structured_data_types: tuple[str, ...] | None
    hreflangs: tuple[str, ...] | None
    is_nofollow: bool
    is_noindex: bool
    robots_directives: tuple[str, ...]
    observations: Observations
    rejected: list[RejectedLink]
    other_scheme_counts: dict[str, int]
    """Links by scheme that is not http(s), in order of appearance."""
    truncated_link_count: int
    """Links beyond the first 10,000, which were not looked at."""


def extract(
    html: bytes | str,
    url: str,
    *,
    encoding: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    status: int = 200,
) -> Page:
    """Read a page that came from `url` with `headers`, (name, value) pairs with repeats, and a status.

    `encoding` is the charset that HTTP names, if the caller knows it; else it is taken from Content-Type.
    Nothing on a page raises; time and memory grow with its size, no faster, and the caller bounds that.
    """
    headers = list(headers)
    utf8, encoding_used = to_utf8(html, encoding or _http_charset(headers))
    markup, dropped_links = tame(utf8)
    # Without events the tree is what the source says: no copy of an option in `selectedcontent`.
    root = LexborHTMLParser(markup, options=LexborDocumentOptions.WO_EVENTS).root
    found = scan((root.html if root is not None else None) or "")
    metas = read_metas(found)
    directives = page_directives(named(metas), headers)
    links = PageLinks(found, url)
    links.add_headers(headers, is_redirect=status in REDIRECTS)
    links.add_elements()
    facts = read_facts(found, metas, links.data)
    return Page(
        title=facts.title,
        language=facts.language,
        canonical_url=links.canonical_urls.pop() if len(links.canonical_urls) == 1 else None,
        encoding=encoding_used,
        author=facts.author,
        published_at=facts.published_at,
        modified_at=facts.modified_at,
        generator=facts.generator,
        h1=facts.h1,
        heading_count=facts.heading_count,
        is_parked=facts.is_parked,
        word_count=found.word_count,
        simhash=found.simhash,
        structured_data_types=tuple(links.data.types),
        hreflangs=tuple(links.hreflangs),
        is_nofollow=directives.is_nofollow,
        is_noindex=directives.is_noindex,
        robots_directives=directives.tokens,
        observations=links.observations,
        rejected=links.rejected,
        other_scheme_counts=dict(links.other_scheme_counts),
        truncated_link_count=found.overflow_count + links.overflow_count + dropped_links,
    )


def prepare() -> None:
    """Compile what reads pages, or load it compiled: up to half a minute once, which no answer should wait for."""
    link = '<li class="menu"><a href="/a" rel="nofollow">one link</a></li>'
    extract(f"<title>a</title><p>{'some words of prose ' * 40}</p><ul>{link * 40}</ul>", "http://prepare.invalid/")


def _http_charset(headers: Sequence[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if name.strip().lower() == "content-type":
            return charset_of(value)
    return None
