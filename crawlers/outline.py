"""What stands around a page's links: their path through the page, what hides them, their block and its template."""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from crawlers.arrow_cells import Cells, texts_of
from crawlers.markup import attributes_of, name_of
from crawlers.placement import Mark, Surroundings, mark_of, place_of_list, within
from crawlers.placement_words import signs_of_element
from crawlers.scan import (
    B_INK,
    B_LINKED,
    B_LINKS,
    B_PATH,
    P_OUTER,
    P_TAG_AT,
    P_TAG_TO,
    Ints,
    Scan,
)
from crawlers.steps import (
    MAX_STEP_CHARACTERS,
    PECULIAR,
    PLAIN,
    ROOT,
    S_KIND,
    S_TO,
    hidden_paths,
    read_steps,
    write_paths,
)

MAX_HEADING_CHARACTERS: Final = 200

_CACHED_TAG_BYTES: Final = 512
"""Longer tags are rarely seen twice."""

_SEPARATOR: Final = np.frombuffer(b" > ", np.uint8)

REMOVED, INVISIBLE, TINY = 1, 2, 4
"""How elements hide what is inside them, as bits."""


class _Step(NamedTuple):
    """What an element adds to what stands around it."""

    mark: Mark | None
    path: bytes
    signs: int


class Paths:
    """What the paths around links say, each of `scan.paths` by its number."""

    def __init__(self, scan: Scan) -> None:
        self.outer = scan.outer_paths
        self._scan = scan
        self._texts, self._steps, self.signs = read_steps(scan.source, scan.paths)
        """What each element itself says of its purpose."""
        self.hidden = np.zeros(self.outer.size, np.uint8)
        """How it is hidden: REMOVED, INVISIBLE, TINY."""
        self._read_peculiar()

    def names(self, used: Ints) -> Cells:
        """The paths as text, of those that are used: element names with ids and classes, outermost first."""
        offsets, written = write_paths(used, self.outer, self._texts, self._steps, _SEPARATOR)
        return texts_of(offsets, written)

    def surroundings(self) -> list[Surroundings]:
        """What the elements around say of the place by their names and roles alone, outer ones first."""
        source = self._scan.source
        found: list[Surroundings] = []
        for path in self._scan.paths.tolist():
            outer = found[path[P_OUTER]] if path[P_OUTER] >= 0 else Surroundings()
            found.append(within(outer, _step(source[path[P_TAG_AT] : path[P_TAG_TO]]).mark))
        return found

    def _read_peculiar(self) -> None:
        """Read the steps that compiled code left alone."""
        numbers = np.flatnonzero(self._steps[:, S_KIND] == PECULIAR)
        if not numbers.size:
            return
        source, extra = self._scan.source, bytearray()
        end = int(self._steps[-1, S_TO]) if self._steps.size else 0
        concealing = []
        for number, path in zip(numbers.tolist(), self._scan.paths[numbers].tolist(), strict=True):
            step = _step(source[path[P_TAG_AT] : path[P_TAG_TO]])
            self.signs[number] = step.signs
            at = end + len(extra)
            extra += step.path
            self._steps[number] = at, at + len(step.path), PLAIN if step.path else ROOT
            mark = step.mark
            if mark is not None and (mark.removes or mark.is_invisible is not None or mark.is_tiny is not None):
                concealing.append((number, mark))
        self._texts = np.concatenate([self._texts[:end], np.frombuffer(bytes(extra), np.uint8)])
        if concealing:
            self._hide(concealing)

    def _hide(self, concealing: list[tuple[int, Mark]]) -> None:
        removes = np.zeros(self.outer.size, np.uint8)
        hides, shrinks = np.full((2, self.outer.size), -1, np.int8)
        for number, mark in concealing:
            removes[number] = mark.removes
            hides[number] = -1 if mark.is_invisible is None else mark.is_invisible
            shrinks[number] = -1 if mark.is_tiny is None else mark.is_tiny
        self.hidden = hidden_paths(self.outer, removes, hides, shrinks)


def places_of_lists(scan: Scan, surroundings: list[Surroundings]) -> list[tuple[str, float] | None]:
    """(placement, confidence) of the links of each of `scan.blocks` where its being a list decides that."""
    return [
        place_of_list(surroundings[block[B_PATH]], links=block[B_LINKS], density=density)
        for block, density in zip(scan.blocks.tolist(), link_densities(scan).tolist(), strict=True)
    ]


def link_densities(scan: Scan) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Of each of `scan.blocks` the share of its ink that stands in links."""
    ink, linked = scan.blocks[:, B_INK], scan.blocks[:, B_LINKED]
    return linked / np.maximum(ink, 1)


def read_heading_paths(scan: Scan) -> list[tuple[str, ...]]:
    """Each of `scan.headings` below those above it."""
    paths: list[tuple[str, ...]] = []
    for _, above, first, last in scan.headings:
        heading = scan.text_of(first, last).strip()[:MAX_HEADING_CHARACTERS]
        paths.append((*(paths[above] if above >= 0 else ()), heading))
    return paths


def _step(tag: bytes) -> _Step:
    return _recurring_step(tag) if len(tag) <= _CACHED_TAG_BYTES else _own_step(tag)


def _own_step(tag: bytes) -> _Step:
    name, attributes = name_of(tag), attributes_of(tag)
    mark = mark_of(name, attributes)
    if name in ("html", "body"):  # their classes say little and are many
        return _Step(mark, b"" if name == "html" else b"body", 0)
    names = (attributes.get("id") or "").split()[:1]
    classes = (attributes.get("class") or "").split()
    path = "".join([name, *(f"#{word}" for word in names), *(f".{word}" for word in classes)])
    signs = signs_of_element(name, attributes.get("role") or "", [*(attributes.get("id") or "").split(), *classes])
    return _Step(mark, path[:MAX_STEP_CHARACTERS].encode(), signs)


_recurring_step = lru_cache(maxsize=16_384)(_own_step)
