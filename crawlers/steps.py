"""What each element around a link adds to its path, and what its names say of its purpose; compiled.

The names of classes recur over the pages of a host and of the whole web: what a name says (`signs_of_name`) is looked
up in a table that outlives pages. What is rare, text that is no ASCII or hides an element, is left to `outline`.

Numba keeps compiled code until the file of the caller changes: after a change in `tags.py`, touch this file.
"""

import re
from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.placement_words import BIT, LONGEST_NAME, SIGNS_OF_TAG, signs_of_name
from crawlers.scan import HAS_ROLE, HIDES, P_FLAGS, P_ID, P_TAG_AT, P_TAG_TO, Bytes, Ints, Longs
from crawlers.tags import FNV_MASK, FNV_OFFSET, FNV_PRIME, Number, name_key

MAX_STEP_CHARACTERS: Final = 80
"""An element's part of a path; some have hundreds of classes."""

MAX_PATH_CHARACTERS: Final = 400

MAX_NAMES: Final = 1 << 15
"""Names known at a time, of at most LONGEST_NAME bytes; then the table begins anew."""

LONG_VALUE_BYTES: Final = 4096
"""An id or class attribute of more is read by someone else: its names must fit into the table all at once."""

_SLOTS: Final = 2 * MAX_NAMES
_TAG_SLOTS: Final = 256

S_FROM, S_TO, S_KIND, _STEP_COLUMNS = range(4)
"""Of a step: from and to among the bytes of all steps, and its kind."""
PLAIN, ROOT, PECULIAR = range(3)
"""Kinds of steps: as they are here; html, where a path begins; to be read by someone else."""

_DIGITS: Final = re.compile(rb"[0-9]+")
_HTML, _BODY = name_key("html"), name_key("body")

Table = NDArray[np.uint8]


class Names:
    """What the names of classes and ids say, by their bytes; every number in a name counts as 0."""

    def __init__(self) -> None:
        self.slots = np.full(_SLOTS, -1, np.int32)
        self.signs = np.zeros(MAX_NAMES, np.int64)
        self.texts = np.zeros((MAX_NAMES, LONGEST_NAME), np.uint8)
        self.sizes = np.zeros(MAX_NAMES, np.int32)
        self.count = 0

    def learn(self, name: bytes) -> int:
        """The signs of a name (ASCII, at most LONGEST_NAME bytes), and know them from now on."""
        name = _DIGITS.sub(b"0", name)
        if self.count == MAX_NAMES:
            self.slots.fill(-1)
            self.count = 0
        signs = signs_of_name(name.decode())
        slot = _slot_of_name(np.frombuffer(name, np.uint8), 0, len(name), self.slots, self.texts, self.sizes)[0]
        if self.slots[slot] < 0:
            number = self.count
            self.slots[slot], self.signs[number], self.sizes[number] = number, signs, len(name)
            self.texts[number, : len(name)] = np.frombuffer(name, np.uint8)
            self.count += 1
        return signs


NAMES: Final = Names()


def read_steps(source: bytes, paths: Ints) -> tuple[Bytes, Ints, Longs]:
    """(the bytes of all steps, a row `S_…` for each path, what each element says of its purpose: its signs)."""
    count = paths.shape[0]
    src = np.frombuffer(source, np.uint8)
    texts = np.empty(count * MAX_STEP_CHARACTERS, np.uint8)
    steps, signs = np.empty((count, _STEP_COLUMNS), np.int32), np.zeros(count, np.int64)
    unknown = np.empty((64, 3), np.int32)
    first = 0
    while first < count:
        first, missed = _read_steps(
            src, paths, first, *_tag_signs(), NAMES.slots, NAMES.signs, NAMES.texts, NAMES.sizes, texts, steps, signs,
            unknown,
        )  # fmt: skip
        for path, begin, end in unknown[:missed].tolist():
            signs[path] |= NAMES.learn(source[begin:end])
    return texts, steps, signs


@cache
def _tag_signs() -> tuple[Longs, Longs]:
    keys, signs = np.zeros(_TAG_SLOTS, np.int64), np.zeros(_TAG_SLOTS, np.int64)
    for name, sign in sorted(SIGNS_OF_TAG.items()):
        slot = name_key(name) & (_TAG_SLOTS - 1)
        while signs[slot]:
            slot = (slot + 1) & (_TAG_SLOTS - 1)
        keys[slot], signs[slot] = name_key(name), BIT[sign]
    return keys, signs


@njit(cache=True)
def _read_steps(
    src: Bytes, paths: Ints, first: int, tag_keys: Longs, tag_signs: Longs, slots: Ints, name_signs: Longs,
    name_texts: Table, name_sizes: Ints, texts: Bytes, steps: Ints, signs: Longs, unknown: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Read steps from the first on; gives where it stopped, as unknown names ran out of room, and their number."""
    missed = 0
    at = 0 if first == 0 else steps[first - 1, S_TO]
    for path in range(first, paths.shape[0]):
        this, step = paths[path], steps[path]
        begin = at
        step[S_FROM] = step[S_TO] = at
        step[S_KIND] = PLAIN
        room = at + MAX_STEP_CHARACTERS
        i, end = this[P_TAG_AT] + 1, this[P_TAG_TO]
        key: Number = np.int64(FNV_OFFSET)
        is_peculiar = this[P_FLAGS] & (HIDES | HAS_ROLE) != 0
        while i < end and src[i] != 62 and src[i] != 32:
            is_peculiar |= src[i] >= 128
            key = (key ^ np.int64(src[i])) * FNV_PRIME & FNV_MASK
            if at < room:
                texts[at] = src[i]
                at += 1
            i += 1
        for k in range(2):
            is_peculiar |= _is_peculiar(src, this[P_ID + 2 * k], this[P_ID + 2 * k + 1])
        if is_peculiar or key == _HTML:
            step[S_KIND] = PECULIAR if is_peculiar else ROOT
            at = begin
            continue
        if key != _BODY:
            slot = key & (_TAG_SLOTS - 1)
            while tag_signs[slot] and tag_keys[slot] != key:
                slot = (slot + 1) & (_TAG_SLOTS - 1)
            signs[path] = tag_signs[slot]
            for k in range(2):
                i, end = this[P_ID + 2 * k], this[P_ID + 2 * k + 1]
                is_noted = True
                while 0 <= i < end:
                    if src[i] <= 32:
                        i += 1
                        continue
                    word = i
                    while i < end and src[i] > 32:
                        i += 1
                    if i - word <= LONGEST_NAME:
                        slot, is_known = _slot_of_name(src, word, i, slots, name_texts, name_sizes)
                        if is_known:
                            signs[path] |= name_signs[slots[slot]]
                        else:
                            if missed == unknown.shape[0]:
                                return path, missed
                            unknown[missed, 0], unknown[missed, 1], unknown[missed, 2] = path, word, i
                            missed += 1
                    if is_noted and at < room:
                        texts[at] = 35 if k == 0 else 46
                        at += 1
                        for j in range(word, i):
                            if at < room:
                                texts[at] = src[j]
                                at += 1
                    is_noted = k == 1  # a path names one id and every class
        step[S_TO] = at
    return paths.shape[0], missed


@njit(cache=True)
def _is_peculiar(src: Bytes, i: int, end: int) -> bool:
    """Whether an attribute's value is very long, or holds an entity, a control character or what is no ASCII."""
    if end - i > LONG_VALUE_BYTES:
        return True
    while 0 <= i < end:
        c = src[i]
        if c == 38 or c >= 127 or (c < 32 and not 9 <= c <= 13):
            return True
        i += 1
    return False


@njit(cache=True)
def _slot_of_name(src: Bytes, begin: int, end: int, slots: Ints, texts: Table, sizes: Ints) -> tuple[Number, bool]:
    """Where the table holds a name, or may hold it, and whether it does."""
    key: Number = np.int64(FNV_OFFSET)
    in_number: Number = False
    size = 0
    for i in range(begin, end):
        c = np.int64(src[i])
        is_digit = 48 <= c <= 57
        if not (is_digit and in_number):
            key = (key ^ (48 if is_digit else c)) * FNV_PRIME & FNV_MASK
            size += 1
        in_number = is_digit
    slot = (key ^ key >> 15) & (slots.size - 1)
    while slots[slot] >= 0:
        number = slots[slot]
        is_same: Number = sizes[number] == size
        in_number = False
        k = 0
        i = begin
        while is_same and i < end:
            c = np.int64(src[i])
            is_digit = 48 <= c <= 57
            if not (is_digit and in_number):
                is_same = texts[number, k] == (48 if is_digit else c)
                k += 1
            in_number = is_digit
            i += 1
        if is_same:
            return slot, True
        slot = (slot + 1) & (slots.size - 1)
    return slot, False


@njit(cache=True, nogil=True)
def write_paths(used: Ints, outer: Ints, texts: Bytes, steps: Ints, separator: Bytes) -> tuple[Ints, Bytes]:
    """(offsets, UTF-8) of the last MAX_PATH_CHARACTERS of the paths that are used."""
    offsets = np.zeros(used.size + 1, np.int32)
    written = np.empty(max(used.size, 1) * 4096 // 8, np.uint8)
    buffer = np.empty(4 * MAX_PATH_CHARACTERS + 4, np.uint8)
    total = 0
    for number in range(used.size):
        path = used[number]
        at = buffer.size
        characters = 0
        while path >= 0 and steps[path, S_KIND] != ROOT and characters < MAX_PATH_CHARACTERS:
            if at < buffer.size:
                k = separator.size
                while k > 0 and characters < MAX_PATH_CHARACTERS:
                    k -= 1
                    at -= 1
                    buffer[at] = separator[k]
                    characters += 1
            i = steps[path, S_TO]
            while i > steps[path, S_FROM] and characters < MAX_PATH_CHARACTERS:
                i -= 1
                at -= 1
                buffer[at] = texts[i]
                characters += texts[i] & 0xC0 != 0x80
            path = outer[path]
        size = buffer.size - at
        if total + size > written.size:
            more = np.empty(2 * (total + size), np.uint8)
            more[:total] = written[:total]
            written = more
        written[total : total + size] = buffer[at:]
        total += size
        offsets[number + 1] = total
    return offsets, written[:total]


@njit(cache=True, nogil=True)
def hidden_paths(outer: Ints, removes: Bytes, hides: NDArray[np.int8], shrinks: NDArray[np.int8]) -> Table:
    """Of each path whether it takes itself away (1), hides its text (2) or sets it too small to read (4).

    `hides` and `shrinks` are -1 where an element does not say so or otherwise.
    """
    hidden = np.zeros(outer.size, np.uint8)
    for path in range(outer.size):
        above = hidden[outer[path]] if outer[path] >= 0 else np.uint8(0)
        state = np.int64(above)
        if removes[path]:
            state |= 1
        if hides[path] >= 0:
            state = state & ~2 | hides[path] << 1
        if shrinks[path] >= 0:
            state = state & ~4 | shrinks[path] << 2
        hidden[path] = state
    return hidden
