"""How links come about: the rules of ``origin_role``, and what a page's own words say about its links."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class OriginRule:
    """A reason that ``link_classes.sql`` may give, and the role that follows from it."""

    reason: str
    role: str
    meaning: str


ORIGIN_RULES: Final[tuple[OriginRule, ...]] = (
    OriginRule("scope: one owner", "self_owned", "Both ends are on one host, one registrable domain, or of one owner."),
    OriginRule("rel: sponsored", "sponsored", "No sighting is followed, and one says sponsored."),
    OriginRule("rel: ugc", "ugc", "No sighting is followed, and one says ugc."),
    OriginRule("page: paid for", "sponsored", "The page's URL or title calls it an advertorial or sponsored."),
    OriginRule("page: canonical elsewhere", "syndicated", "The page's canonical URL is on another registrable domain."),
    OriginRule("platform: archive", "syndicated", "The site keeps copies of pages."),
    OriginRule("type: iframe", "widget", "The target is embedded."),
    OriginRule("type: no anchor", "unknown", "A redirect, a header, a form, markup: nothing that somebody wrote."),
    OriginRule("placement: ad", "sponsored", "It stands in an advertisement."),
    OriginRule("placement: comment", "ugc", "It stands in a comment."),
    OriginRule("placement: shared block", "widget", "It stands in a menu, header, footer or sidebar."),
    OriginRule("page: guest author", "guest", "The page's URL, title or byline calls it a guest's."),
    OriginRule("placement: author_bio", "bio", "It stands in the note about the author."),
    OriginRule("platform: link_in_bio", "bio", "The site serves profile pages made of links."),
    OriginRule("placement: directory", "directory", "It stands in a directory listing."),
    OriginRule("platform: directory", "directory", "The site is a directory."),
    OriginRule("platform: of users", "ugc", "What stands on a social network, forum, wiki and the like is its users'."),
    OriginRule("platform: made by machine", "unknown", "The site is a search engine or URL shortener."),
    OriginRule("placement: content", "editorial", "It stands in the main content or a list of it."),
    OriginRule("placement: unknown", "unknown", "Nothing says where it stands."),
)
"""Read top to bottom, as in ``link_classes.sql``; the first that applies decides."""

_PAID: Final = re.compile(
    r"\b(?:sponsored[-_ ]?(?:post|content|article|story)s?|advertorials?|paid[-_ ](?:post|content)|partner[-_ ]content"
    r"|brandvoice|publi-?r[eé]portages?|publirreportajes?|publiredazionali?|publieditorial)\b|/sponsored/",
    re.IGNORECASE,
)
_GUEST: Final = re.compile(
    r"\bguest[-_ ]?(?:posts?|authors?|blog(?:ger)?s?|contributors?|columns?|article)\b"
    r"|\bgast(?:beitrag|beitr[aä]ge|autor(?:in)?|artikel|blog(?:ger)?|auteur|bijdrage|kommentar)\b"
    r"|\b(?:auteur|article|billet)[-_ ]invit[eé]e?\b|\b(?:autora?|colaborador|art[ií]culo|post)[-_ ]invitad[oa]\b"
    r"|\b(?:autora?|post|artigo)[-_ ]convidad[oa]\b|\bautore[-_ ]ospite\b|\bg[aä]st(?:blogg|inl[aä]gg|skribent)\b",
    re.IGNORECASE,
)


def is_paid(path: str, title: str | None) -> bool:
    """Whether a page's URL path or title calls it paid for."""
    return bool(_PAID.search(path) or _PAID.search(title or ""))


def is_guest(path: str, title: str | None, author: str | None) -> bool:
    """Whether a page's URL path, title or byline calls it a guest's."""
    return any(_GUEST.search(text or "") for text in (path, title, author)) or (author or "").lower() == "guest"
