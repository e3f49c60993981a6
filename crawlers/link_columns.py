"""The links of a page become columns: whole columns are made from the scan's tables, no object stands for a link."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crawlers.cells import text_cells
from crawlers.directives import rel_tokens
from crawlers.markup import attributes_of, decoded
from crawlers.observations import SCHEMA, Observations
from crawlers.outline import INVISIBLE, REMOVED, TINY, Paths, link_densities, places_of_lists, read_heading_paths
from crawlers.placement import mark_of
from crawlers.placement_model import MIN_LINKS, PLACES, place_links
from crawlers.scan import (
    B_LINKS,
    B_PATH,
    B_WORDS,
    HAS_IMAGE,
    HIDES,
    L_AFTER,
    L_AFTER_TO,
    L_ALT,
    L_ALT_TO,
    L_BEFORE,
    L_BLOCK,
    L_FLAGS,
    L_HEADING,
    L_KIND,
    L_LIST,
    L_PATH,
    L_PLACE,
    L_REL,
    L_REL_TO,
    L_TAG_AT,
    L_TAG_TO,
    L_TEXT,
    L_TEXT_TO,
    MAX_TEXT_CHARACTERS,
    Ints,
    Longs,
    Scan,
)  # fmt: skip
from crawlers.tags import AREA, FORM, FRAME, IFRAME, LAST_LINK, A
from schemas.identity import Host, Rejected, Resolver
from schemas.vocabulary import LINK_TYPE, PLACEMENT

MAX_HREF_BYTES: Final = 8192

_TYPES: Final = tuple(LINK_TYPE)
_TYPE_OF_KIND: Final = np.zeros(LAST_LINK + 1, np.int64)
for _kind, _name in ((A, "text"), (AREA, "area"), (IFRAME, "iframe"), (FRAME, "iframe"), (FORM, "form")):
    _TYPE_OF_KIND[_kind] = _TYPES.index(_name)
_PLACES: Final = (*PLACES, *(place for place in PLACEMENT if place not in PLACES))
_UNKNOWN: Final = _PLACES.index("unknown")
_TYPE_CELLS, _PLACE_CELLS = pa.array(_TYPES), pa.array(_PLACES)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Unplaced(NamedTuple):
    """A link that no reader sees: it has no text and no place."""

    row: int
    """The element that it comes from, -1 for those of headers."""
    target: int
    """Number of its judgement."""
    link_type: str
    rel: tuple[str, ...] = ()
    dom_path: str | None = None


class Chosen(NamedTuple):
    """The links that are observed, in order, in arrays of equal length."""

    unplaced: Longs
    """Their numbers among the unplaced; the number of these for a link with a place."""
    rows: Longs
    """Their rows in the scan; -1 for those without a place."""
    targets: Longs
    """Numbers of their judgements."""


class Judgements:
    """The hrefs of a page and what they lead to."""

    def __init__(self, base: str) -> None:
        self.hrefs: list[str] = []
        self.urls: list[str] = []
        """Canonical, or empty for what is refused."""
        self.hosts: dict[Host, int] = {}
        self.refused: dict[int, tuple[str, Rejected]] = {}
        self._host_numbers: list[int] = []
        self._base = base
        self._resolvers = {base: Resolver(base)}

    def add(self, href: str, base: str | None = None) -> int:
        """Judge an href; gives the number of the judgement."""
        base = base or self._base
        if base not in self._resolvers:
            self._resolvers[base] = Resolver(base)
        found = self._resolvers[base].resolve(href)
        number = len(self.urls)
        self.hrefs.append(href)
        if isinstance(found, Rejected):
            self.refused[number] = href, found
            self.urls.append("")
            self._host_numbers.append(-1)
        else:
            url, host = found
            self.urls.append(url)
            self._host_numbers.append(self.hosts.setdefault(host, len(self.hosts)))
        return number

    def is_sound(self, numbers: Longs) -> Flags:
        """Which of these judgements are a URL."""
        sound = np.ones(len(self.urls), np.bool_)
        sound[list(self.refused)] = False
        return sound[numbers]

    def columns(self, numbers: Longs) -> dict[str, pa.Array]:
        """The columns of hrefs and targets, by numbers of judgements."""
        cells, hosts = pa.array(numbers), pa.array(np.array(self._host_numbers, np.int64)[numbers])
        return {
            "href": pa.array([cut(href, MAX_HREF_BYTES) for href in self.hrefs], pa.string()).take(cells),
            "target_url": pa.array(self.urls, pa.string()).take(cells),
            "target_host": pa.array([host.name for host in self.hosts], pa.string()).take(hosts),
            "target_domain": pa.array([host.domain for host in self.hosts], pa.string()).take(hosts),
            "target_icann_domain": pa.array([host.icann_domain for host in self.hosts], pa.string()).take(hosts),
        }


def observe(scan: Scan, unplaced: Sequence[Unplaced], judged: Judgements, chosen: Chosen) -> Observations:
    """The columns of the links that were chosen."""
    table = _Columns(scan, unplaced, chosen)
    columns = judged.columns(chosen.targets) | table.of_element() | table.of_text() | table.of_place() | table.of_block()
    columns["position"] = pa.array(np.arange(chosen.targets.size, dtype=np.int32))
    return Observations(pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA))


class _Columns:
    """Makes the columns, some at a time; `_links` has a line of numbers for each column of the scan's table."""

    def __init__(self, scan: Scan, unplaced: Sequence[Unplaced], chosen: Chosen) -> None:
        self._scan, self._unplaced, self._chosen = scan, unplaced, chosen
        self._has_no_place = chosen.rows < 0
        rows = scan.links if scan.links.size else np.full((1, L_PLACE + 1), -1, np.int32)
        self._links = np.ascontiguousarray(rows.T[:, chosen.rows])
        if self._has_no_place.any():
            self._links[:, self._has_no_place] = -1
            self._links[L_FLAGS, self._has_no_place] = 0
        self._paths = Paths(scan)
        self._is_image = (
            (self._links[L_KIND] == A)
            & (self._links[L_FLAGS] & HAS_IMAGE != 0)
            & (self._links[L_TEXT] == self._links[L_TEXT_TO])
        )

    def of_element(self) -> dict[str, pa.Array]:
        """Type, rel and alt."""
        links = self._links
        types = _TYPE_OF_KIND[links[L_KIND]]
        types[self._is_image] = _TYPES.index("image")
        for at, link in self._each_unplaced():
            types[at] = _TYPES.index(link.link_type)
        return {"link_type": _TYPE_CELLS.take(pa.array(types)), "rel": self._rels(), "alt": self._alts()}

    def of_text(self) -> dict[str, pa.Array]:
        """Anchor text, context and headings."""
        scan, links = self._scan, self._links
        headings = pa.array([*read_heading_paths(scan), ()], SCHEMA.field("heading_path").type)
        heading = np.where(links[L_HEADING] >= 0, links[L_HEADING], len(scan.headings))
        return {
            "anchor_text": text_cells(scan, links[L_TEXT], links[L_TEXT_TO]),
            "context_left": text_cells(scan, links[L_BEFORE], links[L_PLACE]),
            "context_right": text_cells(scan, links[L_AFTER], links[L_AFTER_TO]),
            "heading_path": headings.take(self._cells(heading)),
        }

    def of_place(self) -> dict[str, pa.Array]:
        """Placement, path, and whether it is hidden."""
        paths = self._links[L_PATH]
        places, confidences = self._places()
        return {
            "placement": _PLACE_CELLS.take(pa.array(places)),
            "placement_confidence": pa.array(confidences),
            "dom_path": self._dom_paths(),
            "is_hidden": pa.array(self._hidden(paths)),
        }

    def of_block(self) -> dict[str, pa.Array]:
        """What is known of the block."""
        scan, block = self._scan, self._links[L_BLOCK]
        table = np.vstack([scan.blocks, np.zeros((1, scan.blocks.shape[1]), np.int32)])  # for a link in no block
        ids = np.append(scan.templates[scan.blocks[:, B_PATH]], 0)
        return {
            "block_link_density": pa.array(np.append(link_densities(scan), 0.0)[block]),
            "block_word_count": self._cells(table[block, B_WORDS]),
            "block_link_count": self._cells(table[block, B_LINKS]),
            "block_id": self._cells(ids[block]),
        }

    def _cells(self, values: NDArray[Any]) -> pa.Array:
        """Numbers that links without a place have none of."""
        return pa.array(values, mask=self._has_no_place if self._unplaced else None)

    def _each_unplaced(self) -> list[tuple[int, Unplaced]]:
        """Links without a place, by their place in the columns."""
        places = np.flatnonzero(self._has_no_place)
        numbers = self._chosen.unplaced[places].tolist()
        return [(at, self._unplaced[number]) for at, number in zip(places.tolist(), numbers, strict=True)]

    def _rels(self) -> pa.Array:
        source, links = self._scan.source, self._links
        numbers: dict[tuple[str, ...], int] = {(): 0}
        rels = np.zeros(links.shape[1], np.int64)
        places = np.flatnonzero(links[L_REL] >= 0)
        for at, first, last in zip(places.tolist(), *links[L_REL : L_REL_TO + 1, places].tolist(), strict=True):
            rels[at] = numbers.setdefault(_rel(source[first:last]), len(numbers))
        for at, link in self._each_unplaced():
            rels[at] = numbers.setdefault(link.rel, len(numbers))
        return pa.array(list(numbers), SCHEMA.field("rel").type).take(pa.array(rels))

    def _alts(self) -> pa.Array:
        source, links = self._scan.source, self._links
        has_alt = (links[L_ALT] >= 0) & (self._is_image | (links[L_KIND] == AREA))
        places = np.flatnonzero(has_alt)
        alts = [_alt(source[at:to]) for at, to in links[L_ALT : L_ALT_TO + 1, places].T.tolist()]
        return pa.array(alts, pa.string()).take(pa.array(np.cumsum(has_alt) - 1, mask=~has_alt))

    def _places(self) -> tuple[Longs, Floats]:
        scan, paths = self._scan, self._links[L_PATH]
        places, confidences = np.full(paths.size, _UNKNOWN), np.zeros(paths.size)
        if len(scan.hinted_paths) < MIN_LINKS:
            self._place_by_elements(places, confidences)
            return places, confidences
        best, sure = place_links(scan, self._paths.signs)
        is_hinted = (scan.links[:, L_KIND] <= LAST_LINK) & (scan.links[:, L_PATH] >= 0)
        has_place = paths >= 0
        hints = (np.cumsum(is_hinted) - 1)[self._chosen.rows[has_place]]
        places[has_place], confidences[has_place] = best[hints], sure[hints]
        return places, confidences

    def _place_by_elements(self, places: Longs, confidences: Floats) -> None:
        """Of a page with few links, which has no layout, the elements around a link decide alone."""
        surroundings = self._paths.surroundings()
        lists = places_of_lists(self._scan, surroundings)
        for at, (path, in_list) in enumerate(self._links[[L_PATH, L_LIST]].T.tolist()):
            if path < 0:
                continue
            place, confidence = surroundings[path].placement, surroundings[path].confidence
            if in_list >= 0 and place == "main":
                place, confidence = lists[in_list] or (place, confidence)
            places[at], confidences[at] = _PLACES.index(place), confidence

    def _hidden(self, paths: Ints) -> Flags:
        """Whether a link, or an element around it, hides it."""
        links, source = self._links, self._scan.source
        hidden = np.append(self._paths.hidden, np.uint8(0))[paths]
        for at in np.flatnonzero(links[L_FLAGS] & HIDES).tolist():
            first, last = links[[L_TAG_AT, L_TAG_TO], at].tolist()
            mark, around = mark_of("a", attributes_of(source[first:last])), int(hidden[at])
            if mark is not None:
                around |= REMOVED if mark.removes else 0
                for bit, says in ((INVISIBLE, mark.is_invisible), (TINY, mark.is_tiny)):
                    if says is not None:
                        around = around & ~bit | (bit if says else 0)
            hidden[at] = around
        return hidden != 0

    def _dom_paths(self) -> pa.Array:
        paths = self._links[L_PATH]
        is_used = np.zeros(self._paths.outer.size + 1, np.bool_)
        is_used[paths] = True
        is_used[-1] = False
        names = self._paths.names(np.flatnonzero(is_used).astype(np.int32))
        numbers = (np.cumsum(is_used) - 1)[paths]
        numbers[paths < 0] = len(names)
        others = [""]
        is_missing = np.zeros(paths.size, np.bool_)
        for at, link in self._each_unplaced():
            is_missing[at] = link.dom_path is None
            numbers[at] = len(names) + len(others)
            others.append(link.dom_path or "")
        return pa.concat_arrays([names, pa.array(others)]).take(pa.array(numbers, mask=is_missing))


@lru_cache(maxsize=4096)
def _rel(raw: bytes) -> tuple[str, ...]:
    return rel_tokens(decoded(raw))


def _alt(raw: bytes) -> str:
    return " ".join(decoded(raw).split())[:MAX_TEXT_CHARACTERS]


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, between characters."""
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode("utf-8", "ignore")
