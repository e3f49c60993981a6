"""Markup that would cost a tree builder quadratic time or memory is flattened to its text and links first.

The HTML standard's tree builder is not linear: a block's start tag searches all open elements, a paragraph
rebuilds every formatting element left open before it, an attribute is compared with all before it. Lexbor follows
the standard: 40,000 nested divs took 1.8 s (so a million some 20 minutes), and 27 KB of `<b id=1><p><b id=2><p>…`
took 720 MB (measured with selectolax 1.0.2).
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crawlers.tags import BLOCKS, UNREAD

HARMLESS_TAGS: Final = 2000
"""Pages with fewer `<` cost at most some 180 MB and 0.2 s, whatever they hold."""

SHALLOW_TAGS: Final = 15_000
"""Below this many `<` no nesting costs more than 0.3 s."""

MAX_TAGS: Final = 1_000_000
"""Tags up to which any tree fits into memory, at some 300 bytes a node."""

MAX_WORK: Final = 100_000_000
"""Open elements that all tags meet together; each costs about 1 ns."""

MAX_REBUILT: Final = 500_000
"""Formatting elements rebuilt, of some 360 bytes each."""

LARGE_PAGE_BYTES: Final = 10 << 20
"""No page from the web or an archive is larger (crawlers/answers); whoever reads others is kept from running dry."""

MAX_ATTRIBUTES: Final = 2000
LONG_TAG_BYTES: Final = 20_000
MAX_FLAT_LINKS: Final = 20_000
"""Link tags that a flattened page keeps; the rest are counted."""

_KEPT = frozenset([b"a", b"area", b"base", b"form", b"html", b"img", b"link", b"meta"])
_KEPT_ATTRIBUTES = frozenset(b"href rel alt name content http-equiv lang hidden style action method".split(b" "))
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split(b" "))
_RAW = frozenset(name.encode() for name in UNREAD) | {b"xmp"}
_FORMATTING = frozenset(b"b big code em font i nobr s small strike strong tt u".split(b" "))
_TABLES = frozenset([b"table"])
_CELLS = frozenset(b"caption tbody td tfoot th thead tr applet button marquee math object svg".split(b" "))
_BLOCKS = frozenset(name.encode() for name in BLOCKS) - _CELLS - _TABLES
_CELL_ENDS = {b"td": (b"td", b"th"), b"th": (b"td", b"th"), b"tr": (b"tr",)}
_ITEM_ENDS = {b"li": (b"li",), b"dt": (b"dt", b"dd"), b"dd": (b"dt", b"dd"), b"option": (b"option",)}


def _pairs() -> NDArray[np.bool_]:
    """First and second byte behind `<` with which a formatting element may begin."""
    pairs = np.zeros((256, 256), np.bool_)
    for name in _FORMATTING:
        for second in name[1:2] or b"\t\n\f\r />":
            for first, other in product({name[0], name[0] - 32}, {second, second & ~32 if len(name) > 1 else second}):
                pairs[first, other] = True
    return pairs


_ATTRIBUTES = rb"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+"""
_TAG = re.compile(
    rb"<(?:!--(?:-?>|(?P<comment>))|(?P<end>/?)(?P<name>[a-z][^\s/>]*+)"
    rb"(?P<attributes>" + _ATTRIBUTES + rb")>?|[!?/][^>]*+>?)",
    re.IGNORECASE,
)
_STRETCH = re.compile(rb"([^<>]{16384})[^<>]{1024,}([^<>]{1024})")
"""Text or a tag of over 18 KiB: its beginning (a URL of so much is too long), and its end with any closing quote."""
_FORMATTING_PAIRS = _pairs()
_FORMATTING_TAG = re.compile(rb"<(?:" + b"|".join(sorted(_FORMATTING)) + rb")(?=[\s/>])" + _ATTRIBUTES, re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([^\s/>=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+""")


def tame(html: bytes) -> tuple[bytes, int]:
    """Give (markup that parses in linear time and memory, the number of link tags left out of it).

    Harmless markup, which is nearly all, comes back unchanged. Flattened markup keeps text, links and page facts
    in order but no boxes, so that placement is unknown and every context the whole page's. Of a page of more than
    10 MiB long texts and tags are cut short.
    """
    if len(html) > LARGE_PAGE_BYTES:
        html = _STRETCH.sub(_shortened, html)
    if _is_plainly_harmless(html):
        return html, 0
    if html.count(b"<") > MAX_TAGS or _is_costly(html):
        return _flatten(html)
    return html, 0


def _shortened(stretch: re.Match[bytes]) -> bytes:
    return b"".join(piece.decode("utf-8", "ignore").encode() for piece in stretch.groups())


def _is_plainly_harmless(html: bytes) -> bool:
    """Say so of nearly all pages without looking at every tag."""
    octets = np.frombuffer(html, np.uint8)
    places = np.flatnonzero(octets == ord("<"))
    if places.size >= SHALLOW_TAGS:
        return False
    sizes = np.diff(places, prepend=-1, append=len(html))
    for long in np.flatnonzero(sizes >= LONG_TAG_BYTES).tolist():
        end = int(places[long]) if long < places.size else len(html)
        if _may_hold_many_attributes(html[end - int(sizes[long]) + 1 : end]):
            return False
    if places.size < HARMLESS_TAGS:
        return True
    names = places[places < len(html) - 2] + 1
    may_format = int(_FORMATTING_PAIRS[octets[names], octets[names + 1]].sum())
    if places.size * may_format <= MAX_REBUILT:
        return True
    formatting = Counter(_FORMATTING_TAG.findall(html))
    return places.size * sum(min(3, count) for count in formatting.values()) <= MAX_REBUILT


def _may_hold_many_attributes(piece: bytes) -> bool:
    """Look at what follows a `<`; what does not read as a tag may be the rest of one."""
    if len(piece) < LONG_TAG_BYTES:
        return False
    tag = _TAG.match(b"<" + piece)
    return (tag is None or tag.end() >= LONG_TAG_BYTES) and _has_many_attributes(piece)


class _Tag(NamedTuple):
    start: int
    end: int
    is_end: bool
    name: bytes
    attributes: bytes


def _tags(html: bytes) -> Iterator[_Tag]:
    """Tags outside comments and raw text, near enough as a tokenizer sees them, in linear time."""
    lower = html.lower()
    position = 0
    while match := _TAG.search(html, position):
        position = match.end()
        if match["comment"] is not None:
            position = _after(html, b"-->", position)
        elif match["name"]:
            name = match["name"].lower()
            yield _Tag(match.start(), position, bool(match["end"]), name, match["attributes"])
            if name in _RAW and not match["end"]:
                position = _after(lower, b"</" + name, position)


def _after(html: bytes, mark: bytes, position: int) -> int:
    found = html.find(mark, position)
    return len(html) if found < 0 else found + len(mark)


def _is_costly(html: bytes) -> bool:
    """Estimate what a tree builder would do; stops at the first limit passed."""
    elements = _OpenElements()
    work = roots = end = 0
    for tag in _tags(html):
        if tag.end - tag.start > LONG_TAG_BYTES and _has_many_attributes(tag.attributes):
            return True
        if tag.start > end:
            elements.rebuild_formatting()
        end = tag.end
        if tag.name in (b"html", b"body"):
            roots += 1  # each adds its attributes to the first of its kind
        elif tag.is_end:
            elements.close(tag.name)
        elif tag.name not in _VOID and tag.name not in _RAW:
            elements.open(tag.name, html[tag.start : tag.end])
        work += elements.depth
        if work > MAX_WORK or elements.rebuilt > MAX_REBUILT or roots > MAX_ATTRIBUTES:
            return True
    return False


def _has_many_attributes(attributes: bytes) -> bool:
    return sum(1 for _ in _ATTRIBUTE.finditer(attributes)) > MAX_ATTRIBUTES


class _Element:
    """An open element; a formatting element is active until its own end tag, and then outlives its parents."""

    __slots__ = ("is_active", "level", "markup", "name")

    def __init__(self, name: bytes, level: int, markup: bytes, is_active: bool) -> None:
        self.name = name
        self.level = level
        self.markup = markup
        self.is_active = is_active


class _OpenElements:
    """The tree builder's stack of open elements, roughly: an end tag closes what stands on its level or below.

    Levels: inline 0, block 1, cell (and what else bounds a scope) 2, table 3. Where the rules are simplified, fewer
    elements are closed than a tree builder would close.
    """

    def __init__(self) -> None:
        self.rebuilt = 0
        self._stack: list[_Element] = []
        self._named: dict[bytes, list[int]] = {}
        self._levels: tuple[list[int], ...] = ([], [], [], [])
        self._lost: list[_Element] = []  # active formatting elements whose parents were closed
        self._active: Counter[bytes] = Counter()

    @property
    def depth(self) -> int:
        return len(self._stack)

    def open(self, name: bytes, markup: bytes) -> None:
        level = _level(name)
        if level:
            self._close_implied(name)
        else:
            self.rebuild_formatting()
        # At most three equal formatting elements are active ("Noah's Ark clause").
        is_active = name in _FORMATTING and self._active[markup] < 3
        self._active[markup] += is_active
        self._push(_Element(name, level, markup, is_active))

    def close(self, name: bytes) -> None:
        at = self._last(name)
        if name in _FORMATTING:
            self._deactivate(name, at)
        if at > self._last_above(_level(name)):
            self._pop_to(at)

    def rebuild_formatting(self) -> None:
        lost, self._lost = self._lost, []
        self.rebuilt += len(lost)
        for element in lost:
            self._push(element)

    def _close_implied(self, name: bytes) -> None:
        paragraph = self._last(b"p")
        if name in _BLOCKS and paragraph > self._last_above(1):
            self._pop_to(paragraph)
        for ended in _CELL_ENDS.get(name, ()):
            if (at := self._last(ended)) > self._last_above(2):
                self._pop_to(at)
        for ended in _ITEM_ENDS.get(name, ()):
            if (at := self._last(ended)) >= max(self._last_above(0), 0):
                self._pop_to(at)

    def _deactivate(self, name: bytes, at: int) -> None:
        element = self._stack[at] if at >= 0 else None
        if element is None:
            lost = [place for place, formatting in enumerate(self._lost) if formatting.name == name]
            element = self._lost.pop(lost[-1]) if lost else None
        if element is not None and element.is_active:
            element.is_active = False
            self._active[element.markup] -= 1

    def _push(self, element: _Element) -> None:
        self._named.setdefault(element.name, []).append(len(self._stack))
        self._levels[element.level].append(len(self._stack))
        self._stack.append(element)

    def _pop_to(self, at: int) -> None:
        popped = self._stack[at:]
        del self._stack[at:]
        for element in popped:
            self._named[element.name].pop()
            self._levels[element.level].pop()
        self._lost = [element for element in popped if element.is_active] + self._lost

    def _last(self, name: bytes) -> int:
        places = self._named.get(name)
        return places[-1] if places else -1

    def _last_above(self, level: int) -> int:
        """Place of the innermost open element above a level, or -1."""
        return max((places[-1] for places in self._levels[level + 1 :] if places), default=-1)


def _level(name: bytes) -> int:
    if name in _BLOCKS:
        return 1
    if name in _CELLS:
        return 2
    return 3 if name in _TABLES else 0


def _flatten(html: bytes) -> tuple[bytes, int]:
    parts: list[bytes] = []
    links = dropped = position = 0
    for tag in _tags(html):
        parts.append(html[position : tag.start])
        position = tag.end
        if tag.name in _RAW:
            parts.append(html[tag.start : tag.end])
        elif tag.name not in _KEPT:
            parts.append(b"" if _level(tag.name) == 0 and tag.name != b"br" else b" ")
        elif tag.is_end:
            parts.append(b"</" + tag.name + b">")
        else:
            flat, is_link = _flat_start_tag(tag)
            links += is_link
            if links <= MAX_FLAT_LINKS:
                parts.append(flat)
            else:
                dropped += is_link
    parts.append(html[position:])
    return b"".join(parts), dropped


def _flat_start_tag(tag: _Tag) -> tuple[bytes, bool]:
    """A start tag with the attributes that matter, the first of each name, as the standard says."""
    kept: dict[bytes, bytes] = {}
    for attribute in _ATTRIBUTE.finditer(tag.attributes):
        name = attribute[1].lower()
        if name in _KEPT_ATTRIBUTES and name not in kept:
            kept[name] = attribute[0]
    is_link = tag.name in (b"a", b"area") and b"href" in kept
    return b"<" + b" ".join([tag.name, *kept.values()]) + b">", is_link
