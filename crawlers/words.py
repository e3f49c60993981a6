"""Words of any script, counted and hashed while a page's characters go by; compiled.

Chinese, Japanese, Thai, Lao, Khmer and Burmese part no words by spaces. Without a dictionary their words are counted by
their usual length: a Han or Kana character is half a word, a letter of the others a fifth.

Numba keeps compiled code until the file of the caller changes: after a change here or in `tags.py`, touch `scan.py`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.tags import Number

Longs = NDArray[np.int64]
Hashes = NDArray[np.uint64]

LETTER, SPACE, IDEOGRAPHIC, UNSPACED, MARK = 0, 1, 2, 3, 4
"""Kinds of characters; MARK is punctuation of scripts without spaces, and no word."""

TENTHS = 10
"""Words are counted in tenths."""

LAST_KIND, WORDS_HASHED, WORD_TENTHS, WORD_STATE = 0, 1, 2, 3
"""Places in the state of the count; WORD_STATE is its size."""

GOING_BY, _LAST, _SECOND, _THIRD, HASHES = 0, 1, 2, 3, 4
"""Places among the hashes: the word that goes by, the last three words; HASHES is their number."""

# FNV-1a of 64 bits; 2^64 divided by the golden ratio, which spreads what it multiplies. Unsigned: these overflow.
NO_WORD, _PRIME, _MIX = np.uint64(14695981039346656037), np.uint64(1099511628211), np.uint64(11400714819323198485)
_ONE, _SHIFT_1, _SHIFT_2 = np.uint64(1), np.uint64(29), np.uint64(32)


@njit(cache=True)
def kind_of_character(c: int) -> int:
    """What a character is to words; white space is what Python's str.isspace says."""
    if c < 0x0E00:
        return SPACE if (c <= 0x20 and (9 <= c <= 13 or c >= 0x1C)) or c == 0x85 or c == 0xA0 else LETTER
    if c < 0x0F00 or 0x1000 <= c < 0x10A0 or 0x1780 <= c < 0x1800:
        return UNSPACED
    if c < 0x3041:
        if c == 0x1680 or 0x2000 <= c <= 0x200A or 0x2028 <= c <= 0x2029 or c in (0x202F, 0x205F, 0x3000):
            return SPACE
        return MARK if c > 0x3000 else LETTER
    if c < 0xA000 or 0x20000 <= c < 0x40000:
        if 0x3100 <= c < 0x31F0 or 0x3200 <= c < 0x3400:  # Bopomofo, Hangul letters, enclosed letters and months
            return LETTER
        return IDEOGRAPHIC
    if 0xF900 <= c < 0xFB00 or 0xFF66 <= c < 0xFF9E:
        return IDEOGRAPHIC
    return MARK if 0xFF00 < c < 0xFF10 or 0xFF1A <= c < 0xFF21 or 0xFF5F <= c < 0xFF66 else LETTER


@njit(cache=True)
def tenths_of_word(kind: int) -> int:
    """What a character that begins a word adds to the count."""
    return 10 if kind == LETTER else 5 if kind == IDEOGRAPHIC else 2 if kind == UNSPACED else 0


@njit(cache=True)
def hash_character(word: np.uint64, c: int) -> np.uint64:
    """The hash of a word with one more character; case and ASCII punctuation make it no other word."""
    if c < 128:
        c |= 32
        if not (97 <= c <= 122 or 48 <= c <= 57):
            return word
    return (word ^ np.uint64(c)) * _PRIME


@njit(cache=True)
def end_word(word: np.uint64, state: Longs, hashes: Hashes, votes: Longs) -> None:
    """Let the shingle of the last three words vote on every bit of the simhash (Charikar 2002)."""
    if word == NO_WORD:
        return
    hashes[_THIRD], hashes[_SECOND], hashes[_LAST] = hashes[_SECOND], hashes[_LAST], word
    state[WORDS_HASHED] += 1
    if state[WORDS_HASHED] >= 3:
        _vote(hashes, votes)


@njit(cache=True)
def finish_words(state: Longs, hashes: Hashes, votes: Longs) -> Number:
    """The simhash of all words as a signed number; a text of one or two words votes as one shingle."""
    end_word(hashes[GOING_BY], state, hashes, votes)
    shingles = state[WORDS_HASHED] - 2
    if shingles < 1:
        _vote(hashes, votes)
        shingles = 1
    simhash = np.uint64(0)
    for bit in range(64):
        if votes[bit] * 2 > shingles:
            simhash |= _ONE << np.uint64(bit)
    return np.int64(simhash)


@njit(cache=True)
def _vote(hashes: Hashes, votes: Longs) -> None:
    shingle = ((hashes[_THIRD] * _PRIME) ^ hashes[_SECOND]) * _PRIME ^ hashes[_LAST]
    shingle *= _MIX
    shingle = (shingle ^ (shingle >> _SHIFT_1)) * _MIX
    shingle ^= shingle >> _SHIFT_2
    for bit in range(64):
        votes[bit] += np.int64((shingle >> np.uint64(bit)) & _ONE)
