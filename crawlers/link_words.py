"""What a link's own address, rel and text say of it, looked up in compiled code."""

from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.placement_words import SIGNS_OF_ANCHOR, SIGNS_OF_HREF_PART, SIGNS_OF_REL
from crawlers.tags import FNV_MASK, FNV_OFFSET, FNV_PRIME, Number

MAX_PHRASE_CHARACTERS: Final = 30
SLOTS: Final = 4096
"""Slots of each table of words; a few hundred leave most free."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Text = NDArray[np.uint32]
Tables = tuple[Longs, Longs, Longs, Longs, Longs, Longs]


@cache
def word_tables() -> Tables:
    """(keys, signs) of the parts of addresses, of rel tokens and of anchor texts, as hash tables."""
    return (*_table(SIGNS_OF_HREF_PART), *_table(SIGNS_OF_REL), *_table(SIGNS_OF_ANCHOR))


def _table(words: dict[str, int]) -> tuple[Longs, Longs]:
    keys, signs = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    for word, meaning in sorted(words.items()):
        key = FNV_OFFSET
        for character in word:
            key = ((key ^ ord(character)) * FNV_PRIME) & FNV_MASK
        slot = key & (SLOTS - 1)
        while signs[slot]:
            slot = (slot + 1) & (SLOTS - 1)
        keys[slot], signs[slot] = key, meaning
    return keys, signs


@njit(cache=True, nogil=True)
def read_links(src: Bytes, text: Text, links: Ints, tables: Tables, hints: Longs) -> None:
    """Write the signs of each link's address and rel, and those of its text, into the first two columns of `hints`.

    `links` has in its columns 2 to 7 the text from, to, and in the source href from, to, rel from, to; -1 for none.
    """
    href_keys, href_signs, rel_keys, rel_signs, text_keys, text_signs = tables
    for row in range(links.shape[0]):
        link = links[row]
        hints[row, 0] = _parts(src, link[4], link[5], href_keys, href_signs)
        hints[row, 0] |= _parts(src, link[6], link[7], rel_keys, rel_signs)
        hints[row, 1] = 0
        first, last = link[2], link[3]
        while first < last and text[first] == 32:
            first += 1
        if 0 < last - first <= MAX_PHRASE_CHARACTERS:
            key: Number = np.int64(FNV_OFFSET)
            for at in range(first, last):
                key = (key ^ _lower(np.int64(text[at]))) * FNV_PRIME & FNV_MASK
            hints[row, 1] = _signs(key, text_keys, text_signs)


@njit(cache=True)
def _parts(src: Bytes, at: int, end: int, keys: Longs, signs: Longs) -> Number:
    """The signs of all parts between slashes, spaces and what else divides an address."""
    total: Number = np.int64(0)
    if at < 0:
        return total
    key: Number = np.int64(FNV_OFFSET)
    for i in range(at, end):
        c: Number = np.int64(src[i])
        if c == 47 or c == 63 or c == 35 or c == 38 or c == 61 or c == 32:  # / ? # & = space
            total |= _signs(key, keys, signs)
            key = np.int64(FNV_OFFSET)
        else:
            key = (key ^ _lower(c)) * FNV_PRIME & FNV_MASK
    return total | _signs(key, keys, signs)


@njit(cache=True)
def _lower(c: Number) -> Number:
    return c + 32 if 65 <= c <= 90 else c


@njit(cache=True)
def _signs(key: Number, keys: Longs, signs: Longs) -> Number:
    slot = key & (SLOTS - 1)
    while signs[slot] and keys[slot] != key:
        slot = (slot + 1) & (SLOTS - 1)
    return signs[slot]
