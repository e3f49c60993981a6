"""One walk over the parse tree writes down a page's text, blocks and link elements, in document order."""

from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode

from crawlers.directives import refresh_target, rel_tokens
from crawlers.placement import PLACE_OF_TAG, Attributes, Surroundings, enter

MAX_LINKS: Final = 10_000
"""Link elements kept of a page; the rest are counted."""

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


class Block:
    """A block element's place in the text, and what it holds. Ink is text without white space.

    Until the element closes `ink`, `linked_ink` and `links` hold the page's counts at its opening, then its own.
    """

    __slots__ = ("end", "ink", "linked_ink", "links", "start", "surroundings")

    def __init__(self, surroundings: Surroundings, start: int, ink: int, linked_ink: int, links: int) -> None:
        self.surroundings = surroundings
        self.start = self.end = start
        self.ink = ink
        self.linked_ink = linked_ink
        self.links = links

    def close(self, end: int, ink: int, linked_ink: int, links: int) -> None:
        self.end = end
        self.ink = ink - self.ink
        self.linked_ink = linked_ink - self.linked_ink
        self.links = links - self.links

    @property
    def link_density(self) -> float:
        return self.linked_ink / self.ink if self.ink else 0.0


@dataclass(slots=True, eq=False)
class LinkElement:
    """An element with a link; `start` and `end` delimit its text in the outline's text."""

    tag: str
    href: str
    rel: tuple[str, ...]
    block: Block
    """The innermost block around it."""
    list_around: Block | None
    """The innermost list around it."""
    surroundings: Surroundings
    start: int
    end: int
    has_image: bool = False
    alt: str | None = None


@dataclass(slots=True)
class Outline:
    """What one walk over a page found; all white space of `text` is single spaces."""

    text: str = ""
    title: str | None = None
    language: str | None = None
    base_href: str | None = None
    metas: list[tuple[str, str]] = field(default_factory=list)
    """(name, content) of named metas."""
    links: list[LinkElement] = field(default_factory=list)
    overflow_count: int = 0
    """Link elements beyond MAX_LINKS."""


def read_outline(root: LexborNode) -> Outline:
    """Walk the tree below `root` once, without recursion: time and memory grow with the page, no faster."""
    reader = _Reader(root)
    node: LexborNode | None = root
    while node is not None:
        tag = node.tag
        if tag == "-text":
            text = node.text_content
            if text:
                reader.add_text(text)
        elif tag is not None and tag[0] != "-":
            child = None if tag in UNREAD else node.first_child
            if child is not None:
                reader.open(node, tag)
                node = child
                continue
            if tag in _NOTED or tag in BLOCKS:
                reader.open(node, tag)
                reader.close()
        following = node.next
        while following is None and reader.open_elements:
            following = reader.close().next
        node = following
    return reader.finish()


class _Element:
    """An element that is being read, with the block and the list that its content belongs to."""

    __slots__ = ("block", "is_block", "link", "list_around", "node", "surroundings", "tag")

    def __init__(
        self, node: LexborNode, tag: str, surroundings: Surroundings, block: Block, list_around: Block | None
    ) -> None:
        self.node = node
        self.tag = tag
        self.surroundings = surroundings
        self.block = block
        self.list_around = list_around
        self.is_block = False
        self.link: LinkElement | None = None


class _Reader:
    """Takes openings, texts and closings in document order."""

    def __init__(self, root: LexborNode) -> None:
        self.outline = Outline()
        self.open_elements: list[_Element] = []
        self._page = _Element(root, "", Surroundings(), Block(Surroundings(), 0, 0, 0, 0), None)
        self._open_links: list[LinkElement] = []
        self._parts: list[str] = []
        self._length = 0
        self._ink = 0
        self._linked_ink = 0
        self._link_count = 0
        self._is_apart = False  # the next word is parted from the last by white space or a block's border
        self._svg_depth = 0

    def open(self, node: LexborNode, tag: str) -> None:
        attributes = node.attributes
        outer = self.open_elements[-1] if self.open_elements else self._page
        surroundings = outer.surroundings
        if attributes or tag in PLACE_OF_TAG:
            surroundings = enter(surroundings, tag, attributes)
        element = _Element(node, tag, surroundings, outer.block, outer.list_around)
        self.open_elements.append(element)
        if tag in BLOCKS:
            self._open_block(element)
        note = _NOTED.get(tag)
        if note is not None:
            note(self, element, attributes)

    def add_text(self, raw: str) -> None:
        words = raw.split()
        if not words:
            self._is_apart = True
            return
        text = " ".join(words)
        ink = len(text) - len(words) + 1
        self._ink += ink
        if self._open_links:
            self._linked_ink += ink
        if self._length and (self._is_apart or raw[0].isspace()):
            text = " " + text
        self._parts.append(text)
        self._length += len(text)
        self._is_apart = raw[-1].isspace()

    def close(self) -> LexborNode:
        element = self.open_elements.pop()
        if element.link is not None:
            element.link.end = self._length
            self._open_links.pop()
        if element.is_block:
            self._is_apart = True
            element.block.close(self._length, self._ink, self._linked_ink, self._link_count)
        elif element.tag == "svg":
            self._svg_depth -= 1
        return element.node

    def finish(self) -> Outline:
        self.outline.text = "".join(self._parts)
        return self.outline

    def _open_block(self, element: _Element) -> None:
        self._is_apart = True
        element.is_block = True
        element.block = Block(element.surroundings, self._length, self._ink, self._linked_ink, self._link_count)
        if element.tag in LISTS:
            element.list_around = element.block

    def _add_link(self, element: _Element, href: str, attributes: Attributes) -> LinkElement | None:
        if len(self.outline.links) == MAX_LINKS:
            self.outline.overflow_count += 1
            return None
        link = LinkElement(
            tag=element.tag,
            href=href,
            rel=rel_tokens(attributes["rel"] or "") if "rel" in attributes else (),
            block=element.block,
            list_around=element.list_around,
            surroundings=element.surroundings,
            start=self._length,
            end=self._length,
        )
        self.outline.links.append(link)
        return link

    def _note_anchor(self, element: _Element, attributes: Attributes) -> None:
        if "href" not in attributes:
            return
        self._link_count += 1
        link = self._add_link(element, attributes["href"] or "", attributes)
        if link is not None:
            element.link = link
            self._open_links.append(link)

    def _note_area(self, element: _Element, attributes: Attributes) -> None:
        if "href" in attributes:
            link = self._add_link(element, attributes["href"] or "", attributes)
            if link is not None:
                link.alt = _alt(attributes)

    def _note_image(self, element: _Element, attributes: Attributes) -> None:
        if self._open_links:
            link = self._open_links[-1]
            link.has_image = True
            link.alt = link.alt or _alt(attributes)

    def _note_link(self, element: _Element, attributes: Attributes) -> None:
        rel = attributes.get("rel") or ""
        if "href" in attributes and "canonical" in rel.lower() and "canonical" in rel_tokens(rel):
            self._add_link(element, attributes["href"] or "", attributes)

    def _note_meta(self, element: _Element, attributes: Attributes) -> None:
        content = attributes.get("content") or ""
        if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
            target = refresh_target(content)
            if target is not None:
                self._add_link(element, target, attributes)
        elif attributes.get("name"):
            self.outline.metas.append((attributes["name"] or "", content))

    def _note_base(self, element: _Element, attributes: Attributes) -> None:
        if "href" in attributes and self.outline.base_href is None and not self._svg_depth:
            self.outline.base_href = attributes["href"] or ""

    def _note_title(self, element: _Element, attributes: Attributes) -> None:
        if self.outline.title is None and not self._svg_depth:
            self.outline.title = " ".join(element.node.text().split())

    def _note_html(self, element: _Element, attributes: Attributes) -> None:
        self.outline.language = (attributes.get("lang") or "").strip().lower() or None

    def _note_svg(self, element: _Element, attributes: Attributes) -> None:
        self._svg_depth += 1

    def _note_break(self, element: _Element, attributes: Attributes) -> None:
        self._is_apart = True


def _alt(attributes: Attributes) -> str | None:
    return " ".join((attributes["alt"] or "").split()) if "alt" in attributes else None


_NOTED: Final = {
    "a": _Reader._note_anchor,
    "area": _Reader._note_area,
    "base": _Reader._note_base,
    "br": _Reader._note_break,
    "html": _Reader._note_html,
    "img": _Reader._note_image,
    "link": _Reader._note_link,
    "meta": _Reader._note_meta,
    "svg": _Reader._note_svg,
    "title": _Reader._note_title,
}
