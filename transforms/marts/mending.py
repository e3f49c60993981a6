"""Where a broken page had best redirect to: the page of its domain that comes nearest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa

_INDEX: Final = frozenset({"index", "default", "home", "start"})
_EXTENSIONS: Final = (".html", ".htm", ".php", ".asp", ".aspx", ".jsp", ".shtml", ".xhtml")
_TELLING_SLUG: Final = 3
"""Characters from which on a last word of a path says what the page is."""

Mend = tuple[str, str]
"""The page, and why it (MEND_REASON)."""


@dataclass(frozen=True, slots=True)
class GoodPages:
    """The pages of one domain that were read: by address, by their last word, by folder."""

    of_place: dict[tuple[str, ...], list[str]] = field(default_factory=lambda: defaultdict(list))
    of_slug: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, url: str) -> None:
        """Note a page."""
        place = _place(url)
        self.of_place[place].append(url)
        if len(place) > 1 and len(place[-1]) >= _TELLING_SLUG:
            self.of_slug[place[-1]].append(url)

    def nearest(self, url: str) -> Mend | None:
        """The page that a broken URL had best redirect to, and why it; None where the domain has none above it."""
        host, *path = place = _place(url)
        if same := self._at(place):
            return same, "same_page"
        alike = self.of_slug.get(path[-1], []) if path else []
        if len({_place(one) for one in alike}) == 1:
            return min(alike, key=_plainest), "same_slug"
        for depth in range(len(path) - 1, 0, -1):
            if folder := self._at((host, *path[:depth])):
                return folder, "folder"
        home = self._at((host,)) or self._at((_parent(host),))
        return (home, "home") if home else None

    def _at(self, place: tuple[str, ...]) -> str | None:
        return min(self.of_place.get(place, []), key=_plainest, default=None)


def mends(broken: pa.Table, good: pa.Table) -> pa.Table:
    """``url``, ``mend_url``, ``mend_reason`` for each broken page that can be mended.

    broken: ``url`` and ``domain`` of broken pages. good: ``url`` and ``domain`` of pages on these domains.
    """
    pages: defaultdict[str, GoodPages] = defaultdict(GoodPages)
    for url, domain in _rows(good):
        pages[domain].add(url)
    found = [(url, mend) for url, domain in _rows(broken) if (mend := pages[domain].nearest(url))]
    columns: Sequence[list[str]] = [[u for u, _ in found], [m[0] for _, m in found], [m[1] for _, m in found]]
    names = ("url", "mend_url", "mend_reason")
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _rows(table: pa.Table) -> Iterable[tuple[str, str]]:
    urls, domains = (map(str, table.column(name).to_pylist()) for name in ("url", "domain"))
    return zip(urls, domains, strict=True)


def _place(url: str) -> tuple[str, ...]:
    """Host without ``www`` and the words of the path, alike for addresses that are as a rule one page."""
    parts = urlsplit(url)
    words = [unquote(word).casefold() for word in parts.path.split("/") if word]
    if words:
        words[-1] = _without_extension(words[-1])
        if words[-1] in _INDEX:
            words.pop()
    return ((parts.hostname or "").removeprefix("www."), *words)


def _without_extension(word: str) -> str:
    return next((word.removesuffix(end) for end in _EXTENSIONS if word.endswith(end) and word != end), word)


def _parent(host: str) -> str:
    return host.partition(".")[2]


def _plainest(url: str) -> tuple[int, str]:
    """A page before the same with a query; then any fixed order."""
    return len(url), url
