"""Hints by which links are drawn, so that rare placements turn up often enough; no hint is ever a label.

Half of the strata go by where a link stands and how much text is around it, without a look at names; the other half
by words that authors give to blocks. The hints were written without the classifier's rules in view.
"""

import re
from typing import Final

from tests.gold.pages import Element

WORDS: Final = {
    "comment_words": re.compile(r"comment|repl(?:y|ies)|respon[ds]|discussion|kommentar|disqus|\bpost(?:er|row|body)"),
    "bio_words": re.compile(r"author|byline|\bbio\b|vcard|\bautor"),
    "ad_words": re.compile(r"\bads?\b|advert|sponsor|promo|partner|widget_text|newsletter|affiliate"),
    "foot_words": re.compile(r"foot|copyright|colophon|bottom|legal|imprint"),
    "side_words": re.compile(
        r"side|aside|widget|related|rail\b|popular|recent|trending|recommend|blogroll|\bcol-?(?:r|2)"
    ),
    "head_words": re.compile(r"head|logo|brand|top-?bar|masthead|utility|login|account|search"),
    "nav_words": re.compile(r"nav|menu|breadcrumb|pag(?:er|ination)|tabs?\b"),
}
"""Words in class, id or tag of the link or an element around it; the first stratum that matches is the link's."""

STRATA: Final = (*WORDS, "opening", "closing", "prose", "cluster", "elsewhere")

WORD_LEVELS: Final = 7
"""How many elements around a link may name it."""


def hints(link: Element, page: Element) -> tuple[str, str]:
    """Give (stratum by words or "", stratum by place) of a link."""
    return _by_words(link), _by_place(link, page)


def _by_words(link: Element) -> str:
    for element, _ in zip((link, *link.above()), range(WORD_LEVELS), strict=False):
        if element.tag in ("html", "body"):
            break
        names = f"{element.tag} {element.attribute('class')} {element.attribute('id')}".lower()
        for stratum, words in WORDS.items():
            if words.search(names):
                return stratum
    return ""


def _by_place(link: Element, page: Element) -> str:
    share = link.text_before / max(page.text_length, 1)
    block = next((e for e in link.above() if e.tag in ("p", "li", "td", "div", "section", "article", "body")), page)
    unlinked = block.text_length - block.link_text_length
    if unlinked >= 120:
        return "prose"
    if share < 0.05:
        return "opening"
    if share > 0.93:
        return "closing"
    around = block.parent or block
    return "cluster" if around.link_count >= 5 and around.link_text_length > 0.5 * around.text_length else "elsewhere"
