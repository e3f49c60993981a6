"""Which URLs of a crawl are still to be fetched, link by link away from the seeds."""

from collections.abc import Iterable

from schemas.identity import CanonicalUrl


class Frontier:
    """The URLs found at each depth, those asked for, and the budget.

    Works in levels: all of one depth before the next, so that a page's depth is its distance from the seeds.
    When a level exceeds the budget, those with the smallest ids are chosen: no host first, and every run the
    same.
    """

    def __init__(self, seeds: Iterable[CanonicalUrl], *, budget: int, depth: int | None, asked: Iterable[str] = ()):
        self._asked = set(asked)
        self._budget = budget
        self._depth = depth
        self._levels: dict[int, dict[str, CanonicalUrl]] = {}
        for seed in seeds:
            self.add(seed, 0)

    def add(self, url: CanonicalUrl, depth: int) -> None:
        """Remember a URL found ``depth`` links from a seed, unless it was asked for or lies too deep."""
        if url.url in self._asked or (self._depth is not None and depth > self._depth):
            return
        level = self._levels.setdefault(depth, {})
        level[url.url] = url
        if len(level) > 2 * self._budget + 1000:  # never keep more than could be fetched
            self._levels[depth] = {one.url: one for one in self._chosen(depth)}

    def next_level(self) -> tuple[int, list[CanonicalUrl]] | None:
        """The least depth with URLs to fetch, and these, now counted as asked for; None when all is done."""
        while self._levels:
            depth = min(self._levels)
            chosen = self._chosen(depth)
            del self._levels[depth]
            if chosen:
                self._asked.update(one.url for one in chosen)
                return depth, chosen
        return None

    def _chosen(self, depth: int) -> list[CanonicalUrl]:
        waiting = [url for url in self._levels[depth].values() if url.url not in self._asked]
        waiting.sort(key=lambda url: (url.url_id, url.url))
        return waiting[: max(self._budget - len(self._asked), 0)]
