"""Every kind of link that a page and its headers hold, in order, as observations."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from crawlers.directives import link_headers, refresh_target, rel_tokens
from crawlers.markup import attributes_of, decoded
from crawlers.outline import NOWHERE, Block, read_around, read_blocks, read_heading_paths
from crawlers.page_facts import MAX_LANGUAGE_CHARACTERS, base_href
from crawlers.placement import Attributes, mark_of, within
from crawlers.placement_model import MIN_LINKS, place_links
from crawlers.scan import HAS_IMAGE, HIDES, MAX_LINKS, MAX_TEXT_CHARACTERS, Scan
from crawlers.structured_data import MAX_URLS, StructuredData
from crawlers.tags import AREA, FORM, FRAME, IFRAME, LAST_LINK, LINK, META, SCRIPT, A
from schemas.identity import CanonicalUrl, Reason, Rejected, judge

MAX_HREF_BYTES: Final = 8192
MAX_REJECTED_HREF_BYTES: Final = 4096
MAX_HREFLANGS: Final = 100

FEED_TYPES: Final = frozenset(
    ["application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"]
)
UNLINKED_RELS: Final = frozenset(
    ["preload", "prefetch", "prerender", "preconnect", "dns-prefetch", "modulepreload", "stylesheet", "icon"]
)
"""What a Link header only has fetched for the page."""


_TYPES: Final = {A: "text", AREA: "area", IFRAME: "iframe", FRAME: "iframe", FORM: "form"}
_NO_BLOCK: Final = Block(0.0, 0, 0, 0, None)


class Observation(NamedTuple):
    """A link whose href resolves to http(s). Those that no reader sees have no text, no place and no block."""

    position: int
    """Place among the page's observations, from 0: headers first, then the document's order."""
    href: str
    """As found: decoded, untrimmed, cut at 8 KiB; for a meta refresh the URL in its content."""
    target: CanonicalUrl
    link_type: str
    rel: tuple[str, ...] = ()
    anchor_text: str = ""
    alt: str | None = None
    """Alt text of an image link or area; None for other links and where the attribute is missing."""
    context_left: str = ""
    context_right: str = ""
    placement: str = "unknown"
    placement_confidence: float = 0.0
    block_link_density: float = 0.0
    """Share of the enclosing block's text (white space not counted) that stands inside links, 0 to 1."""
    block_word_count: int | None = None
    block_link_count: int | None = None
    block_id: int | None = None
    dom_path: str | None = None
    """Of structured data the script, type and property: `script > Person.sameAs`."""
    heading_path: tuple[str, ...] | None = None
    is_hidden: bool = False


class RejectedLink(NamedTuple):
    """A link whose http(s) href is no URL; `position` counts the page's links of any fate from 0."""

    href: str
    reason: Reason
    position: int


Judged = tuple[str, CanonicalUrl | Rejected]
"""An href as found, and what it is."""


class PageLinks:
    """Collects the links of a page."""

    def __init__(self, scan: Scan, url: str) -> None:
        self.observations: list[Observation] = []
        self.rejected: list[RejectedLink] = []
        self.other_scheme_counts: Counter[str] = Counter()
        self.overflow_count = 0
        """Links beyond MAX_LINKS, as far as the scan did not count them."""
        self.data = StructuredData()
        self.hreflangs: dict[str, None] = {}
        self._scan = scan
        self._url = url
        self._base = url
        self._has_sound_base = isinstance(judge(url), CanonicalUrl)
        declared = base_href(scan)
        if declared is not None:
            base = judge(declared, url)
            self._base = base.url if isinstance(base, CanonicalUrl) else url
        self._judged: dict[bytes, Judged] = {}
        self._count = 0  # links of any fate
        self._data_links = 0

    def add_headers(self, headers: Iterable[tuple[str, str]], *, is_redirect: bool) -> None:
        """Add the target of a redirect and what Link headers name; a base in the document is none to them."""
        for target, kind, rel in header_links(headers, self._url, is_redirect=is_redirect):
            self._add_unplaced(target, kind, rel, base=self._url)

    def add_elements(self) -> None:
        """Add the links of the document."""
        scan = self._scan
        source, text = scan.source, scan.text
        around = read_around(scan)
        blocks = read_blocks(scan, around)
        heading_paths = read_heading_paths(scan)
        has_layout = len(scan.hinted_paths) >= MIN_LINKS
        places = iter(place_links(scan, [near.signs for near in around]) if has_layout else ())
        for (
            kind, path, flags, tag_at, tag_to, end, heading, in_block, in_list, href, href_to, rel, rel_to, alt,
            alt_to, first, last, before, after, after_to, place,
        ) in scan.links:  # fmt: skip
            if kind > LAST_LINK:
                self._add_note(kind, source[tag_at:tag_to], source[tag_to:end])
                continue
            placement, confidence = next(places, ("unknown", 0.0)) if path >= 0 else ("unknown", 0.0)
            if kind in (A, AREA):
                judged = self._judge(source[href:href_to])
            else:
                given = _target_of_box(kind, attributes_of(source[tag_at:tag_to]))
                if given is None:
                    continue
                judged = given, judge(given, self._base)
            target = self._accepted(judged)
            if target is None:
                continue
            near = around[path] if path >= 0 else NOWHERE
            if not has_layout:
                placement, confidence = near.surroundings.placement, near.surroundings.confidence
                if in_list >= 0 and placement == "main":
                    placement, confidence = blocks[in_list].place_of_links or (placement, confidence)
            is_hidden = near.is_hidden
            if flags & HIDES:
                mark = mark_of("a", attributes_of(source[tag_at:tag_to]))
                is_hidden = within(near.surroundings, mark).is_hidden
            anchor_text = text[first:last]
            link_type = _TYPES[kind]
            if kind == A and flags & HAS_IMAGE and not anchor_text:
                link_type = "image"
            has_alt = alt >= 0 and (link_type == "image" or kind == AREA)
            density, words, links, block_id, _ = blocks[in_block] if in_block >= 0 else _NO_BLOCK
            self.observations.append(
                Observation(
                    len(self.observations),
                    _cut(judged[0], MAX_HREF_BYTES),
                    target,
                    link_type,
                    _rel(source[rel:rel_to]) if rel >= 0 else (),
                    anchor_text,
                    _alt(source[alt:alt_to]) if has_alt else None,
                    text[before:place],
                    text[after:after_to],
                    placement,
                    confidence,
                    density,
                    words,
                    links,
                    block_id,
                    near.dom_path,
                    heading_paths[heading] if heading >= 0 else (),
                    is_hidden,
                )
            )

    def _add_note(self, kind: int, tag: bytes, content: bytes) -> None:
        """Add what an element of the head, or of its sort, links to."""
        if kind == SCRIPT:
            for path, url in self.data.read(content.decode()):
                if self._data_links < MAX_URLS:
                    self._data_links += 1
                    self._add_unplaced(url, "structured_data", dom_path=f"script > {path}")
            return
        if kind not in (LINK, META):
            return
        attributes = attributes_of(tag)
        if kind == META:
            if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
                target = refresh_target(attributes.get("content") or "")
                if target is not None:
                    self._add_unplaced(target, "meta_refresh")
            return
        rel = rel_tokens(attributes.get("rel") or "")
        link_type = type_of_rel(rel, attributes.get("type") or "")
        if link_type is None:
            return
        language = (attributes.get("hreflang") or "").strip().lower()[:MAX_LANGUAGE_CHARACTERS]
        if link_type == "alternate" and language and len(self.hreflangs) < MAX_HREFLANGS:
            self.hreflangs[language] = None
        self._add_unplaced(attributes.get("href") or "", link_type, rel)

    def _add_unplaced(
        self,
        href: str,
        link_type: str,
        rel: tuple[str, ...] = (),
        *,
        base: str | None = None,
        dom_path: str | None = None,
    ) -> None:
        """Add a link that no reader sees: it has no text and no place."""
        target = self._accepted((href, judge(href, base or self._base)))
        if target is not None:
            position = len(self.observations)
            self.observations.append(
                Observation(position, _cut(href, MAX_HREF_BYTES), target, link_type, rel, dom_path=dom_path)
            )

    def _judge(self, raw: bytes) -> Judged:
        """Resolve an href against the page's base; the same one is resolved once."""
        judged = self._judged.get(raw)
        if judged is None:
            href = decoded(raw)
            is_absolute = self._has_sound_base and len(raw) < 512 and href.startswith(("https://", "http://"))
            judged = href, _judge_absolute(href) if is_absolute else judge(href, self._base)
            self._judged[raw] = judged
        return judged

    def _accepted(self, judged: Judged) -> CanonicalUrl | None:
        """The target where it makes an observation; counts what does not."""
        href, target = judged
        if self._count == MAX_LINKS:
            self.overflow_count += 1
            return None
        self._count += 1
        if isinstance(target, CanonicalUrl):
            return target
        if target.reason == "not_http":
            self.other_scheme_counts[target.scheme] += 1
        else:
            self.rejected.append(RejectedLink(_cut(href, MAX_REJECTED_HREF_BYTES), target.reason, self._count - 1))
        return None


def header_links(
    headers: Iterable[tuple[str, str]], url: str, *, is_redirect: bool
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(href, link type, rel) of the target of a redirect and of what Link headers name, each relative to `url`."""
    headers = list(headers)
    if is_redirect:
        location = next((value for name, value in headers if name.strip().lower() == "location"), "")
        if isinstance(judge(location, url), CanonicalUrl) and location.strip():
            yield location, "redirect", ()  # any other is said in the fetch's error
    for target, rel, media_type in link_headers(headers):
        kind = type_of_rel(rel, media_type) or ("" if UNLINKED_RELS.issuperset(rel) else "http_header")
        if kind:
            yield target, kind, rel


_judge_absolute = lru_cache(maxsize=16_384)(judge)
"""The same links to Facebook stand on millions of pages."""


def _target_of_box(kind: int, attributes: Attributes) -> str | None:
    """The src of a frame or the action of a form; an empty one names nothing, and a dialog goes nowhere."""
    if kind == FORM:
        is_dialog = (attributes.get("method") or "").strip().lower() == "dialog"
        target = None if is_dialog else attributes.get("action")
    else:
        target = attributes.get("src")
    return target if target and target.strip() else None


def type_of_rel(rel: tuple[str, ...], media_type: str) -> str | None:
    """The type of a link element, or header, by its rel; None for what is no link to a page of its own right."""
    if "canonical" in rel:
        return "canonical"
    if "alternate" not in rel:
        return "feed" if "feed" in rel else None
    if "stylesheet" in rel:
        return None
    return "feed" if media_type.partition(";")[0].strip().lower() in FEED_TYPES else "alternate"


@lru_cache(maxsize=4096)
def _rel(raw: bytes) -> tuple[str, ...]:
    return rel_tokens(decoded(raw))


def _alt(raw: bytes) -> str:
    return " ".join(decoded(raw).split())[:MAX_TEXT_CHARACTERS]


def _cut(text: str, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, between characters."""
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode("utf-8", "ignore")
