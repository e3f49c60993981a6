"""What is stored of each link, read off the scan's tables: texts as Arrow holds them, numbers in columns; compiled.

Numba keeps compiled code until the file of the caller changes: after a change in `tags.py`, touch this file.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.arrow_cells import Cells, texts_of
from crawlers.scan import (
    B_INK,
    B_LINKED,
    B_LINKS,
    B_PATH,
    B_WORDS,
    HAS_IMAGE,
    HIDES,
    L_AFTER,
    L_AFTER_TO,
    L_BEFORE,
    L_BLOCK,
    L_FLAGS,
    L_HEADING,
    L_HREF,
    L_KIND,
    L_PATH,
    L_PLACE,
    L_TEXT,
    L_TEXT_TO,
    MAX_LINKS,
    Bytes,
    Ints,
    Longs,
    Scan,
    Text,
)  # fmt: skip
from crawlers.tags import AREA, FNV_MASK, FNV_OFFSET, FNV_PRIME, LAST_LINK, A, Number

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Settled(NamedTuple):
    """What becomes of a page's links."""

    rows: Ints
    """Of the links that are observed, in order, their rows in the scan; -1 for those without a place."""
    unplaced: Ints
    """Their numbers among links without a place, -1 for those with one."""
    targets: Ints
    """Numbers of what they lead to."""
    refused: Ints
    """Of the other links (place among links of any fate, number of what they lead to)."""
    overflow_count: int


class Numbers(NamedTuple):
    """Columns of whole numbers and the like; zeros for links without a place."""

    paths: Ints
    """The number of paths where there is none."""
    kinds: Ints
    is_image: Flags
    headings: Ints
    """The number of headings where there is none, or no place."""
    densities: Floats
    words: Ints
    links: Ints
    block_ids: Longs
    is_hidden: Flags
    """Whether elements around it hide it."""
    hints: Ints
    """Its place among the hinted links; -1 for others."""
    styled: Ints
    """Places of links that may hide themselves."""


def text_columns(scan: Scan, rows: Ints) -> tuple[Cells, Cells, Cells]:
    """Anchor text, context before and behind."""
    first, second, third = _cut(scan.characters, scan.links, rows)
    return texts_of(*first), texts_of(*second), texts_of(*third)


@njit(cache=True, nogil=True)
def _cut(text: Text, links: Ints, rows: Ints) -> tuple[tuple[Ints, Bytes], tuple[Ints, Bytes], tuple[Ints, Bytes]]:
    return (
        _cut_one(text, links, rows, L_TEXT, L_TEXT_TO),
        _cut_one(text, links, rows, L_BEFORE, L_PLACE),
        _cut_one(text, links, rows, L_AFTER, L_AFTER_TO),
    )


@njit(cache=True)
def _cut_one(text: Text, links: Ints, rows: Ints, first: int, last: int) -> tuple[Ints, Bytes]:
    """(offsets, UTF-8) of stretches of text, of which links have the begin and the end in these columns."""
    room = 0
    for row in rows:
        if row >= 0:
            room += links[row, last] - links[row, first]
    offsets = np.zeros(rows.size + 1, np.int32)
    written = np.empty(4 * room, np.uint8)
    at = 0
    for number in range(rows.size):
        row = rows[number]
        for i in range(links[row, first] if row >= 0 else 0, links[row, last] if row >= 0 else 0):
            c = text[i]
            if c < 0x80:
                written[at] = c
                at += 1
                continue
            if c < 0x800:
                written[at] = 0xC0 | c >> 6
            elif c < 0x10000:
                written[at], written[at + 1] = 0xE0 | c >> 12, 0x80 | c >> 6 & 63
                at += 1
            else:
                written[at], written[at + 1], written[at + 2] = 0xF0 | c >> 18, 0x80 | c >> 12 & 63, 0x80 | c >> 6 & 63
                at += 2
            written[at + 1] = 0x80 | c & 63
            at += 2
        offsets[number + 1] = at
    return offsets, written[:at]


@njit(cache=True, nogil=True)
def number_texts(src: Bytes, links: Ints, column: int, heads: Ints) -> tuple[Ints, Ints]:
    """(of each link the number of its text in that column, or -1; from and to of each distinct one in the source).

    Hrefs are those of `a` and `area`, and of the links in the head whose rows are given.
    """
    numbers = np.empty(links.shape[0], np.int32)
    texts = np.empty((links.shape[0], 2), np.int32)
    slots = 2
    while slots < 2 * links.shape[0]:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    count = head = 0
    for row in range(links.shape[0]):
        numbers[row] = -1
        at, end = links[row, column], links[row, column + 1]
        if column == L_HREF:
            is_head = head < heads.size and heads[head] == row
            head += is_head
            if not is_head and links[row, L_KIND] != A and links[row, L_KIND] != AREA:
                continue
        if at < 0:
            continue
        key: Number = np.int64(FNV_OFFSET)
        for i in range(at, end):
            key = (key ^ np.int64(src[i])) * FNV_PRIME & FNV_MASK
        slot = (key ^ key >> 15) & (slots - 1)
        while table[slot] >= 0:
            other = texts[table[slot]]
            is_same = other[1] - other[0] == end - at
            k = 0
            while is_same and at + k < end:
                is_same = src[at + k] == src[other[0] + k]
                k += 1
            if is_same:
                break
            slot = (slot + 1) & (slots - 1)
        if table[slot] < 0:
            table[slot] = count
            texts[count, 0], texts[count, 1] = at, end
            count += 1
        numbers[row] = table[slot]
    return numbers, texts[:count]


@njit(cache=True, nogil=True)
def settle(numbers: Ints, links: Ints, unplaced: Ints, is_refused: Flags) -> tuple[Ints, Ints, Ints, Ints, int]:
    """The fields of Settled; `unplaced` has the row of each such link and what it leads to, in order of rows."""
    room = numbers.size + unplaced.shape[0]
    chosen, refused = np.empty((3, room), np.int32), np.empty((room, 2), np.int32)
    count = refused_count = total = waiting = 0
    row = -1
    while row < numbers.size:
        while waiting < unplaced.shape[0] and unplaced[waiting, 0] <= row:
            target = unplaced[waiting, 1]
            if total < MAX_LINKS and is_refused[target]:
                refused[refused_count, 0], refused[refused_count, 1] = total, target
                refused_count += 1
            elif total < MAX_LINKS:
                chosen[0, count], chosen[1, count], chosen[2, count] = -1, waiting, target
                count += 1
            total += 1
            waiting += 1
        row += 1
        if row < numbers.size and numbers[row] >= 0 and links[row, L_KIND] <= LAST_LINK:
            target = numbers[row]
            if total < MAX_LINKS and is_refused[target]:
                refused[refused_count, 0], refused[refused_count, 1] = total, target
                refused_count += 1
            elif total < MAX_LINKS:
                chosen[0, count], chosen[1, count], chosen[2, count] = row, -1, target
                count += 1
            total += 1
    return (
        chosen[0, :count].copy(), chosen[1, :count].copy(), chosen[2, :count].copy(), refused[:refused_count],
        max(0, total - MAX_LINKS),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def read_numbers(
    links: Ints, rows: Ints, blocks: Ints, templates: Longs, hidden: Bytes, heading_count: int
) -> tuple[Ints, Ints, Flags, Ints, Floats, Ints, Ints, Longs, Flags, Ints, Ints]:
    """The fields of Numbers."""
    count = rows.size
    paths, kinds, headings = np.empty(count, np.int32), np.zeros(count, np.int32), np.empty(count, np.int32)
    is_image, is_hidden = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    densities, block_ids = np.zeros(count), np.zeros(count, np.int64)
    words, members, hints = np.zeros(count, np.int32), np.zeros(count, np.int32), np.empty(count, np.int32)
    styled, styled_count = np.empty(count, np.int32), 0
    hint_of_row = np.empty(links.shape[0], np.int32)
    hinted = 0
    for row in range(links.shape[0]):
        is_hinted = links[row, L_KIND] <= LAST_LINK and links[row, L_PATH] >= 0
        hint_of_row[row] = hinted if is_hinted else -1
        hinted += is_hinted
    for number in range(count):
        row = rows[number]
        paths[number], headings[number], hints[number] = hidden.size, heading_count, -1
        if row < 0:
            continue
        link = links[row]
        kinds[number], hints[number] = link[L_KIND], hint_of_row[row]
        has_image = link[L_KIND] == A and link[L_FLAGS] & HAS_IMAGE != 0
        is_image[number] = has_image and link[L_TEXT] == link[L_TEXT_TO]
        if link[L_FLAGS] & HIDES:
            styled[styled_count] = number
            styled_count += 1
        if link[L_PATH] >= 0:
            paths[number] = link[L_PATH]
            is_hidden[number] = hidden[link[L_PATH]] != 0
        if link[L_HEADING] >= 0:
            headings[number] = link[L_HEADING]
        if link[L_BLOCK] >= 0:
            block = blocks[link[L_BLOCK]]
            densities[number] = block[B_LINKED] / block[B_INK] if block[B_INK] else 0.0
            words[number], members[number] = block[B_WORDS], block[B_LINKS]
            block_ids[number] = templates[block[B_PATH]]
    return (
        paths, kinds, is_image, headings, densities, words, members, block_ids, is_hidden, hints, styled[:styled_count]
    )  # fmt: skip
