"""Every kind of link that a page and its headers hold, in order, as observations."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from crawlers.cells import Settled, settle
from crawlers.directives import link_headers, refresh_target, rel_tokens
from crawlers.link_columns import Unplaced, observe
from crawlers.markup import attributes_of
from crawlers.observations import Observations
from crawlers.page_facts import MAX_LANGUAGE_CHARACTERS, base_href
from crawlers.page_targets import PageTargets, cut
from crawlers.placement import Attributes
from crawlers.scan import L_KIND, L_TAG_AT, L_TAG_TO, Note, Scan
from crawlers.structured_data import MAX_URLS, StructuredData
from crawlers.tags import AREA, FORM, LAST_LINK, LINK, META, SCRIPT
from schemas.identity import CanonicalUrl, Reason, Rejected, judge

MAX_REJECTED_HREF_BYTES: Final = 4096
MAX_HREFLANGS: Final = 100

FEED_TYPES: Final = frozenset(
    ["application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"]
)
UNLINKED_RELS: Final = frozenset(
    ["preload", "prefetch", "prerender", "preconnect", "dns-prefetch", "modulepreload", "stylesheet", "icon"]
)
"""What a Link header only has fetched for the page."""


class RejectedLink(NamedTuple):
    """A link whose http(s) href is no URL; `position` counts the page's links of any fate from 0."""

    href: str
    reason: Reason
    position: int


class _Draft(NamedTuple):
    """A link that no reader sees."""

    row: int
    """The element that it comes from, -1 for those of headers."""
    href: str | None
    """None for that of the element."""
    link_type: str
    rel: tuple[str, ...] = ()
    base: str | None = None
    dom_path: str | None = None


class PageLinks:
    """Collects the links of a page."""

    def __init__(self, scan: Scan, url: str) -> None:
        self.observations = Observations()
        self.rejected: list[RejectedLink] = []
        self.other_scheme_counts: Counter[str] = Counter()
        self.overflow_count = 0
        """Links beyond MAX_LINKS, as far as the scan did not count them."""
        self.data = StructuredData()
        self.hreflangs: dict[str, None] = {}
        self.canonical_urls: set[str] = set()
        """What its canonical links lead to."""
        self._scan = scan
        self._url = url
        self._base = url
        declared = base_href(scan)
        if declared is not None:
            base = judge(declared, url)
            self._base = base.url if isinstance(base, CanonicalUrl) else url
        self._drafts: list[_Draft] = []
        self._data_links = 0

    def add_headers(self, headers: Iterable[tuple[str, str]], *, is_redirect: bool) -> None:
        """Add the target of a redirect and what Link headers name; a base in the document is none to them."""
        for target, kind, rel in header_links(headers, self._url, is_redirect=is_redirect):
            self._drafts.append(_Draft(-1, target, kind, rel, base=self._url))

    def add_elements(self) -> None:
        """Add the links of the document, and settle what is observed of all."""
        for note in self._scan.notes:
            self._add_note(note)
        targets = PageTargets(self._scan, self._base, [link.row for link in self._drafts if link.href is None])
        unplaced = [
            Unplaced(
                link.row,
                int(targets.of_rows[link.row]) if link.href is None else targets.add(link.href, link.base),
                link.link_type,
                link.rel,
                link.dom_path,
            )
            for link in self._drafts
        ]
        self._add_boxes(targets)
        given = np.array([(link.row, link.target) for link in unplaced], np.int32).reshape(-1, 2)
        settled = Settled(*settle(targets.of_rows, self._scan.links, given, targets.is_refused))
        self.overflow_count = settled.overflow_count
        for position, number in settled.refused.tolist():
            self._count_refused(*targets.refused[number], position)
        self.canonical_urls = {
            targets.url(unplaced[number].target)
            for number in settled.unplaced[settled.unplaced >= 0].tolist()
            if unplaced[number].link_type == "canonical"
        }
        self.observations = observe(self._scan, unplaced, targets, settled)

    def _add_boxes(self, targets: PageTargets) -> None:
        """Add what frames and forms lead to."""
        source, links = self._scan.source, self._scan.links
        kinds = links[:, L_KIND]
        for row in np.flatnonzero((kinds > AREA) & (kinds <= LAST_LINK)).tolist():
            link = links[row].tolist()
            given = _target_of_box(link[L_KIND], attributes_of(source[link[L_TAG_AT] : link[L_TAG_TO]]))
            if given is not None:
                targets.of_rows[row] = targets.add(given)

    def _count_refused(self, href: str, refused: Rejected, position: int) -> None:
        if refused.reason == "not_http":
            self.other_scheme_counts[refused.scheme] += 1
        else:
            self.rejected.append(RejectedLink(cut(href, MAX_REJECTED_HREF_BYTES), refused.reason, position))

    def _add_note(self, note: Note) -> None:
        """Add what an element of the head, or of its sort, links to."""
        if note.kind == SCRIPT:
            for path, url in self.data.read(note.content.decode()):
                if self._data_links < MAX_URLS:
                    self._data_links += 1
                    self._drafts.append(_Draft(note.row, url, "structured_data", dom_path=f"script > {path}"))
            return
        if note.kind not in (LINK, META):
            return
        attributes = note.attributes
        if note.kind == META:
            if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
                target = refresh_target(attributes.get("content") or "")
                if target is not None:
                    self._drafts.append(_Draft(note.row, target, "meta_refresh"))
            return
        rel = rel_tokens(attributes.get("rel") or "")
        link_type = type_of_rel(rel, attributes.get("type") or "")
        if link_type is None:
            return
        language = (attributes.get("hreflang") or "").strip().lower()[:MAX_LANGUAGE_CHARACTERS]
        if link_type == "alternate" and language and len(self.hreflangs) < MAX_HREFLANGS:
            self.hreflangs[language] = None
        self._drafts.append(_Draft(note.row, None, link_type, rel))


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
