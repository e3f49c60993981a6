"""Where on a page a link stands, and whether the page hides it: judged from markup alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

Attributes = Mapping[str, str | None]
"""Attributes of an element by name; an attribute without a value, or with an empty one, is None."""

PLACE_OF_TAG: Final = {
    "nav": "navigation",
    "header": "header",
    "footer": "footer",
    "aside": "sidebar",
    "main": "main",
    "article": "main",
}

PLACE_OF_ROLE: Final = {
    "navigation": "navigation",
    "banner": "header",
    "contentinfo": "footer",
    "complementary": "sidebar",
    "main": "main",
    "article": "main",
}
"""ARIA landmark roles (https://www.w3.org/TR/wai-aria-1.2/#landmark_roles)."""

PLACE_OF_WORD: Final = {
    "comment": "comment",
    "comments": "comment",
    "comment-list": "comment",
    "commentlist": "comment",
    "comments-area": "comment",
    "comment-body": "comment",
    "respond": "comment",
    "disqus_thread": "comment",
    "author-bio": "author_bio",
    "author-box": "author_bio",
    "author-info": "author_bio",
    "about-author": "author_bio",
    "ad": "ad",
    "ads": "ad",
    "advert": "ad",
    "advertisement": "ad",
    "adsbygoogle": "ad",
    "sponsored-block": "ad",
}
"""Whole words of class and id attributes that say what a box is for."""

_WORDS = frozenset(PLACE_OF_WORD)

BOXES: Final = frozenset(["article", "aside", "dd", "div", "dl", "ins", "li", "ol", "section", "table", "td", "ul"])
"""Elements whose class and id words count."""

STICKY: Final = frozenset(["comment", "ad"])
"""Places that main, header and footer inside them do not undo: WordPress puts a commenter's link into
`<article class="comment"><footer>`."""

TAG_CONFIDENCE: Final = 0.9
WORD_CONFIDENCE: Final = 0.7
LIST_CONFIDENCE: Final = 0.8

LIST_MIN_LINKS: Final = 5
LIST_MIN_DENSITY: Final = 0.8
"""A list in the main content is a `list` from this many links and this share of linked text on."""

OFF_SCREEN: Final = -999.0
"""A text indent or offset this far out (any unit) takes the text off the screen."""

_CONCEALING = frozenset(["style", "hidden", "aria-hidden"])
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the elements around a point of the page say about it, from the root inwards."""

    placement: str = "unknown"
    confidence: float = 0.0
    in_section: bool = False
    """Inside main, article, aside or nav, where a header is the section's and not the page's (HTML-AAM)."""
    is_removed: bool = False
    """Taken away with everything inside it: hidden, aria-hidden, display:none, no size or opacity, off screen."""
    is_invisible: bool = False
    """visibility:hidden, until an inner element says visible."""
    is_tiny: bool = False
    """font-size:0, until an inner element gives a size."""

    @property
    def is_hidden(self) -> bool:
        return self.is_removed or self.is_invisible or self.is_tiny


@dataclass(frozen=True, slots=True)
class Mark:
    """What an element says by itself of what is inside it; None where it says nothing."""

    place: str | None = None
    confidence: float = 0.0
    removes: bool = False
    is_invisible: bool | None = None
    is_tiny: bool | None = None


def mark_of(tag: str, attributes: Attributes) -> Mark | None:
    """Give the mark of an element, or None for the many that say nothing."""
    place: str | None = None
    confidence = 0.0
    if tag in PLACE_OF_TAG or tag in BOXES or "role" in attributes:
        place, confidence = _own_place(tag, attributes)
    concealed = not _CONCEALING.isdisjoint(attributes)
    if place is None and not concealed:
        return None
    removes, is_invisible, is_tiny = _concealment(attributes) if concealed else (False, None, None)
    return Mark(place, confidence, removes, is_invisible, is_tiny)


def within(outer: Surroundings, mark: Mark | None) -> Surroundings:
    """Give the surroundings inside a marked element that stands in `outer`; the innermost decisive one wins."""
    if mark is None:
        return outer
    inner = _placed(outer, mark)
    if not mark.removes and mark.is_invisible is None and mark.is_tiny is None:
        return inner
    return replace(
        inner,
        is_removed=outer.is_removed or mark.removes,
        is_invisible=outer.is_invisible if mark.is_invisible is None else mark.is_invisible,
        is_tiny=outer.is_tiny if mark.is_tiny is None else mark.is_tiny,
    )


def enter(outer: Surroundings, tag: str, attributes: Attributes) -> Surroundings:
    """Give the surroundings inside an element that stands in `outer`."""
    return within(outer, mark_of(tag, attributes))


def place_of_list(surroundings: Surroundings, *, links: int, density: float) -> tuple[str, float] | None:
    """Give the placement of links in a list of the main content when the list is mostly links, else None."""
    if surroundings.placement != "main" or links < LIST_MIN_LINKS or density < LIST_MIN_DENSITY:
        return None
    return "list", LIST_CONFIDENCE


def _placed(outer: Surroundings, mark: Mark) -> Surroundings:
    place, confidence = mark.place, mark.confidence
    if place is None:
        return outer
    in_section = outer.in_section or place in ("main", "sidebar", "navigation")
    if place == "header" and outer.in_section:
        return outer
    if outer.placement in STICKY and place in ("main", "header", "footer"):
        return replace(outer, in_section=in_section)
    return replace(outer, placement=place, confidence=confidence, in_section=in_section)


def _own_place(tag: str, attributes: Attributes) -> tuple[str | None, float]:
    """What the element itself says: a word of its box first, then its role, then its tag."""
    if tag in BOXES and ("class" in attributes or "id" in attributes):
        words = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower().split()
        if not _WORDS.isdisjoint(words):
            return next(PLACE_OF_WORD[word] for word in words if word in _WORDS), WORD_CONFIDENCE
    for role in (attributes.get("role") or "").lower().split():
        if role in PLACE_OF_ROLE:
            return PLACE_OF_ROLE[role], TAG_CONFIDENCE
    return PLACE_OF_TAG.get(tag), TAG_CONFIDENCE


def _concealment(attributes: Attributes) -> tuple[bool, bool | None, bool | None]:
    """Whether an element takes itself away, hides its text, sets it too small to read; None: says nothing of it."""
    style = _declarations(attributes.get("style") or "")
    visibility, font_size = style.get("visibility"), style.get("font-size")
    removes = (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").strip().lower() == "true"
        or style.get("display") == "none"
        or _is_zero(style.get("opacity"))
        or all(_is_speck(style.get(name) or attributes.get(name)) for name in ("width", "height"))
        or any(_is_off_screen(style.get(name)) for name in ("text-indent", "left", "top"))
    )
    is_invisible = None if visibility is None else visibility in ("hidden", "collapse")
    return removes, is_invisible, None if font_size is None else _is_speck(font_size)


def _declarations(style: str) -> dict[str, str]:
    """Properties of an inline style, without white space and !important; the last of a name wins."""
    declarations = {}
    for declaration in "".join(style.lower().split()).split(";"):
        name, _, value = declaration.partition(":")
        declarations[name] = value.removesuffix("!important")
    return declarations


def _is_zero(length: str | None) -> bool:
    number = _NUMBER.match(length or "")
    return number is not None and float(number[0]) == 0.0


def _is_speck(length: str | None) -> bool:
    """Nothing, or at most a pixel."""
    number = _NUMBER.match(length or "")
    if number is None or number.string[number.end() :] not in ("", "px"):
        return _is_zero(length)
    return 0.0 <= float(number[0]) <= 1.0


def _is_off_screen(length: str | None) -> bool:
    number = _NUMBER.match(length or "")
    return number is not None and float(number[0]) <= OFF_SCREEN
