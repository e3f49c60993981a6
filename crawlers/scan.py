"""One compiled pass over a serialised parse tree notes a page's text, blocks, headings and link elements.

Lexbor builds the tree and writes it out again: then every tag is closed and every value quoted, and a pass over the
bytes sees what a walk over the nodes would see, many times as fast. Places in the text count code points, places in
the source bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.layout import GROUPS, lay_out
from crawlers.link_words import read_links, word_tables
from crawlers.markup import attributes_of
from crawlers.tags import (
    AREA,
    BASE,
    BR,
    FNV_MASK,
    FNV_OFFSET,
    FNV_PRIME,
    FORM,
    FRAME,
    H1,
    H6,
    IFRAME,
    IMG,
    IS_BLOCK,
    IS_LIST,
    IS_SCOPE,
    IS_UNREAD,
    IS_VOID,
    ITEM,
    KIND_BITS,
    LAST_LINK,
    LAST_NOTE,
    LINK,
    PLAINTEXT,
    SCRIPT,
    SLOTS,
    SVG,
    TEMPLATE,
    TITLE,
    XMP,
    A,
    Number,
    name_key,
    tag_table,
)  # fmt: skip
from crawlers.templates import template_hashes
from crawlers.words import (
    GOING_BY,
    HASHES,
    LAST_KIND,
    LETTER,
    NO_WORD,
    SPACE,
    TENTHS,
    WORD_STATE,
    WORD_TENTHS,
    Hashes,
    end_word,
    finish_words,
    hash_character,
    kind_of_character,
    tenths_of_word,
)  # fmt: skip

MAX_LINKS: Final = 10_000
"""Link elements kept of a page; the rest are counted."""

MAX_NOTES: Final = 5_000
"""Elements kept that may say something of the page; what the rest say is not heard."""

MAX_TEXT_CHARACTERS: Final = 1000
"""Longest title, anchor text and alt text kept."""

CONTEXT_CHARACTERS: Final = 80
"""Context kept on each side of a link."""

HIDES, HAS_IMAGE, NAMES_TYPE, IS_JSON, HAS_TARGET, HAS_ROLE = 1, 2, 4, 8, 16, 32
"""Bits of what is noted of an element: style or hidden attributes; an image inside; itemtype; JSON; src or action;
role."""

_HREF_KEY, _REL_KEY, _ALT_KEY, _STYLE_KEY, _HIDDEN_KEY, _ARIA_HIDDEN_KEY, _ITEMTYPE_KEY, _TYPE_KEY, _SRC_KEY = map(
    name_key, ("href", "rel", "alt", "style", "hidden", "aria-hidden", "itemtype", "type", "src")
)
_ACTION_KEY, _ID_KEY, _CLASS_KEY, _ROLE_KEY, _TEMPLATE_KEY = map(
    name_key, ("action", "id", "class", "role", "template")
)

# Columns of the tables that the pass fills. A place in the text or source is (from, to).
_TAG_AT, _TAG_TO, _PARENT, _TAG, _TEXT_AT, _TEXT_TO, _INK, _LINKED, _LINKS, _TENTHS = range(10)
_IN_BLOCK, _IN_LIST, _IN_LINK, _ROW, _HEADING = range(10, 15)
_ID, _CLASS, _FLAGS, _ELEMENT_COLUMNS = 15, 17, 19, 20
_F_KIND, _F_PARENT, _F_FLAGS, _F_TAG_AT, _F_TAG_TO, _F_END, _F_TEXT_AT, _F_TEXT_TO, _F_HEADING = range(9)
_F_HREF, _F_REL, _F_ALT = 9, 11, 13
_FOUND_COLUMNS = 15
_H_LEVEL, _H_ABOVE, _H_TEXT_AT, _H_TEXT_TO = range(4)
_LINK_COLUMNS = 21

# Columns of what `_gather` makes of them.
(
    L_KIND, L_PATH, L_FLAGS, L_TAG_AT, L_TAG_TO, L_END, L_HEADING, L_BLOCK, L_LIST, L_HREF, L_HREF_TO, L_REL, L_REL_TO,
    L_ALT, L_ALT_TO, L_TEXT, L_TEXT_TO, L_BEFORE, L_AFTER, L_AFTER_TO, L_PLACE,
) = range(_LINK_COLUMNS)  # fmt: skip
"""Of a link: kind, path around, flags, tag from, tag to, end of content, heading above, block, list, href from, to, rel
from, to, alt from, to, text from, to, start of the context before, start and end of that after, place in the text."""
P_TAG_AT, P_TAG_TO, P_OUTER, P_ID, P_ID_TO, P_CLASS, P_CLASS_TO, P_FLAGS, _PATH_COLUMNS = range(9)
"""Of a path: tag from, to, path around it, id from, to, class from, to, flags."""
B_PATH, B_WORDS, B_LINKS, B_INK, B_LINKED, _BLOCK_COLUMNS = range(6)
"""Of a block: path, words, links, ink, ink in links. Ink is text without space."""

# Places in the state that the parts of the pass share, behind the count of words.
_LENGTH, _IS_APART, _INK_SEEN, _LINKED_SEEN, _LINKS_SEEN, _CURRENT_HEADING, _SVG_DEPTH = range(
    WORD_STATE, WORD_STATE + 7
)
_ELEMENTS, _FOUND, _LINK_ROWS, _OVERFLOW, _HEADINGS, _DEPTH = range(WORD_STATE + 7, WORD_STATE + 13)
_STATE = WORD_STATE + 13

# Places in what is read of a tag's attributes.
_A_HREF, _A_REL, _A_ALT, _A_ID, _A_CLASS, _A_FLAGS, _A_SIZE = 0, 2, 4, 6, 8, 10, 11

_LINKING: Final = re.compile(rb"canonical|alternate|feed", re.IGNORECASE)
"""Words without one of which a link element says nothing of the page."""
_NOTHING: Final[Mapping[str, str | None]] = {}

_OUTSIDE, _UNKEPT = -1, -2
"""No element around; a link around that was not kept."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Text = NDArray[np.uint32]


class Note(NamedTuple):
    """An element that says something of the page, or links from nowhere on it."""

    row: int
    """Its place among the links."""
    kind: int
    attributes: Mapping[str, str | None]
    """Of a script, a title and a base they don't matter, and are left out."""
    content: bytes
    """Of raw text."""
    href: tuple[int, int]
    text: tuple[int, int]


@dataclass(frozen=True)
class Scan:
    """What one pass found: tables of whole numbers, -1 for what is not there."""

    source: bytes
    characters: Text
    """All text; white space is single spaces."""
    links: Ints
    """Elements that link or say something of the page, in document order, with the columns `L_…`."""
    paths: Ints
    """The paths of elements around links, outer ones first, with the columns `P_…`."""
    templates: Longs
    """For each of these a signed 64-bit hash of its path without positions: alike on other pages of the host."""
    blocks: Ints
    """The blocks and lists around links, with the columns `B_…`."""
    hints: Longs
    """For each link that stands in an element what its address, rel and text say, and its layout: a row of numbers."""
    hinted_paths: Ints
    """The paths around these links."""
    headings: list[list[int]]
    """Level, the heading above, text from, text to."""
    word_count: int
    simhash: int | None
    overflow_count: int
    """Link elements beyond MAX_LINKS."""

    @cached_property
    def text(self) -> str:
        """All text, for the few that look for words in it."""
        return self.text_of(0, self.characters.size)

    @cached_property
    def notes(self) -> list[Note]:
        """The elements that stand at no place of the page, in document order; of links to style sheets and the like
        none."""
        notes = []
        rows = np.flatnonzero(self.links[:, L_KIND] > LAST_LINK)
        for row, link in zip(rows.tolist(), self.links[rows].tolist(), strict=True):
            kind, tag = link[L_KIND], self.source[link[L_TAG_AT] : link[L_TAG_TO]]
            if kind == LINK and _LINKING.search(tag) is None:
                continue
            attributes = _NOTHING if kind in (SCRIPT, TITLE, BASE) else attributes_of(tag)
            content = self.source[link[L_TAG_TO] : link[L_END]]
            href, text = (link[L_HREF], link[L_HREF_TO]), (link[L_TEXT], link[L_TEXT_TO])
            notes.append(Note(row, kind, attributes, content, href, text))
        return notes

    @property
    def outer_paths(self) -> Ints:
        """For each path that around it."""
        return np.ascontiguousarray(self.paths[:, P_OUTER])

    def text_of(self, first: int, last: int) -> str:
        """A stretch of the text."""
        return self.characters[first:last].tobytes().decode("utf-32-le")


def scan(markup: str) -> Scan:
    """Read serialised markup; time and memory grow with it, no faster."""
    source = markup.encode()
    room = source.count(b"<") + 2
    text = np.empty(len(source) + 1, np.uint32)
    elements = np.empty((room, _ELEMENT_COLUMNS), np.int32)
    found = np.empty((min(room, MAX_LINKS + MAX_NOTES), _FOUND_COLUMNS), np.int32)
    headings = np.empty((room, 4), np.int32)
    state = np.zeros(_STATE, np.int64)
    hashes, votes = np.zeros(HASHES, np.uint64), np.zeros(64, np.int64)
    src = np.frombuffer(source, np.uint8)
    simhash = _read(src, *tag_table(), text, elements, found, headings, state, hashes, votes)
    length = int(state[_LENGTH])
    links, paths, blocks = _gather(src, elements[: state[_ELEMENTS]], found[: state[_FOUND]], text)
    hints, hinted_paths = _hint(src, elements[: state[_ELEMENTS]], found[: state[_FOUND]], links, text, length)
    return Scan(
        source=source,
        characters=text[:length],
        links=links,
        paths=paths,
        templates=template_hashes(src, paths),
        blocks=blocks,
        hints=hints,
        hinted_paths=hinted_paths,
        headings=headings[: state[_HEADINGS]].tolist(),
        word_count=(int(state[WORD_TENTHS]) + TENTHS - 1) // TENTHS,
        simhash=int(simhash) if length else None,
        overflow_count=int(state[_OVERFLOW]),
    )


def _hint(src: Bytes, elements: Ints, found: Ints, links: Ints, text: Text, length: int) -> tuple[Longs, Ints]:
    """What tells where the links stand, but for the elements around them."""
    placed = _placed(found, links)
    hints = np.empty((placed.shape[0], 2 + GROUPS), np.int64)
    read_links(src, text, placed, word_tables(), hints)
    lay_out(elements[:, _PARENT : _IN_BLOCK + 1], placed, length, hints)
    return hints, np.ascontiguousarray(placed[:, 1])


@njit(cache=True, nogil=True)
def _placed(found: Ints, links: Ints) -> Ints:
    """Of each link in an element: that element, its path, text from, to, href from, to, rel from, to."""
    placed = np.empty((found.shape[0], 8), np.int32)
    count = 0
    for row in range(found.shape[0]):
        this = found[row]
        if this[_F_KIND] <= LAST_LINK and this[_F_PARENT] >= 0:
            that = placed[count]
            that[0], that[1], that[2], that[3] = this[_F_PARENT], links[row, 1], this[_F_TEXT_AT], this[_F_TEXT_TO]
            for k in range(4):
                that[4 + k] = this[_F_HREF + k]
            count += 1
    return placed[:count]


@njit(cache=True, nogil=True)
def _read(
    src: Bytes, keys: Longs, numbers: Longs, text: Text, elements: Ints, found: Ints, headings: Ints, state: Longs,
    hashes: Hashes, votes: Longs,
) -> Number:  # fmt: skip
    """Tag by tag through the markup; gives the simhash."""
    stack = np.empty(elements.shape[0] + 1, np.int32)
    names = np.empty(elements.shape[0] + 1, np.int64)
    attributes = np.empty(_A_SIZE, np.int64)
    n = src.size
    i = templates = 0
    hashes[GOING_BY] = NO_WORD
    state[_IS_APART] = 1
    state[_CURRENT_HEADING] = _OUTSIDE
    while i < n:
        if src[i] != 60:
            i = (
                _find(src, i, n, 60)
                if templates
                else _read_text(src, i, n, False, text, elements, stack, state, hashes, votes)
            )
            continue
        second = src[i + 1] if i + 1 < n else 0
        if second == 33 and i + 3 < n and src[i + 2] == 45 and src[i + 3] == 45:
            i = _after_comment(src, i + 4, n)
        elif second == 33 or second == 63:
            i = _find(src, i, n, 62) + 1
        elif second == 47:
            key, i = _name(src, i + 2, n)
            i = _find(src, i, n, 62) + 1
            if templates:
                templates -= key == _TEMPLATE_KEY
            else:
                _close_named(key, stack, names, elements, found, headings, state)
        else:
            at = i
            key, i = _name(src, i + 1, n)
            number = _look_up(key, keys, numbers)
            i = _read_attributes(src, i, n, attributes)
            kind = number & KIND_BITS
            if kind == TEMPLATE:
                templates += 1
                continue
            end = _after_raw(src, at + 1, i, n, kind == SCRIPT) if number & IS_UNREAD else i
            if not templates:
                _open(number, key, at, i, end, attributes, stack, names, elements, found, headings, state)
            if number & IS_UNREAD and not templates:
                _close(stack, elements, found, headings, state)
                i = _find(src, end, n, 62) + 1
            elif number & IS_UNREAD:
                i = end
            elif kind in (XMP, PLAINTEXT):
                end = _after_raw(src, at + 1, i, n, False)
                i = end if templates else _read_text(src, i, end, True, text, elements, stack, state, hashes, votes)
    while state[_DEPTH]:
        _close(stack, elements, found, headings, state)
    return finish_words(state, hashes, votes)


@njit(cache=True)
def _find(src: Bytes, i: int, n: int, byte: int) -> int:
    while i < n and src[i] != byte:
        i += 1
    return i


@njit(cache=True)
def _name(src: Bytes, i: int, n: int) -> tuple[Number, int]:
    """The hash of the tag name that begins here, and where it ends."""
    key = np.int64(FNV_OFFSET)
    while i < n and src[i] != 62 and src[i] != 32:
        key = (key ^ np.int64(src[i])) * FNV_PRIME & FNV_MASK
        i += 1
    return key, i


@njit(cache=True)
def _look_up(key: int, keys: Longs, numbers: Longs) -> Number:
    slot = key & (SLOTS - 1)
    while numbers[slot] and keys[slot] != key:
        slot = (slot + 1) & (SLOTS - 1)
    return numbers[slot]


@njit(cache=True)
def _after_comment(src: Bytes, i: int, n: int) -> int:
    while i < n and not (src[i] == 62 and src[i - 1] == 45 and src[i - 2] == 45):
        i += 1
    return i + 1


@njit(cache=True)
def _after_raw(src: Bytes, name: int, i: int, n: int, is_script: bool) -> int:
    """Where the end tag of an element with raw content begins; of a script by the rules for `<!--` inside it.

    Source: https://html.spec.whatwg.org/multipage/parsing.html#script-data-double-escaped-state
    """
    size = 0
    while src[name + size] != 62 and src[name + size] != 32:
        size += 1
    escapes = 0
    while i < n:
        if src[i] == 60 and i + size + 2 < n:
            is_end = src[i + 1] == 47
            if _is_named(src, name, i + 1 + is_end, size):
                if is_end and escapes < 2:
                    return i
                escapes = 1 if is_end else 2 if escapes else 0
            elif is_script and not escapes and src[i + 1] == 33 and src[i + 2] == 45 and src[i + 3] == 45:
                escapes = 1
                i += 1
        elif escapes and src[i] == 62 and src[i - 1] == 45 and src[i - 2] == 45:
            escapes = 0
        i += 1
    return n


@njit(cache=True)
def _is_named(src: Bytes, name: int, at: int, size: int) -> Number:
    """Whether the tag name at a place is that name in any case, and ends there."""
    for k in range(size):
        if src[at + k] | 32 != src[name + k]:
            return False
    ending = src[at + size]
    return ending == 62 or ending == 47 or ending == 32 or 9 <= ending <= 13


@njit(cache=True)
def _read_attributes(src: Bytes, i: int, n: int, attributes: Longs) -> int:
    """Note the attributes that matter; gives where the tag ends."""
    for k in range(_A_FLAGS):
        attributes[k] = -1
    flags = 0
    while i < n and src[i] != 62:
        if src[i] == 32:
            i += 1
            continue
        key = np.int64(FNV_OFFSET)
        first = i
        while i < n and src[i] != 32 and src[i] != 62 and (src[i] != 61 or i == first):
            key = (key ^ np.int64(src[i])) * FNV_PRIME & FNV_MASK
            i += 1
        value = end = i
        if i + 1 < n and src[i] == 61:
            value = i + 2
            end = _find(src, value, n, 34)
            i = end + 1
        if key == _HREF_KEY:
            attributes[_A_HREF], attributes[_A_HREF + 1] = value, end
        elif key == _REL_KEY:
            attributes[_A_REL], attributes[_A_REL + 1] = value, end
        elif key == _ALT_KEY:
            attributes[_A_ALT], attributes[_A_ALT + 1] = value, end
        elif key in (_STYLE_KEY, _HIDDEN_KEY, _ARIA_HIDDEN_KEY):
            flags |= HIDES
        elif key == _ID_KEY:
            attributes[_A_ID], attributes[_A_ID + 1] = value, end
        elif key == _CLASS_KEY:
            attributes[_A_CLASS], attributes[_A_CLASS + 1] = value, end
        elif key in (_SRC_KEY, _ACTION_KEY):
            flags |= HAS_TARGET
        elif key == _ROLE_KEY:
            flags |= HAS_ROLE
        elif key == _ITEMTYPE_KEY:
            flags |= NAMES_TYPE
        elif key == _TYPE_KEY and _find(src, value, end, 43) < end:  # the plus of application/ld+json
            flags |= IS_JSON
    attributes[_A_FLAGS] = flags
    return i + 1


@njit(cache=True)
def _read_text(
    src: Bytes,
    i: int,
    n: int,
    is_raw: bool,
    text: Text,
    elements: Ints,
    stack: Ints,
    state: Longs,
    hashes: Hashes,
    votes: Longs,
) -> int:
    """Take in characters up to the next tag, or all of them where the content is raw; gives where it stopped."""
    length = first = state[_LENGTH]
    is_apart, last_kind = state[_IS_APART] != 0, state[LAST_KIND]
    word, tenths, spaces = hashes[GOING_BY], state[WORD_TENTHS], 0
    while i < n:
        c: Number = np.int64(src[i])
        if c < 128:
            if c == 60 and not is_raw:
                break
            i += 1
            if c == 38 and not is_raw:
                c, i = _character_of_entity(src, i, n)
        elif c < 224:
            c = (c & 31) << 6 | (np.int64(src[i + 1]) & 63)
            i += 2
        elif c < 240:
            c = (c & 15) << 12 | (np.int64(src[i + 1]) & 63) << 6 | (np.int64(src[i + 2]) & 63)
            i += 3
        else:
            c = (c & 7) << 18 | (np.int64(src[i + 1]) & 63) << 12
            c |= (np.int64(src[i + 2]) & 63) << 6 | (np.int64(src[i + 3]) & 63)
            i += 4
        kind = LETTER if 32 < c < 128 else kind_of_character(c)
        if kind == SPACE:
            is_apart = True
            continue
        if is_apart or kind != LETTER or last_kind != LETTER:
            end_word(word, state, hashes, votes)
            word = NO_WORD
            tenths += tenths_of_word(kind)
            if is_apart and length:
                text[length] = 32
                length += 1
                spaces += 1
            is_apart = False
            last_kind = kind
        word = hash_character(word, c)
        text[length] = c
        length += 1
    hashes[GOING_BY], state[WORD_TENTHS], state[LAST_KIND] = word, tenths, last_kind
    ink = length - first - spaces
    state[_LENGTH] = length
    state[_IS_APART] = is_apart
    state[_INK_SEEN] += ink
    if state[_DEPTH] and elements[stack[state[_DEPTH] - 1], _IN_LINK] != _OUTSIDE:
        state[_LINKED_SEEN] += ink
    return i


@njit(cache=True)
def _character_of_entity(src: Bytes, i: int, n: int) -> tuple[int, int]:
    """The character of `&amp;`, `&lt;`, `&gt;` or `&nbsp;`: serialised text has no others; and what follows it."""
    second = src[i] if i < n else 0
    if second == 97:
        return 38, i + 4
    if second == 108:
        return 60, i + 3
    if second == 103:
        return 62, i + 3
    if second == 110:
        return 160, i + 5
    return 38, i


@njit(cache=True)
def _open(
    number: int, key: int, at: int, to: int, end: int, attributes: Longs, stack: Ints, names: Longs, elements: Ints,
    found: Ints, headings: Ints, state: Longs,
) -> None:  # fmt: skip
    kind = number & KIND_BITS
    depth = state[_DEPTH]
    parent = stack[depth - 1] if depth else _OUTSIDE
    link_around = elements[parent, _IN_LINK] if depth else _OUTSIDE
    if number & IS_BLOCK or kind == BR:
        state[_IS_APART] = 1
    row = _note(kind, parent, at, to, end, attributes, found, state)
    if kind == IMG and link_around >= 0:
        _note_image(found[link_around], attributes)
    if number & IS_VOID:
        return
    element = state[_ELEMENTS]
    state[_ELEMENTS] += 1
    stack[depth], names[depth] = element, key
    state[_DEPTH] += 1
    this = elements[element]
    this[_TAG_AT], this[_TAG_TO], this[_PARENT], this[_TAG], this[_ROW] = at, to, parent, number, row
    for k in range(4):
        this[_ID + k] = attributes[_A_ID + k]
    this[_FLAGS] = attributes[_A_FLAGS]
    this[_IN_BLOCK] = elements[parent, _IN_BLOCK] if depth else _OUTSIDE
    this[_IN_LIST] = elements[parent, _IN_LIST] if depth else _OUTSIDE
    this[_IN_LINK] = row if kind == A and attributes[_A_HREF] >= 0 else link_around
    if number & IS_BLOCK:
        this[_IN_BLOCK] = element
        this[_TEXT_AT], this[_INK], this[_LINKED] = state[_LENGTH], state[_INK_SEEN], state[_LINKED_SEEN]
        this[_LINKS], this[_TENTHS] = state[_LINKS_SEEN], state[WORD_TENTHS]
    if number & IS_LIST:
        this[_IN_LIST] = element
    if kind == A and attributes[_A_HREF] >= 0:
        state[_LINKS_SEEN] += 1
    elif kind == SVG:
        state[_SVG_DEPTH] += 1
    elif H1 <= kind <= H6:
        this[_HEADING] = _open_heading(kind - H1 + 1, headings, state)
    elif number & IS_SCOPE:
        this[_HEADING] = state[_CURRENT_HEADING]
        state[_CURRENT_HEADING] = _OUTSIDE


@njit(cache=True)
def _note(kind: int, parent: int, at: int, to: int, end: int, attributes: Longs, found: Ints, state: Longs) -> Number:
    """Give an element that links or says something of the page its row, or say that it has none."""
    flags = attributes[_A_FLAGS]
    if kind in (A, AREA, LINK, BASE):
        is_found = attributes[_A_HREF] >= 0 and (kind != BASE or not state[_SVG_DEPTH])
    elif kind in (IFRAME, FRAME, FORM):
        is_found = flags & HAS_TARGET != 0
    elif kind == SCRIPT:
        is_found = flags & IS_JSON != 0
    elif kind == TITLE:
        is_found = not state[_SVG_DEPTH]
    else:
        is_found = 0 < kind <= LAST_NOTE
    if not is_found:
        if not flags & NAMES_TYPE:
            return _OUTSIDE
        kind = ITEM
    is_link = kind <= LAST_LINK
    if (state[_LINK_ROWS] == MAX_LINKS) if is_link else (state[_FOUND] - state[_LINK_ROWS] == MAX_NOTES):
        state[_OVERFLOW] += is_link
        return _UNKEPT
    row = state[_FOUND]
    state[_FOUND] += 1
    state[_LINK_ROWS] += is_link
    this = found[row]
    this[_F_KIND], this[_F_PARENT], this[_F_FLAGS] = kind, parent, flags
    this[_F_TAG_AT], this[_F_TAG_TO], this[_F_END] = at, to, end
    this[_F_TEXT_AT] = this[_F_TEXT_TO] = state[_LENGTH]
    this[_F_HEADING] = state[_CURRENT_HEADING]
    for k in range(_A_ID):
        this[_F_HREF + k] = attributes[k]
    return row


@njit(cache=True)
def _note_image(link: Ints, attributes: Longs) -> None:
    """The first alt text that says something stands for all images of the link."""
    link[_F_FLAGS] |= HAS_IMAGE
    if attributes[_A_ALT] >= 0 and link[_F_ALT] >= link[_F_ALT + 1]:
        link[_F_ALT], link[_F_ALT + 1] = attributes[_A_ALT], attributes[_A_ALT + 1]


@njit(cache=True)
def _open_heading(level: int, headings: Ints, state: Longs) -> Number:
    above = state[_CURRENT_HEADING]
    while above >= 0 and headings[above, _H_LEVEL] >= level:
        above = headings[above, _H_ABOVE]
    state[_CURRENT_HEADING] = above
    row = state[_HEADINGS]
    state[_HEADINGS] += 1
    headings[row, _H_LEVEL], headings[row, _H_ABOVE] = level, above
    headings[row, _H_TEXT_AT] = headings[row, _H_TEXT_TO] = state[_LENGTH]
    return row


@njit(cache=True)
def _close_named(
    key: int, stack: Ints, names: Longs, elements: Ints, found: Ints, headings: Ints, state: Longs
) -> None:
    """Close the innermost element of that name; a stray end tag (from raw text in SVG) closes nothing."""
    depth = state[_DEPTH] - 1
    lowest = max(depth - 64, 0)
    while depth >= lowest and names[depth] != key:
        depth -= 1
    if depth >= lowest:
        while state[_DEPTH] > depth:
            _close(stack, elements, found, headings, state)


@njit(cache=True)
def _close(stack: Ints, elements: Ints, found: Ints, headings: Ints, state: Longs) -> None:
    state[_DEPTH] -= 1
    this = elements[stack[state[_DEPTH]]]
    kind = this[_TAG] & KIND_BITS
    if this[_ROW] >= 0:
        found[this[_ROW], _F_TEXT_TO] = state[_LENGTH]
    if this[_TAG] & IS_BLOCK:
        state[_IS_APART] = 1
        this[_TEXT_TO], this[_INK] = state[_LENGTH], state[_INK_SEEN] - this[_INK]
        this[_LINKED], this[_LINKS] = state[_LINKED_SEEN] - this[_LINKED], state[_LINKS_SEEN] - this[_LINKS]
        this[_TENTHS] = state[WORD_TENTHS] - this[_TENTHS]
    if kind == SVG:
        state[_SVG_DEPTH] -= 1
    elif H1 <= kind <= H6:
        headings[this[_HEADING], _H_TEXT_TO] = state[_LENGTH]
        if state[_LENGTH] > headings[this[_HEADING], _H_TEXT_AT]:
            state[_CURRENT_HEADING] = this[_HEADING]
    elif this[_TAG] & IS_SCOPE:
        state[_CURRENT_HEADING] = this[_HEADING]


@njit(cache=True, nogil=True)
def _gather(src: Bytes, elements: Ints, found: Ints, text: Text) -> tuple[Ints, Ints, Ints]:
    """Number the elements and blocks around links anew, and cut every link's texts to size."""
    number = np.empty(elements.shape[0], np.int32)
    block_number = np.empty(elements.shape[0], np.int32)
    for element in range(number.size):
        number[element] = block_number[element] = _OUTSIDE
    paths = _paths(src, elements, found, number)
    blocks = np.empty((2 * found.shape[0] + 1, _BLOCK_COLUMNS), np.int32)
    links = np.empty((found.shape[0], _LINK_COLUMNS), np.int32)
    block_count = 0
    for row in range(found.shape[0]):
        link, parent, first, last = links[row], found[row, _F_PARENT], found[row, _F_TEXT_AT], found[row, _F_TEXT_TO]
        link[L_KIND] = found[row, _F_KIND]
        link[L_PATH] = number[parent] if parent >= 0 else _OUTSIDE
        for k in range(4):
            link[L_FLAGS + k] = found[row, _F_FLAGS + k]
        link[L_HEADING] = found[row, _F_HEADING]
        link[L_BLOCK] = link[L_LIST] = _OUTSIDE
        for k in range(6):
            link[L_HREF + k] = found[row, _F_HREF + k]
        link[L_TEXT], link[L_TEXT_TO] = _trim(text, first, last, MAX_TEXT_CHARACTERS)
        link[L_BEFORE] = link[L_AFTER] = link[L_AFTER_TO] = link[L_PLACE] = first
        if link[L_KIND] > LAST_LINK or parent < 0:
            continue
        for column in range(2):
            block = elements[parent, _IN_BLOCK + column]
            if block >= 0 and block_number[block] < 0:
                block_number[block] = block_count
                this = blocks[block_count]
                this[B_PATH], this[B_WORDS] = number[block], (elements[block, _TENTHS] + TENTHS - 1) // TENTHS
                this[B_LINKS], this[B_INK] = elements[block, _LINKS], elements[block, _INK]
                this[B_LINKED] = elements[block, _LINKED]
                block_count += 1
            link[L_BLOCK + column] = block_number[block] if block >= 0 else _OUTSIDE
        block = elements[parent, _IN_BLOCK]
        begin = max(elements[block, _TEXT_AT], first - CONTEXT_CHARACTERS)
        link[L_BEFORE] = begin + 1 if begin < first and text[begin] == 32 else begin
        link[L_AFTER], link[L_AFTER_TO] = _trim(text, last, elements[block, _TEXT_TO], CONTEXT_CHARACTERS)
    return links, paths, blocks[:block_count]


@njit(cache=True)
def _paths(src: Bytes, elements: Ints, found: Ints, number: Ints) -> Ints:
    """Number the paths that lead to links, equal ones alike; gives their table."""
    marked = 0
    for row in range(found.shape[0]):
        element = found[row, _F_PARENT] if found[row, _F_KIND] <= LAST_LINK else _OUTSIDE
        while element >= 0 and number[element] < 0:
            number[element] = 0
            element = elements[element, _PARENT]
            marked += 1
    paths = np.empty((marked, _PATH_COLUMNS), np.int32)
    slots = 2
    while slots < 2 * marked:
        slots *= 2
    table = np.empty(slots, np.int32)
    for slot in range(slots):
        table[slot] = _OUTSIDE
    kept = 0
    for element in range(number.size):
        if number[element] == 0:
            this = elements[element]
            outer = number[this[_PARENT]] if this[_PARENT] >= 0 else _OUTSIDE
            slot = _slot_of_path(src, this, outer, paths, table)
            if table[slot] < 0:
                table[slot] = kept
                path = paths[kept]
                path[P_TAG_AT], path[P_TAG_TO], path[P_OUTER] = this[_TAG_AT], this[_TAG_TO], outer
                for k in range(4):
                    path[P_ID + k] = this[_ID + k]
                path[P_FLAGS] = this[_FLAGS]
                kept += 1
            number[element] = table[slot]
    return paths[:kept]


@njit(cache=True)
def _slot_of_path(src: Bytes, this: Ints, outer: int, paths: Ints, table: Ints) -> Number:
    """Where a hash table holds a path of the same tags byte for byte, or may hold it."""
    at, size = this[_TAG_AT], this[_TAG_TO] - this[_TAG_AT]
    key = np.int64(FNV_OFFSET) ^ (outer + 1)
    for k in range(size):
        key = (key ^ np.int64(src[at + k])) * FNV_PRIME & FNV_MASK
    slot = (key ^ key >> 15) & (table.size - 1)
    while table[slot] >= 0:
        other = paths[table[slot]]
        is_same = other[P_OUTER] == outer and other[P_TAG_TO] - other[P_TAG_AT] == size
        k = 0
        while is_same and k < size:
            is_same = src[at + k] == src[other[P_TAG_AT] + k]
            k += 1
        if is_same:
            break
        slot = (slot + 1) & (table.size - 1)
    return slot


@njit(cache=True)
def _trim(text: Text, first: int, last: int, limit: int) -> tuple[int, int]:
    """The first characters of a stretch of text, without a space at either end."""
    if first < last and text[first] == 32:
        first += 1
    end = min(last, first + limit)
    return first, end - 1 if first < end and text[end - 1] == 32 else end
