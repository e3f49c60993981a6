"""Draw a page for a labeller: its blocks indented, its text cut short, the links to label marked `[[#key …]]`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.gold.pages import UNREAD, Element, Tree

MAX_CHARACTERS: Final = 6000
# fmt: off
INLINE: Final = frozenset(
    (
        "a", "abbr", "area", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "img", "input", "ins", "kbd", "label", "mark", "nobr", "picture", "q", "s", "samp", "small",
        "source", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "button",
    )
)
# fmt: on
CENSUS: Final = ("article", "h1", "h2", "h3", "p", "li", "tr", "form", "img", "iframe")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a page is drawn: characters of a text, of a class, blocks without a mark in a row."""

    text: int
    names: int
    blocks: int


SCALES: Final = (Scale(60, 60, 12), Scale(60, 45, 5), Scale(45, 40, 3), Scale(35, 30, 2), Scale(25, 24, 1))
"""The first that fits is used."""


def draw_page(url: str, page: Tree, keys: dict[int, str]) -> str:
    """The drawing of a page; `keys` gives the mark of each link's element by its id()."""
    marked = {id(around) for e in page.elements if id(e) in keys for around in (e, *e.above())}
    blocky = {id(around) for e in page.elements if e.tag not in INLINE for around in e.above()}
    head = f"=== {url}\ntitle: {page.title[:120]}\nlinks to label: {', '.join(keys.values())}"
    drawn = ""
    for scale in SCALES:
        drawing = _Drawing(keys, marked, blocky, scale)
        drawn = "\n".join(drawing.lines(_body(page), 0))
        if len(drawn) <= MAX_CHARACTERS:
            break
    return f"{head}\n{drawn}"


def _body(page: Tree) -> Element:
    return next((e for e in page.elements if e.tag in ("body", "frameset")), page.elements[0])


@dataclass(frozen=True, slots=True)
class _Drawing:
    keys: dict[int, str]
    marked: set[int]
    """ids of marked links and of the elements around them."""
    blocky: set[int]
    """ids of elements with a block inside."""
    scale: Scale

    def lines(self, element: Element, depth: int) -> Iterator[str]:
        """The element's line and those of its parts, wrappers around a single block joined by ` > `."""
        name = self.name(element)
        while len(parts := _readable(element)) == 1 and self.is_branch(parts[0]) and isinstance(parts[0], Element):
            element = parts[0]
            name = f"{name} > {self.name(element)}"
        if not self.is_branch(element):
            yield f"{' ' * depth}{name}: {self.inline(list(element.children))}"
            return
        yield f"{' ' * depth}{name}"
        for group in self.groups(element):
            first = group[0]
            if isinstance(first, Element) and self.is_branch(first) and id(first) in self.marked:
                yield from self.lines(first, depth + 1)
            elif isinstance(first, Element) and self.is_block(first) and id(first) not in self.marked:
                yield from (f"{' ' * (depth + 1)}{line}" for line in self.summaries(group))
            else:
                yield from self.leaf(group, depth + 1)

    def leaf(self, group: "list[Element | str]", depth: int) -> Iterator[str]:
        first = group[0]
        if len(group) == 1 and isinstance(first, Element) and self.is_block(first):
            yield f"{' ' * depth}{self.name(first)}: {self.inline(list(first.children))}"
        elif text := self.inline(group):
            yield f"{' ' * depth}{text}"

    def groups(self, element: Element) -> "Iterator[list[Element | str]]":
        """Parts of an element: each marked block alone, rows of unmarked blocks, rows of inline parts."""
        row: list[Element | str] = []
        row_kind = ""
        for part in _readable(element):
            is_block = isinstance(part, Element) and self.is_block(part)
            kind = "inline" if not is_block else "mark" if id(part) in self.marked else "plain"
            if row and (kind != row_kind or kind == "mark"):
                yield row
                row = []
            row, row_kind = [*row, part], kind
        if row:
            yield row

    def is_block(self, element: Element) -> bool:
        return element.tag not in INLINE or (id(element) in self.blocky and element.tag != "a")

    def is_branch(self, part: "Element | str") -> bool:
        """Whether an element's parts are drawn on lines of their own."""
        return isinstance(part, Element) and self.is_block(part) and id(part) in self.blocky and id(part) in self.marked

    def summaries(self, row: "list[Element | str]") -> Iterator[str]:
        """Lines for blocks without marks: like neighbours counted, too many of them summed up."""
        runs: list[list[Element]] = []
        for block in row:
            if not isinstance(block, Element):
                continue
            if runs and self.name(runs[-1][0]).split("#")[0] == self.name(block).split("#")[0]:
                runs[-1].append(block)
            else:
                runs.append([block])
        for run in runs[: self.scale.blocks]:
            yield self.summary(run)
        rest = [block for run in runs[self.scale.blocks :] for block in run]
        if rest:
            names = ", ".join(self.name(run[0])[:30] for run in runs[self.scale.blocks :][:3])
            yield f"… {len(rest)} more blocks ({names}…; {_amount(rest)})"

    def summary(self, run: list[Element]) -> str:
        times = f" ×{len(run)}" if len(run) > 1 else ""
        text = run[0].text()
        census: Counter[str] = Counter()
        if run[0].text_length > 250:
            census.update(tag for block in run for tag in _tags(block))
        inside = " ".join(f"{tag}×{census[tag]}" for tag in CENSUS if census[tag])
        amount = f"{_amount(run)}; {inside}" if inside else _amount(run)
        return f'{self.name(run[0])}{times}: "{_cut(text, self.scale.text)}" ({amount})'

    def inline(self, parts: "list[Element | str]") -> str:
        """Text around the marks, `<neighbour links>`, and the count of links without a mark."""
        pieces: list[str] = []
        others = self._flatten(parts, "", pieces)
        texts = [" ".join(piece.split()) if i % 2 == 0 else piece for i, piece in enumerate(_alternate(pieces))]
        last = len(texts) - 1
        shown = [
            text if i % 2 else _around(text, self.scale.text, opens=i == 0, closes=i == last)
            for i, text in enumerate(texts)
        ]
        return " ".join(filter(None, (*shown, f"(+{others} links)" if others else "")))

    def _flatten(self, parts: "list[Element | str]", names: str, pieces: list[str]) -> int:
        others = 0
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            elif id(part) in self.keys:
                pieces.append(f"\0{self.mark(part, names)}")
            elif part.tag in ("a", "area") and "href" in part.attributes and id(part) not in self.marked:
                others += 1
                pieces.append(f" <{_cut(part.text() or _alt(part), 20)}> ")
            elif part.tag not in UNREAD:
                named = bool(part.attribute("class") or part.attribute("id") or part.tag in ("button", "map", "cite"))
                others += self._flatten(part.children, f"{names}{self.name(part)} " if named else names, pieces)
                pieces.append(" " if part.tag not in INLINE or part.tag == "br" else "")
        return others

    def mark(self, link: Element, names: str) -> str:
        text = _cut(link.text(), 60) or _alt(link)
        name = self.name(link)
        rel = f" rel={link.attribute('rel')[:30]}" if link.attribute("rel") else ""
        own = f"{name}{rel}" if name not in ("a", "area") or rel else ""
        hints = " ".join(filter(None, (names.strip(), own)))
        href = link.attribute("href").strip()
        return f"[[#{self.keys[id(link)]} {text} -> {href[:80]}{'…' if len(href) > 80 else ''}]]" + (
            f"{{{hints}}}" if hints else ""
        )

    def name(self, element: Element) -> str:
        """`tag#id.class[role]`, with what is said of width, side and visibility."""
        limit = self.scale.names
        name = element.tag
        if element.attribute("id"):
            name += f"#{element.attribute('id')[: limit // 2]}"
        if element.attribute("class"):
            name += f".{'.'.join(element.attribute('class').split())[:limit]}"
        said = [element.attribute(key)[:20] for key in ("role", "itemprop") if element.attribute(key)]
        if element.tag in ("td", "table", "th"):
            said += [f"{key}={element.attribute(key)[:8]}" for key in ("width", "align") if element.attribute(key)]
        style = element.attribute("style").replace(" ", "").lower()
        said += [rule for rule in ("display:none", "float:left", "float:right") if rule in style]
        said += ["hidden"] if "hidden" in element.attributes else []
        return f"{name}[{' '.join(said)}]" if said else name


def _readable(element: Element) -> "list[Element | str]":
    """Children that hold text, links or images."""
    return [
        child
        for child in element.children
        if (child.strip() if isinstance(child, str) else child.tag not in UNREAD and _holds(child))
    ]


def _holds(element: Element) -> bool:
    return bool(element.text_length or element.link_count or element.tag in ("img", "form"))


def _tags(element: Element) -> Iterator[str]:
    waiting = [element]
    while waiting:
        for child in waiting.pop().children:
            if isinstance(child, Element) and child.tag not in UNREAD:
                yield child.tag
                waiting.append(child)


def _alt(link: Element) -> str:
    """What a link without text shows."""
    for tag, element in (("area", link), *((e.tag, e) for e in _images(link))):
        if tag in ("img", "area") and element.attribute("alt").strip():
            return f"img: {_cut(element.attribute('alt').strip(), 40)}"
    return "img" if any(True for _ in _images(link)) else f"title: {_cut(link.attribute('title'), 30)}"


def _images(element: Element) -> Iterator[Element]:
    for child in element.children:
        if isinstance(child, Element):
            if child.tag == "img":
                yield child
            yield from _images(child)


def _amount(blocks: list[Element]) -> str:
    links = sum(block.link_count for block in blocks)
    return f"{sum(block.text_length for block in blocks)} chars" + (f", +{links} links" if links else "")


def _alternate(pieces: list[str]) -> list[str]:
    """Text, mark, text, mark … text: pieces of text joined, marks (which begin with NUL) apart."""
    parts = [""]
    for piece in pieces:
        if piece.startswith("\0"):
            parts += [piece[1:], ""]
        else:
            parts[-1] += piece
    return parts


def _around(text: str, limit: int, *, opens: bool, closes: bool) -> str:
    """A text before, between or after marks, cut to its ends next to them, with its length where much is cut."""
    if closes:
        return _cut(text, limit)
    if opens:
        return text if len(text) <= limit else f"({len(text)} chars) …{text[-limit:]}"
    return text if len(text) <= 2 * limit else f"{text[:limit]} … {text[-limit:]}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
