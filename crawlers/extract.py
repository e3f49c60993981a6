"""A page becomes its facts and its link observations: Lexbor parses, one walk reads, WHATWG rules resolve."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from crawlers.directives import Directives, page_directives
from crawlers.encoding import charset_of, to_utf8
from crawlers.outline import LinkElement, Outline, read_outline
from crawlers.placement import place_of_list
from crawlers.taming import tame
from schemas.identity import CanonicalUrl, Reason, Rejected, judge

MAX_HREF_BYTES: Final = 8192
MAX_REJECTED_HREF_BYTES: Final = 4096
MAX_TEXT_CHARACTERS: Final = 1000
"""Longest title, anchor text and alt text kept."""

MAX_LANGUAGE_CHARACTERS: Final = 64
CONTEXT_CHARACTERS: Final = 80
"""Context kept on each side of a link."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A link element whose href resolves to http(s)."""

    position: int
    """Place among the page's observations, from 0."""
    href: str
    """The attribute as found: decoded, untrimmed, cut at 8 KiB; for a meta refresh the URL in its content."""
    target: CanonicalUrl
    link_type: str
    """text, image, area, canonical or meta_refresh."""
    rel: tuple[str, ...]
    anchor_text: str
    alt: str | None
    """Alt text of an image link or area; None for other links and where the attribute is missing."""
    context_left: str
    context_right: str
    placement: str
    placement_confidence: float
    block_link_density: float
    """Share of the enclosing block's text (white space not counted) that stands inside links, 0 to 1."""
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class RejectedLink:
    """A link element whose http(s) href is no URL; `position` counts the page's link elements from 0."""

    href: str
    reason: Reason
    position: int


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
    word_count: int | None
    """None where the text is not known (WAT)."""
    is_nofollow: bool
    is_noindex: bool
    robots_directives: tuple[str, ...]
    observations: list[Observation]
    rejected: list[RejectedLink]
    other_scheme_counts: dict[str, int]
    """Link elements by scheme that is not http(s), in order of appearance."""
    truncated_link_count: int
    """Link elements beyond the first 10,000, which were not looked at."""


def extract(
    html: bytes | str,
    url: str,
    *,
    encoding: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Page:
    """Read a page that came from `url` with `headers`, (name, value) pairs with repeats.

    `encoding` is the charset that HTTP names, if the caller knows it; else it is taken from Content-Type.
    Nothing on a page raises; time and memory grow with its size, no faster, and the caller bounds that.
    """
    headers = list(headers)
    utf8, encoding_used = to_utf8(html, encoding or _http_charset(headers))
    markup, dropped_links = tame(utf8)
    # Without events the tree is what the source says: no copy of an option in `selectedcontent`.
    root = LexborHTMLParser(markup, options=LexborDocumentOptions.WO_EVENTS).root
    outline = read_outline(root) if root is not None else Outline()
    outline.overflow_count += dropped_links
    links = _judged_links(outline, url)
    directives = page_directives(outline.metas, headers)
    return _page(outline, links, directives, encoding_used)


def _http_charset(headers: Sequence[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if name.strip().lower() == "content-type":
            return charset_of(value)
    return None


def _judged_links(outline: Outline, url: str) -> list[tuple[LinkElement, CanonicalUrl | Rejected]]:
    """Resolve every href against the page's base; the same href is resolved once."""
    base = url
    if outline.base_href is not None:
        declared = judge(outline.base_href, url)
        base = declared.url if isinstance(declared, CanonicalUrl) else url
    judged: dict[str, CanonicalUrl | Rejected] = {}
    for link in outline.links:
        if link.href not in judged:
            judged[link.href] = judge(link.href, base)
    return [(link, judged[link.href]) for link in outline.links]


def _page(
    outline: Outline,
    links: Sequence[tuple[LinkElement, CanonicalUrl | Rejected]],
    directives: Directives,
    encoding: str,
) -> Page:
    observations: list[Observation] = []
    rejected: list[RejectedLink] = []
    other_schemes: Counter[str] = Counter()
    for position, (link, target) in enumerate(links):
        if isinstance(target, CanonicalUrl):
            observations.append(_observation(len(observations), link, target, outline.text))
        elif target.reason == "not_http":
            other_schemes[target.scheme] += 1
        else:
            rejected.append(RejectedLink(_cut(link.href, MAX_REJECTED_HREF_BYTES), target.reason, position))
    canonicals = {seen.target.url for seen in observations if seen.link_type == "canonical"}
    return Page(
        title=outline.title[:MAX_TEXT_CHARACTERS] if outline.title is not None else None,
        language=outline.language[:MAX_LANGUAGE_CHARACTERS] if outline.language else None,
        canonical_url=canonicals.pop() if len(canonicals) == 1 else None,
        encoding=encoding,
        word_count=outline.text.count(" ") + 1 if outline.text else 0,
        is_nofollow=directives.is_nofollow,
        is_noindex=directives.is_noindex,
        robots_directives=directives.tokens,
        observations=observations,
        rejected=rejected,
        other_scheme_counts=dict(other_schemes),
        truncated_link_count=outline.overflow_count,
    )


def _observation(position: int, link: LinkElement, target: CanonicalUrl, text: str) -> Observation:
    if link.tag in ("link", "meta"):
        return _head_observation(position, link, target)
    block = link.block
    anchor_text = _after(text, link.start, link.end, MAX_TEXT_CHARACTERS)
    is_image = link.has_image and not anchor_text
    alt = link.alt if is_image or link.tag == "area" else None
    placement, confidence = _placement(link)
    return Observation(
        position=position,
        href=_cut(link.href, MAX_HREF_BYTES),
        target=target,
        link_type="area" if link.tag == "area" else "image" if is_image else "text",
        rel=link.rel,
        anchor_text=anchor_text,
        alt=alt[:MAX_TEXT_CHARACTERS] if alt is not None else None,
        context_left=_before(text, block.start, link.start, CONTEXT_CHARACTERS),
        context_right=_after(text, link.end, block.end, CONTEXT_CHARACTERS),
        placement=placement,
        placement_confidence=confidence,
        block_link_density=block.link_density,
        is_hidden=link.surroundings.is_hidden,
    )


def _head_observation(position: int, link: LinkElement, target: CanonicalUrl) -> Observation:
    """A link that no reader sees: it has no text and no place."""
    return Observation(
        position=position,
        href=_cut(link.href, MAX_HREF_BYTES),
        target=target,
        link_type="canonical" if link.tag == "link" else "meta_refresh",
        rel=link.rel,
        anchor_text="",
        alt=None,
        context_left="",
        context_right="",
        placement="unknown",
        placement_confidence=0.0,
        block_link_density=0.0,
        is_hidden=False,
    )


def _placement(link: LinkElement) -> tuple[str, float]:
    around, enclosing = link.surroundings, link.list_around
    if around.placement == "main" and enclosing is not None:
        listed = place_of_list(enclosing.surroundings, links=enclosing.links, density=enclosing.link_density)
        if listed is not None:
            return listed
    return around.placement, around.confidence


def _after(text: str, start: int, end: int, limit: int) -> str:
    """The first `limit` characters of text[start:end], which may begin with one space."""
    return text[start : min(end, start + limit + 1)].strip()[:limit].rstrip()


def _before(text: str, start: int, end: int, limit: int) -> str:
    """The last `limit` characters of text[start:end], which may end with one space."""
    return text[max(start, end - limit - 1) : end].strip()[-limit:].lstrip()


def _cut(text: str, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, between characters."""
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode("utf-8", "ignore")
