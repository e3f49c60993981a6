"""What stands around a page's links: their place, their path through the page, their block and its template."""

from functools import lru_cache
from typing import Final, NamedTuple

from crawlers.markup import attributes_of, name_of
from crawlers.placement import Mark, Surroundings, mark_of, place_of_list, within
from crawlers.placement_words import signs_of_element
from crawlers.scan import Scan

MAX_PATH_CHARACTERS: Final = 400
MAX_STEP_CHARACTERS: Final = 80
"""An element's part of a path; some have hundreds of classes."""

MAX_HEADING_CHARACTERS: Final = 200

_CACHED_TAG_BYTES: Final = 512
"""Longer tags are rarely seen twice."""


class Around(NamedTuple):
    """What an element says of a link right inside it, all its ancestors considered."""

    surroundings: Surroundings
    is_hidden: bool
    dom_path: str
    signs: int
    """What the element itself says of its purpose."""


class _Step(NamedTuple):
    """What an element adds to what stands around it."""

    mark: Mark | None
    path: str
    signs: int


NOWHERE: Final = Around(Surroundings(), False, "", 0)


class Block(NamedTuple):
    """A block around links, or a list."""

    link_density: float
    word_count: int
    link_count: int
    template: int
    place_of_links: tuple[str, float] | None
    """(placement, confidence) of its links where its being a list decides that."""


def read_around(scan: Scan) -> list[Around]:
    """What stands around links, for each of `scan.elements`."""
    around: list[Around] = []
    source = scan.source
    for tag_at, tag_to, parent in scan.elements:
        mark, path, signs = _step(source[tag_at:tag_to])
        outer = around[parent] if parent >= 0 else NOWHERE
        if path:
            path = f"{outer.dom_path} > {path}" if outer.dom_path else path
            if len(path) > MAX_PATH_CHARACTERS:
                path = path[-MAX_PATH_CHARACTERS:]
        surroundings = outer.surroundings if mark is None else within(outer.surroundings, mark)
        around.append(Around(surroundings, surroundings.is_hidden, path, signs))
    return around


def read_blocks(scan: Scan, around: list[Around]) -> list[Block]:
    """The blocks and lists around links, for each of `scan.blocks`."""
    blocks = []
    for element, words, links, ink, linked_ink in scan.blocks:
        density = linked_ink / ink if ink else 0.0
        place = place_of_list(around[element].surroundings, links=links, density=density)
        blocks.append(Block(density, words, links, scan.templates[element], place))
    return blocks


def read_heading_paths(scan: Scan) -> list[tuple[str, ...]]:
    """Each of `scan.headings` below those above it."""
    paths: list[tuple[str, ...]] = []
    for _, above, first, last in scan.headings:
        heading = scan.text[first:last].strip()[:MAX_HEADING_CHARACTERS]
        paths.append((*(paths[above] if above >= 0 else ()), heading))
    return paths


def _step(tag: bytes) -> _Step:
    return _recurring_step(tag) if len(tag) <= _CACHED_TAG_BYTES else _own_step(tag)


def _own_step(tag: bytes) -> _Step:
    name, attributes = name_of(tag), attributes_of(tag)
    mark = mark_of(name, attributes)
    if name in ("html", "body"):  # their classes say little and are many
        return _Step(mark, "" if name == "html" else name, 0)
    names = (attributes.get("id") or "").split()[:1]
    classes = (attributes.get("class") or "").split()
    path = "".join([name, *(f"#{word}" for word in names), *(f".{word}" for word in classes)])
    signs = signs_of_element(name, attributes.get("role") or "", [*(attributes.get("id") or "").split(), *classes])
    return _Step(mark, path[:MAX_STEP_CHARACTERS], signs)


_recurring_step = lru_cache(maxsize=16_384)(_own_step)
