"""The same block on many pages of a host gets the same number: a hash of its path without what changes; compiled.

A path is the names, ids and classes from html inwards, without positions. Numbers in ids and classes count as 0,
classes in any order, and classes that tell an item from its likes on one page (active, current-menu-item) not at all.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.tags import FNV_MASK, FNV_OFFSET, FNV_PRIME, Number, name_key

_STATE_WORDS = np.array(
    sorted(
        name_key(prefix + word)
        for prefix in ("", "is-", "has-")
        for word in [
            "active",
            "selected",
            "open",
            "opened",
            "closed",
            "first",
            "last",
            "odd",
            "even",
            "hover",
            "visible",
            "current",
        ]
    ),
    np.int64,
)
_CURRENT = np.frombuffer(b"current", np.uint8)
_HTML, _BODY = name_key("html"), name_key("body")

_PRIME, _ID_PRIME = np.uint64(1099511628211), np.uint64(14029467366897019727)
_MIX, _SHIFT = np.uint64(11400714819323198485), np.uint64(32)

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@njit(cache=True, nogil=True)
def template_hashes(src: Bytes, around: Ints) -> NDArray[np.int64]:
    """The hash of every element of a table with tag from, tag to, row of the parent, id from, to, class from, to."""
    hashes = np.empty(around.shape[0], np.uint64)
    signed = np.empty(around.shape[0], np.int64)
    for row in range(around.shape[0]):
        this = around[row]
        name, _ = _token(src, this[0] + 1, this[1])
        own = np.uint64(name)
        if name not in (_HTML, _BODY):  # their ids and classes name the page
            if this[3] >= 0:
                own += np.uint64(_token(src, this[3], this[4])[0]) * _ID_PRIME
            own += _classes(src, this[5], this[6])
        outer = hashes[this[2]] if this[2] >= 0 else np.uint64(0)
        mixed = (outer * _PRIME + own) * _MIX
        hashes[row] = mixed ^ (mixed >> _SHIFT)
        signed[row] = np.int64(hashes[row])
    return signed


@njit(cache=True)
def _classes(src: Bytes, i: int, end: int) -> np.uint64:
    """The sum of the hashes of the lasting classes."""
    total = np.uint64(0)
    while 0 <= i < end:
        if src[i] <= 32:
            i += 1
            continue
        passes = i + _CURRENT.size <= end
        for k in range(_CURRENT.size):
            passes = passes and src[i + k] == _CURRENT[k]
        key, i = _token(src, i, end)
        for word in _STATE_WORDS:
            passes = passes or key == word
        if not passes:
            total += np.uint64(key) * _MIX
    return total


@njit(cache=True)
def _token(src: Bytes, i: int, end: int) -> tuple[Number, int]:
    """The hash of what stands before the next space or bracket, any number in it counting as 0; and where it ends."""
    key = np.int64(FNV_OFFSET)
    in_number = False
    while i < end and src[i] > 32 and src[i] != 62:
        is_digit = 48 <= src[i] <= 57
        if not (is_digit and in_number):
            key = (key ^ (48 if is_digit else np.int64(src[i]))) * FNV_PRIME & FNV_MASK
        in_number = is_digit
        i += 1
    return key, i
