"""What became of a listed link: from the fetch of its page, the links seen there and the fetch of its target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.vocabulary import NEUTRAL_LINK_TYPES

Words = dict[str, str]

VERDICT: Final[Words] = {
    "live": "The page has the link, and it is followed.",
    "nofollow": "The page has the link with rel=nofollow, or the page's directives say nofollow.",
    "ugc": "The page has the link with rel=ugc.",
    "sponsored": "The page has the link with rel=sponsored.",
    "removed": "The page was read and does not have the link.",
    "page_gone": "The page answers 404 or 410.",
    "blocked": "The page refuses us: robots.txt, or status 401, 403 or 451.",
    "unreachable": "The page answers with another error or with no HTML, or not at all.",
    "unchecked": "The check ended before it came to the page.",
    "bad_row": "The row names no link.",
}

TARGET_VERDICT: Final[Words] = {
    "ok": "The target answers.",
    "redirected": "The target redirects, to target_final_url.",
    "broken": "The target answers with an error, or its redirects lead nowhere.",
    "blocked": "The target refuses us.",
    "unreachable": "The target does not answer.",
    "unchecked": "The target was not asked for.",
}

_GONE: Final = (404, 410)
_REFUSING: Final = (401, 403, 451)
_REL_CLASSES: Final = ("live", "sponsored", "ugc", "nofollow")
"""From best to worst as far as a sighting decides: one that is followed wins, then the most specific."""


@dataclass(frozen=True, slots=True)
class Visited:
    """What became of a fetch; the fields are those of ``page_fetches``."""

    state: str
    status: int | None
    error: str | None
    final_url: str
    redirect_chain: tuple[str, ...]
    content_type: str | None
    is_nofollow: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """A link seen on the page; the fields are those of ``link_observations``."""

    target_url: str
    link_type: str
    rel: tuple[str, ...]
    anchor_text: str
    placement: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row of the result says; ``match`` is how the link that was found differs from the one listed."""

    verdict: str
    detail: str = ""
    found: Sighting | None = None
    match: str = ""


def verdict_of(
    page: Visited | None, target_url: str | None, sightings: Sequence[Sighting], finals: Mapping[str, str]
) -> Verdict:
    """Judge a listed link. ``sightings`` are candidates among the page's links (all of them, where no target is
    listed); ``finals`` says where URLs that were asked for ended."""
    if page is None:
        return Verdict("unchecked", "the check ended before it")
    if verdict := _without_page(page):
        return verdict
    moved = f"the page redirects to {page.final_url}" if page.redirect_chain else ""
    matched = [(match, seen) for seen in sightings if (match := _match(target_url, seen.target_url, finals))]
    votes = [(match, seen) for match, seen in matched if seen.link_type not in NEUTRAL_LINK_TYPES]
    if not votes:
        return Verdict("removed", f"only as {matched[0][1].link_type} link" if matched else moved)
    match, best = min(votes, key=lambda vote: (_distance(vote[0]), vote[1].is_hidden, _rank(vote[1], page)))
    remarks = [moved, "no reader can see it" if best.is_hidden else ""]
    if page.is_nofollow and not _marks(best):
        remarks.append("the page's directives say nofollow")
    return Verdict(_class(best, page), "; ".join(filter(None, remarks)), best, match)


def target_verdict_of(target: Visited | None) -> tuple[str, str]:
    """Judge the target of a listed link: a word of TARGET_VERDICT, and what is to be remarked."""
    if target is None:
        return "unchecked", ""
    if target.state in ("http_error", "redirect_unresolved"):
        word = "blocked" if target.status in _REFUSING else "broken"
        return word, _said(target)
    if target.state == "robots_disallowed":
        return "blocked", _said(target)
    if target.state in ("fetched", "not_html", "too_large"):
        return ("redirected" if target.redirect_chain else "ok"), ""
    return "unreachable", _said(target)


def loose(url: str) -> str:
    """Equal for the spellings of a canonical URL that usually name one page: scheme, ``www.``, slash at the end."""
    rest = url.partition("://")[2].removeprefix("www.")
    path, mark, query = rest.partition("?")
    return path.rstrip("/") + mark + query


def _without_page(page: Visited) -> Verdict | None:
    """The verdict where no page was read."""
    if page.state == "fetched":
        return None
    if page.state == "http_error" and page.status in _GONE:
        return Verdict("page_gone", f"status {page.status}")
    is_refused = page.state == "robots_disallowed" or (page.state == "http_error" and page.status in _REFUSING)
    return Verdict("blocked" if is_refused else "unreachable", _said(page))


def _said(fetch: Visited) -> str:
    if fetch.state == "http_error":
        return f"status {fetch.status}"
    if fetch.state == "not_html":
        return fetch.error or f"answers with {fetch.content_type or 'an unknown type'}, not HTML"
    return fetch.error or fetch.state


def _match(listed: str | None, seen: str, finals: Mapping[str, str]) -> str:
    """How a link that was seen is the one listed: ``exact``, by which difference, or not at all (nothing)."""
    if listed is None:
        return "any target"
    if listed == seen:
        return "exact"
    if loose(listed) == loose(seen):
        return _difference(listed, seen)
    is_same = loose(finals.get(listed, listed)) == loose(finals.get(seen, seen))
    return "redirect" if is_same else ""


def _difference(listed: str, seen: str) -> str:
    differences = []
    if listed.partition("://")[0] != seen.partition("://")[0]:
        differences.append("scheme")
    hosts = [url.partition("://")[2].startswith("www.") for url in (listed, seen)]
    if hosts[0] != hosts[1]:
        differences.append("www")
    if listed.partition("?")[0].endswith("/") != seen.partition("?")[0].endswith("/"):
        differences.append("trailing slash")
    return " and ".join(differences) or "trailing slash"


def _distance(match: str) -> int:
    return 0 if match in ("exact", "any target") else 2 if match == "redirect" else 1


def _marks(seen: Sighting) -> set[str]:
    return {"sponsored", "ugc", "nofollow"} & set(seen.rel)


def _class(seen: Sighting, page: Visited) -> str:
    marks = _marks(seen) | ({"nofollow"} if page.is_nofollow else set())
    return next((word for word in _REL_CLASSES if word in marks), "live")


def _rank(seen: Sighting, page: Visited) -> int:
    return _REL_CLASSES.index(_class(seen, page))
