"""Texts of a page's links as Arrow holds them, cut out of the page without an object for each; compiled.

Numba keeps compiled code until the file of the caller changes: after a change in `tags.py`, touch this file.
"""

import numpy as np
import pyarrow as pa
from numba import njit

from crawlers.scan import L_HREF, L_HREF_TO, L_KIND, Bytes, Ints, Scan, Text
from crawlers.tags import AREA, FNV_MASK, FNV_OFFSET, FNV_PRIME, Number, A


def text_cells(scan: Scan, first: Ints, last: Ints) -> pa.Array:
    """Stretches of the page's text."""
    offsets, written = _cut(scan.characters, first, last)
    return pa.StringArray.from_buffers(first.size, pa.py_buffer(offsets), pa.py_buffer(written))


def number_hrefs(scan: Scan) -> tuple[Ints, list[list[int]]]:
    """(of each link the number of its href, or -1; from and to of each distinct one in the source)."""
    numbers, hrefs = _number_hrefs(np.frombuffer(scan.source, np.uint8), scan.links)
    return numbers, hrefs.tolist()


@njit(cache=True, nogil=True)
def _cut(text: Text, first: Ints, last: Ints) -> tuple[Ints, Bytes]:
    """(offsets, UTF-8)."""
    room = 0
    for row in range(first.size):
        room += 4 * (last[row] - first[row])
    offsets = np.zeros(first.size + 1, np.int32)
    written = np.empty(room, np.uint8)
    at = 0
    for row in range(first.size):
        for i in range(first[row], last[row]):
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
        offsets[row + 1] = at
    return offsets, written[:at]


@njit(cache=True, nogil=True)
def _number_hrefs(src: Bytes, links: Ints) -> tuple[Ints, Ints]:
    numbers = np.empty(links.shape[0], np.int32)
    hrefs = np.empty((links.shape[0], 2), np.int32)
    slots = 2
    while slots < 2 * links.shape[0]:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    count = 0
    for row in range(links.shape[0]):
        numbers[row] = -1
        if links[row, L_KIND] != A and links[row, L_KIND] != AREA:
            continue
        at, end = links[row, L_HREF], links[row, L_HREF_TO]
        key: Number = np.int64(FNV_OFFSET)
        for i in range(at, end):
            key = (key ^ np.int64(src[i])) * FNV_PRIME & FNV_MASK
        slot = (key ^ key >> 15) & (slots - 1)
        while table[slot] >= 0:
            other = hrefs[table[slot]]
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
            hrefs[count, 0], hrefs[count, 1] = at, end
            count += 1
        numbers[row] = table[slot]
    return numbers, hrefs[:count]
