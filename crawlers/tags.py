"""What the extractor knows of HTML's element and attribute names, and how compiled code looks them up."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BLOCK_NAMES = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol option p pre search
section summary table tbody td tfoot th thead tr ul
"""
BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
"""Elements on lines of their own: their borders part words, and context ends there."""

LISTS: Final = frozenset(["ol", "ul"])

UNREAD: Final = frozenset(["iframe", "noembed", "noframes", "script", "style", "template", "textarea", "title"])
"""Elements whose content is no text of the page and holds no links: raw text, or another document."""

SCOPES: Final = frozenset(["aside", "footer", "nav"])
"""Boxes beside the text: no heading outside such a box stands above a link inside it, nor the other way round."""

_VOID_NAMES = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
VOID: Final = frozenset(_VOID_NAMES.split())
"""Elements without an end tag (https://html.spec.whatwg.org/multipage/parsing.html#serializes-as-void)."""

Number = Any
"""A whole number in compiled code: mypy tells NumPy's from Python's, Numba does not."""

# A tag's number holds its kind, and above it these flags.
KIND_BITS: Final = 0xFF
IS_BLOCK, IS_LIST, IS_UNREAD, IS_SCOPE, IS_VOID = 0x100, 0x200, 0x400, 0x800, 0x1000

A, AREA, IFRAME, FRAME, FORM = 1, 2, 3, 4, 5
"""Kinds of elements that link from a place on the page."""
LAST_LINK: Final = FORM
LINK, META, BASE, TITLE, HTML, SCRIPT, TIME, ITEM = 6, 7, 8, 9, 10, 11, 12, 13
"""Kinds that say something of the page; ITEM is any other element that names its microdata type."""
LAST_NOTE: Final = ITEM
IMG, BR, SVG, TEMPLATE, XMP, PLAINTEXT = 14, 15, 16, 17, 18, 19
H1, H6 = 20, 25

_KINDS: Final = {
    "a": A, "area": AREA, "iframe": IFRAME, "frame": FRAME, "form": FORM, "link": LINK, "meta": META, "base": BASE,
    "title": TITLE, "html": HTML, "script": SCRIPT, "time": TIME, "img": IMG, "br": BR, "svg": SVG,
    "template": TEMPLATE, "xmp": XMP, "plaintext": PLAINTEXT, **{f"h{level}": H1 + level - 1 for level in range(1, 7)},
}  # fmt: skip

SLOTS: Final = 1024
"""Slots of the table of names; some 90 names leave most free."""

FNV_OFFSET: Final = 2166136261
FNV_PRIME: Final = 16777619
FNV_MASK: Final = 0xFFFF_FFFF
"""FNV-1a of 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/): no product leaves 64 bits, whose signed overflow
compiled code takes for impossible."""


def name_key(name: str) -> int:
    """The hash by which compiled code knows a name. A made-up name may share one and pass for another element."""
    key = FNV_OFFSET
    for byte in name.encode():
        key = ((key ^ byte) * FNV_PRIME) & FNV_MASK
    return key


@cache
def tag_table() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(keys, numbers) of the names that mean something, as a hash table with open addressing."""
    keys, numbers = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    for name in sorted({*BLOCKS, *UNREAD, *SCOPES, *VOID, *_KINDS}):
        key = name_key(name)
        slot = key & (SLOTS - 1)
        while numbers[slot]:
            slot = (slot + 1) & (SLOTS - 1)
        keys[slot], numbers[slot] = key, _number(name)
    return keys, numbers


def _number(name: str) -> int:
    flags: Iterable[tuple[frozenset[str], int]] = (
        (BLOCKS, IS_BLOCK), (LISTS, IS_LIST), (UNREAD, IS_UNREAD), (SCOPES, IS_SCOPE), (VOID, IS_VOID)
    )  # fmt: skip
    return _KINDS.get(name, 0) | sum(flag for names, flag in flags if name in names)
