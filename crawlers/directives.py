"""What a page and its links tell robots: rel tokens, meta robots, X-Robots-Tag, Link headers and meta refresh."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

OWN_NAME: Final = "linklake"
"""Our product token: a directive under this name is meant for us."""

MAX_TOKENS: Final = 64
"""Directive tokens kept of a page; what they say is decided by all of them."""

MAX_TOKEN_CHARACTERS: Final = 128

MAX_LINK_HEADER_CHARACTERS: Final = 65_536

_PARAMETRIC = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_REL_SEPARATORS = re.compile(r"[\t\n\f\r ,]+")
_WORD_SEPARATORS = re.compile(r"[\s;]+")
_NAMED = re.compile(r"([a-z][a-z0-9_.\-]*+)\s*+:\s*+")
_HEADER_LINK = re.compile(r'<([^>]*+)>((?:[^,"]++|"(?:[^"\\]++|\\.)*+"?+)*+)', re.DOTALL)
_HEADER_PARAMETER = re.compile(r';\s*+([^\s=;]++)\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^\s;,"]*+))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_REFRESH = re.compile(
    r"[\t\n\f\r ]*+(?:[0-9]++[0-9.]*+|\.[0-9.]*+)(?:[\t\n\f\r ]*+[;,]|[\t\n\f\r ])[\t\n\f\r ]*+"
    r"(?:url[\t\n\f\r ]*+=[\t\n\f\r ]*+)?+(.+)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Directives:
    """What a page asks of us; `tokens` are lower case, distinct, in order: metas, then headers."""

    is_nofollow: bool
    is_noindex: bool
    tokens: tuple[str, ...]


def rel_tokens(rel: str) -> tuple[str, ...]:
    """Split a rel attribute on ASCII white space and commas into distinct ASCII-lower-case tokens, in order.

    The comma is no separator in HTML, but authors write `ugc,nofollow` and search engines read it so. Nothing
    else is folded: `no-follow` or a nofollow in fullwidth letters stays what it is, another word.
    """
    words = _REL_SEPARATORS.split(rel.translate(_ASCII_LOWER))
    return tuple(dict.fromkeys(word for word in words if word))


def refresh_target(content: str) -> str | None:
    """Give the URL in the content of a meta refresh, as written, or None when it names none (reload).

    Source: https://html.spec.whatwg.org/multipage/semantics.html#shared-declarative-refresh-steps
    """
    refresh = _REFRESH.match(content)
    if refresh is None:
        return None
    target = refresh[1]
    return target[1:].partition(target[0])[0] if target[0] in "'\"" else target


def link_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...], str]]:
    """Give (target, rel tokens, type) of every link in Link headers, in order (RFC 8288 §3).

    Split by hand: inside `<…>` and quotes a comma or semicolon parts nothing.
    """
    links = []
    for name, value in headers:
        if name.strip().lower() != "link":
            continue
        for found in _HEADER_LINK.finditer(value[:MAX_LINK_HEADER_CHARACTERS]):
            given: dict[str, str] = {}
            for key, quoted, bare in _HEADER_PARAMETER.findall(found[2]):
                given.setdefault(key.lower(), _ESCAPED.sub(r"\1", quoted) or bare)
            links.append((found[1].strip(), rel_tokens(given.get("rel", "")), given.get("type", "")))
    return links


def page_directives(
    metas: Iterable[tuple[str, str]],
    headers: Iterable[tuple[str, str]] = (),
) -> Directives:
    """Merge the page's metas, (name, content), and its response headers, (name, value), repeats included.

    A meta under our own name beats `robots`; X-Robots-Tag lines for everyone and for us all count, those for
    other robots do not; of all that remains the most restrictive holds. `none` means noindex and nofollow.
    Source: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
    """
    named = [(name.strip().lower(), content) for name, content in metas]
    ours = [content for name, content in named if name == OWN_NAME]
    general = [content for name, content in named if name == "robots"]
    found = [token for content in ours or general for _, token in _scoped_tokens(content)]
    for name, value in headers:
        if name.strip().lower() == "x-robots-tag":
            found += [token for robot, token in _scoped_tokens(value) if robot in ("", OWN_NAME)]
    tokens = dict.fromkeys(found)
    return Directives(
        is_nofollow=not tokens.keys().isdisjoint(("nofollow", "none")),
        is_noindex=not tokens.keys().isdisjoint(("noindex", "none")),
        tokens=tuple(token[:MAX_TOKEN_CHARACTERS] for token in list(tokens)[:MAX_TOKENS]),
    )


def _scoped_tokens(value: str) -> list[tuple[str, str]]:
    """Give (robot, directive) pairs; a robot's name covers what follows it in its value, '' is everyone.

    The comma inside the date of `unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT` starts no directive, and its
    colons name no robot: `03 Dec 2025 13` is no product token (RFC 9110 §10.1.5).
    """
    robot = ""
    tokens: list[tuple[str, str]] = []
    in_date = False
    for part in value.lower().split(","):
        rest = part.strip()
        if in_date and rest[:1].isdigit():
            tokens[-1] = (robot, f"{tokens[-1][1]}, {rest}")
            continue
        while (named := _NAMED.match(rest)) and named[1] not in _PARAMETRIC:
            robot = named[1]
            rest = rest[named.end() :]
        in_date = named is not None and named[1] == "unavailable_after"
        words = [rest] if named else _WORD_SEPARATORS.split(rest)
        tokens += [(robot, word) for word in words if word]
    return tokens
