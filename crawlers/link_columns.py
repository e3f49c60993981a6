"""The links of a page become columns: whole columns are made from the scan's tables, no object stands for a link."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crawlers.arrow_cells import Cells, Wholes, cells_of, named
from crawlers.cells import Numbers, Settled, number_texts, read_numbers, text_columns
from crawlers.directives import rel_tokens
from crawlers.markup import attributes_of, decoded
from crawlers.observations import SCHEMA, Observations
from crawlers.outline import INVISIBLE, REMOVED, TINY, Paths, places_of_lists, read_heading_paths
from crawlers.page_targets import PageTargets
from crawlers.placement import mark_of
from crawlers.placement_model import MIN_LINKS, PLACES, place_links
from crawlers.scan import (
    L_ALT,
    L_ALT_TO,
    L_LIST,
    L_REL,
    L_TAG_AT,
    L_TAG_TO,
    MAX_TEXT_CHARACTERS,
    Ints,
    Scan,
)  # fmt: skip
from crawlers.tags import AREA, FORM, FRAME, IFRAME, LAST_LINK, A
from schemas.vocabulary import LINK_TYPE, PLACEMENT

_TYPES: Final = tuple(LINK_TYPE)
_TYPE_OF_KIND: Final = np.zeros(LAST_LINK + 1, np.int32)
for _kind, _name in ((A, "text"), (AREA, "area"), (IFRAME, "iframe"), (FRAME, "iframe"), (FORM, "form")):
    _TYPE_OF_KIND[_kind] = _TYPES.index(_name)
_IMAGE: Final = _TYPES.index("image")
_PLACES: Final = (*PLACES, *(place for place in PLACEMENT if place not in PLACES))
_UNKNOWN: Final = _PLACES.index("unknown")
_TYPE_CELLS, _PLACE_CELLS = pa.array(_TYPES, pa.string()), pa.array(_PLACES, pa.string())
_RELS, _HEADINGS = SCHEMA.field("rel").type, SCHEMA.field("heading_path").type

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Unplaced(NamedTuple):
    """A link that no reader sees: it has no text and no place."""

    row: int
    """The element that it comes from, -1 for those of headers."""
    target: int
    """Number of what it leads to."""
    link_type: str
    rel: tuple[str, ...] = ()
    dom_path: str | None = None


def observe(scan: Scan, unplaced: Sequence[Unplaced], targets: PageTargets, settled: Settled) -> Observations:
    """The columns of the links that are observed."""
    table = _Columns(scan, unplaced, settled)
    columns = {
        "position": pa.array(np.arange(settled.rows.size, dtype=np.int32)),
        **targets.columns(settled.targets),
        **table.of_element(),
        **table.of_text(),
        **table.of_place(),
        **table.of_block(),
    }
    return Observations(pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA))


class _Columns:
    """Makes the columns, some at a time."""

    def __init__(self, scan: Scan, unplaced: Sequence[Unplaced], settled: Settled) -> None:
        self._scan, self._rows = scan, settled.rows
        self._paths = Paths(scan)
        self._numbers = Numbers(*read_numbers(
            scan.links, settled.rows, scan.blocks, scan.templates, self._paths.hidden, len(scan.headings)
        ))  # fmt: skip
        self._has_no_place = settled.rows < 0 if unplaced else None
        self._unplaced: list[tuple[int, Unplaced]] = []
        """Links without a place, by their place in the columns."""
        if unplaced:
            places = np.flatnonzero(settled.rows < 0)
            numbers = settled.unplaced[places].tolist()
            self._unplaced = [(at, unplaced[number]) for at, number in zip(places.tolist(), numbers, strict=True)]

    def of_element(self) -> dict[str, Cells]:
        """Type, rel and alt."""
        types = _TYPE_OF_KIND[self._numbers.kinds]
        types[self._numbers.is_image] = _IMAGE
        for at, link in self._unplaced:
            types[at] = _TYPES.index(link.link_type)
        return {"link_type": named(types, _TYPE_CELLS), "rel": self._rels(), "alt": self._alts()}

    def of_text(self) -> dict[str, Cells]:
        """Anchor text, context and headings."""
        anchors, before, behind = text_columns(self._scan, self._rows)
        headings = pa.array([*read_heading_paths(self._scan), ()], _HEADINGS)
        return {
            "anchor_text": anchors,
            "context_left": before,
            "context_right": behind,
            "heading_path": headings.take(self._placed(self._numbers.headings)),
        }

    def of_place(self) -> dict[str, Cells]:
        """Placement, path, and whether it is hidden."""
        places, confidences = self._places()
        return {
            "placement": named(places, _PLACE_CELLS),
            "placement_confidence": pa.array(confidences),
            "dom_path": self._dom_paths(),
            "is_hidden": pa.array(self._hidden()),
        }

    def of_block(self) -> dict[str, Cells]:
        """What is known of the block."""
        return {
            "block_link_density": pa.array(self._numbers.densities),
            "block_word_count": self._placed(self._numbers.words),
            "block_link_count": self._placed(self._numbers.links),
            "block_id": self._placed(self._numbers.block_ids),
        }

    def _placed(self, values: Wholes) -> Cells:
        """Numbers that links without a place have none of."""
        return cells_of(values, self._has_no_place)

    def _rels(self) -> Cells:
        source = self._scan.source
        numbers, texts = number_texts(np.frombuffer(source, np.uint8), self._scan.links, L_REL, _NONE)
        rels = [(), *(_rel(source[first:last]) for first, last in texts.tolist())]
        # The number of links without a place, -1, reads the last row, and so that is one of nothing.
        found = np.append(numbers + 1, 0)[self._rows]
        for at, link in self._unplaced:
            found[at] = len(rels)
            rels.append(link.rel)
        return pa.array(rels, _RELS).take(pa.array(found))

    def _alts(self) -> Cells:
        source, kinds = self._scan.source, self._numbers.kinds
        may_have = np.flatnonzero(self._numbers.is_image | (kinds == AREA))
        found, is_missing = np.zeros(kinds.size, np.int32), np.ones(kinds.size, np.bool_)
        alts: list[str] = []
        for at, (first, last) in zip(
            may_have.tolist(), self._scan.links[self._rows[may_have], L_ALT : L_ALT_TO + 1].tolist(), strict=True
        ):
            if first >= 0:
                found[at], is_missing[at] = len(alts), False
                alts.append(_alt(source[first:last]))
        return named(found, pa.array(alts, pa.string()), is_missing)

    def _places(self) -> tuple[Ints, Floats]:
        hints = self._numbers.hints
        if len(self._scan.hinted_paths) < MIN_LINKS:
            return self._places_by_elements()
        best, sure = place_links(self._scan, self._paths.signs)
        # The hint of links without one, -1, reads what is appended.
        return np.append(best, _UNKNOWN).astype(np.int32)[hints], np.append(sure, 0.0)[hints]

    def _places_by_elements(self) -> tuple[Ints, Floats]:
        """Of a page with few links, which has no layout, the elements around a link decide alone."""
        places, confidences = np.full(self._rows.size, _UNKNOWN, np.int32), np.zeros(self._rows.size)
        surroundings = self._paths.surroundings()
        lists = places_of_lists(self._scan, surroundings)
        for at, (row, path) in enumerate(zip(self._rows.tolist(), self._numbers.paths.tolist(), strict=True)):
            if path == len(surroundings):
                continue
            place, confidence = surroundings[path].placement, surroundings[path].confidence
            in_list = int(self._scan.links[row, L_LIST])
            if in_list >= 0 and place == "main":
                place, confidence = lists[in_list] or (place, confidence)
            places[at], confidences[at] = _PLACES.index(place), confidence
        return places, confidences

    def _hidden(self) -> Flags:
        """Whether a link, or an element around it, hides it."""
        links, source, hidden = self._scan.links, self._scan.source, self._numbers.is_hidden
        for at in self._numbers.styled.tolist():
            row, path = self._rows[at], self._numbers.paths[at]
            mark = mark_of("a", attributes_of(source[links[row, L_TAG_AT] : links[row, L_TAG_TO]]))
            if mark is None:
                continue
            around = int(self._paths.hidden[path]) if path < self._paths.hidden.size else 0
            around |= REMOVED if mark.removes else 0
            for bit, says in ((INVISIBLE, mark.is_invisible), (TINY, mark.is_tiny)):
                if says is not None:
                    around = around & ~bit | (bit if says else 0)
            hidden[at] = around != 0
        return hidden

    def _dom_paths(self) -> Cells:
        paths = self._numbers.paths
        is_used = np.zeros(self._paths.outer.size + 1, np.bool_)
        is_used[paths] = True
        is_used[-1] = False
        names = self._paths.names(np.flatnonzero(is_used).astype(np.int32))
        numbers = np.cumsum(is_used, dtype=np.int32)
        numbers[:-1] -= 1
        found = numbers[paths]  # of links around which there is no path the number behind the last
        others = [""]
        is_missing = None if self._has_no_place is None else self._has_no_place.copy()
        for at, link in self._unplaced:
            if is_missing is not None and link.dom_path is not None:
                is_missing[at] = False
                found[at] = len(names) + len(others)
                others.append(link.dom_path)
        return named(found, pa.concat_arrays([names, pa.array(others, pa.string())]), is_missing)


_NONE: Final = np.empty(0, np.int32)


@lru_cache(maxsize=4096)
def _rel(raw: bytes) -> tuple[str, ...]:
    return rel_tokens(decoded(raw))


def _alt(raw: bytes) -> str:
    return " ".join(decoded(raw).split())[:MAX_TEXT_CHARACTERS]
