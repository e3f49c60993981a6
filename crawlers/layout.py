"""Where each link stands in the flow of its page: how far down, in what company, before or after the prose; compiled.

Links of one page are described against each other, so nothing here knows a word or a tag but what is a block.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.placement_words import BIT
from crawlers.tags import IS_BLOCK, Number

PROSE_INK: Final = 100
"""A block with so many characters that are in no link and no block inside it is prose."""

COMPANY_LINKS: Final = 4
"""The smallest block with so many links is the company that a link stands in."""

FUNCTIONS, LEGAL = BIT["account"], BIT["legal"]
"""What a link is for: a function of the site such as log in or search, or what the law and the imprint want."""

DEPTHS: Final = np.array([0.01, 0.03, 0.1, 0.3, 0.7, 0.9, 0.97])
DENSITIES: Final = np.array([0.2, 0.5, 0.8, 0.999])
LENGTHS: Final = np.array([6.0, 12.0, 25.0, 60.0])
CROWDS: Final = np.array([2.5, 8.5, 30.5, 100.5])
LIKES: Final = np.array([1.5, 2.5, 5.5, 15.5])
SHARES: Final = np.array([0.01, 0.249, 0.499])
ANCHORS: Final = np.array([0.5, 10.5, 25.5, 50.5])

LAYOUT: Final = (
    *(f"text_depth_{n}" for n in range(8)), *(f"link_depth_{n}" for n in range(8)),
    "no_prose", "before_prose", "early_prose", "amid_prose", "late_prose", "after_prose",
    "prose_block", "prose_inside", "no_prose_inside",
    *(f"block_density_{n}" for n in range(5)), "block_empty",
    *(f"company_density_{n}" for n in range(5)), "company_empty",
    *(f"company_length_{n}" for n in range(5)),
    *(f"box_links_{n}" for n in range(5)), "no_box",
    "box_opens", "box_closes", "box_is_page", "box_between",
    *(f"anchor_{n}" for n in range(5)),
    *(f"likes_{n}" for n in range(5)),
    *(f"company_functions_{n}" for n in range(4)), *(f"company_legal_{n}" for n in range(4)),
)  # fmt: skip
"""Names of what is said of each link: exactly one of each group holds."""

_DEPTH, _LINK_DEPTH, _PROSE, _BLOCK, _DENSITY, _COMPANY, _LENGTH, _BOX, _BOX_AT, _ANCHOR, _LIKES, _FUNCTIONS, _LEGAL = (
    0, 8, 16, 22, 25, 31, 37, 42, 48, 52, 57, 62, 66
)  # fmt: skip
GROUPS: Final = 13

_PARENT, _TAG, _TEXT_AT, _TEXT_TO, _INK, _LINKED, _LINKS, _TENTHS, _IN_BLOCK = range(9)

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def lay_out(elements: Ints, links: Ints, length: int, hints: Longs) -> None:
    """Write the numbers of what holds in LAYOUT into `hints`, a row for each link, behind the signs of the link.

    `elements` has the columns parent, tag, text from, text to, ink, linked ink, links, words, block around, and is in
    document order; `links` begins with the element around, its path, text from, text to.
    """
    own, prose_before, has_prose = _find_prose(elements)
    total = prose_before[elements.shape[0]]
    count = links.shape[0]
    companies = np.empty(count, np.int32)
    members = np.zeros((elements.shape[0], 3), np.int32)
    likes = np.zeros(elements.shape[0], np.int32)
    for link in range(count):
        companies[link] = _company(elements, links[link, 0])
        company = members[companies[link]]
        signs = hints[link, 0] | hints[link, 1]
        company[0] += 1
        company[1] += signs & FUNCTIONS != 0
        company[2] += signs & LEGAL != 0
        likes[links[link, 1]] += 1
    for link in range(count):
        this, company = hints[link, 2:], companies[link]
        parent, path, start, end = links[link, 0], links[link, 1], links[link, 2], links[link, 3]
        block = elements[parent, _IN_BLOCK]
        this[0] = _DEPTH + _bucket(start / max(length, 1), DEPTHS)
        this[1] = _LINK_DEPTH + _bucket(link / max(count - 1, 1), DEPTHS)
        this[2] = _PROSE + _place_in_prose(prose_before[parent + 1], total)
        this[3] = _BLOCK + (0 if own[block] >= PROSE_INK else 1 if has_prose[block] else 2)
        this[4] = _DENSITY + _density(elements[block])
        this[5] = _COMPANY + _density(elements[company])
        this[6] = _LENGTH + _bucket(elements[company, _INK] / max(elements[company, _LINKS], 1), LENGTHS)
        this[7], this[8] = _BOX + 5, _BOX_AT + 3
        if not has_prose[block]:
            box = _box(elements, block, has_prose)
            opens = elements[box, _TEXT_AT] <= length * 0.01
            closes = elements[box, _TEXT_TO] >= length * 0.99
            this[7] = _BOX + _bucket(float(elements[box, _LINKS]), CROWDS)
            this[8] = _BOX_AT + (2 if opens and closes else 0 if opens else 1 if closes else 3)
        this[9] = _ANCHOR + _bucket(float(end - start), ANCHORS)
        this[10] = _LIKES + _bucket(float(likes[path]), LIKES)
        this[11] = _FUNCTIONS + _bucket(members[company, 1] / members[company, 0], SHARES)
        this[12] = _LEGAL + _bucket(members[company, 2] / members[company, 0], SHARES)


@njit(cache=True)
def _company(elements: Ints, parent: Number) -> Number:
    """The smallest block around with COMPANY_LINKS links, or the outermost."""
    company = elements[parent, _IN_BLOCK]
    while elements[company, _LINKS] < COMPANY_LINKS and elements[company, _PARENT] >= 0:
        company = elements[elements[company, _PARENT], _IN_BLOCK]
    return company


@njit(cache=True)
def _box(elements: Ints, block: Number, has_prose: Flags) -> Number:
    """The largest block around without prose."""
    while elements[block, _PARENT] >= 0:
        outer = elements[elements[block, _PARENT], _IN_BLOCK]
        if has_prose[outer]:
            break
        block = outer
    return block


@njit(cache=True)
def _place_in_prose(before: Number, total: Number) -> Number:
    if total == 0:
        return 0
    if before == 0:
        return 1
    if before == total:
        return 5
    return 2 + (before > total * 0.1) + (before > total * 0.9)


@njit(cache=True)
def _find_prose(elements: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Of each element its own unlinked ink, the prose that begins before it, and whether it holds any."""
    count = elements.shape[0]
    own = np.zeros(count, np.int32)
    prose_before = np.zeros(count + 1, np.int32)
    has_prose = np.zeros(count, np.bool_)
    for element in range(count):
        this = elements[element]
        if this[_TAG] & IS_BLOCK:
            unlinked = this[_INK] - this[_LINKED]
            own[element] += unlinked
            if this[_PARENT] >= 0:
                own[elements[this[_PARENT], _IN_BLOCK]] -= unlinked
    for element in range(count):
        is_prose = own[element] >= PROSE_INK
        prose_before[element + 1] = prose_before[element] + (own[element] if is_prose else 0)
        has_prose[element] = is_prose
    for element in range(count - 1, 0, -1):
        parent = elements[element, _PARENT]
        if parent >= 0 and has_prose[element]:
            has_prose[parent] = True
    return own, prose_before, has_prose


@njit(cache=True)
def _bucket(value: float, edges: NDArray[np.float64]) -> Number:
    number = 0
    while number < edges.size and value > edges[number]:
        number += 1
    return number


@njit(cache=True)
def _density(block: Ints) -> Number:
    """Which of the densities, the last where the block has no text."""
    if block[_INK] == 0:
        return 5
    return _bucket(block[_LINKED] / block[_INK], DENSITIES)
