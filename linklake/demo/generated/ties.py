"""Who links to whom across sites, and why: the part of the generated web that graphs are made of."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from linklake.demo.generated.cast import Site
from linklake.demo.generated.site_map import Spot
from linklake.demo.generated.words import GENERIC_ANCHORS, phrase

_INTRA_TOPIC, _COPIED, _RETURNED, _SILENT = 0.75, 0.3, 0.08, 0.2
"""Shares of honest links: to sites of one's topic, copied from a neighbour's, returned; and of sites without any."""

_PULL: Final = {"news": 5.0, "gov": 8.0, "edu": 8.0, "wiki": 12.0, "mirror": 0.2, "directory": 0.6, "moved": 0.5}
"""How much more than others a kind of site is linked to."""

_UNLINKED: Final = frozenset({"social", "designer"})
"""Kinds that are linked to by templates alone."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A link that leads to another site, before it stands anywhere."""

    target: str
    anchor: str
    intent: str
    slot: str = "body"
    """body, comment, ad, sidebar, footer, list: where on a page it will stand."""
    rel: tuple[str, ...] = ()
    is_image: bool = False
    is_hidden: bool = False


class Ties:
    """Every tie: of single pages by their URL, of whole sites by their domain."""

    def __init__(self) -> None:
        self.of_page: dict[str, list[Tie]] = defaultdict(list)
        self.of_site: dict[str, list[Tie]] = defaultdict(list)


@dataclass(frozen=True, slots=True)
class Plot:
    """The two sites that the demo tells of."""

    small: Site
    """Honest, with two referring domains: a newspaper and a government."""
    farmed: Site
    """What the first farm is paid for."""


class Weaver:
    """Draws the ties of a web from a seed."""

    def __init__(self, seed: int, sites: Sequence[Site], spots: dict[str, list[Spot]]) -> None:
        self.sites, self.spots, self.ties = sites, spots, Ties()
        self.rng = Random(f"ties {seed}")
        self._pages = {
            s.domain: [p for host in s.hosts for p in spots[host] if p.sort in ("article", "home")] for s in sites
        }
        self._wide = {"news": 3, "directory": 8, "wiki": 6, "gov": 2, "edu": 3, "forum": 3}
        honest = [s for s in sites if s.role == "honest"]
        small = next(s for s in honest if s.kind == "company")
        farmed = next(s for s in sites if s.role == "target")
        self.plot = Plot(small, farmed)
        self._linkable = [
            s for s in sites if s.role in ("honest", "ring") and s.kind not in _UNLINKED and s is not small
        ]
        self._pull = [self._pull_of(s) for s in self._linkable]
        self._of_topic = {
            topic: [n for n, s in enumerate(self._linkable) if s.topic == topic] for topic in {s.topic for s in sites}
        }
        self._known: dict[str, list[list[Site]]] = defaultdict(list)

    def _pull_of(self, site: Site) -> float:
        pull = min(40.0, self.rng.paretovariate(1.1) + 0.05) * _PULL.get(site.kind, 1.0)
        return pull * (0.3 if site.role == "ring" else 1.0)

    def weave_editorial(self) -> None:
        """Draw what honest people link to because they want to."""
        for site in self.sites:
            if site.role == "honest" and site.kind not in ("moved", "social", "designer", "mirror", "directory"):
                self._editorial(site)
        self._plot_links()

    # ---------------------------------------------------------------- honest links

    def _editorial(self, site: Site) -> None:
        rng = self.rng
        if site.kind not in self._wide and rng.random() < _SILENT:
            return
        degree = min(25, int(rng.paretovariate(1.3)) + self._wide.get(site.kind, 1))
        chosen: dict[str, Site] = {}
        known = self._known[site.topic]
        for _ in range(3 * degree):
            if len(chosen) == degree:
                break
            target = rng.choice(rng.choice(known)) if known and rng.random() < _COPIED else self.pick(site.topic)
            if target is not site:
                chosen[target.domain] = target
        if chosen:
            known.append(list(chosen.values()))
        rel = ("nofollow",) if site.kind == "wiki" else ()
        for target in chosen.values():
            self.link(site, target, "reference" if rel else "editorial", rel=rel)
            is_answered = rng.random() < _RETURNED and target.role == "honest" and target.kind in ("blog", "project")
            if is_answered:
                self.link(target, site, "editorial")

    def pick(self, topic: str) -> Site:
        """A site worth linking to, as a rule of the topic."""
        rng = self.rng
        is_near = rng.random() < _INTRA_TOPIC and bool(self._of_topic[topic])
        numbers = self._of_topic[topic] if is_near else range(len(self._linkable))
        heights = list(accumulate(self._pull[n] for n in numbers))
        return self._linkable[numbers[min(bisect(heights, rng.random() * heights[-1]), len(numbers) - 1)]]

    def _plot_links(self) -> None:
        news = max((s for s in self.sites if s.kind == "news"), key=lambda s: self._pull[self._linkable.index(s)])
        gov = next(s for s in self.sites if s.kind == "gov")
        for source in (news, gov):
            self.link(source, self.plot.small, "editorial", anchors=[self.plot.small.look.brand])

    # ---------------------------------------------------------------- one link

    def link(
        self, source: Site, target: Site, intent: str, *, rel: tuple[str, ...] = (), slot: str = "body",
        anchors: Sequence[str] = (), pages: int = 0,
    ) -> None:  # fmt: skip
        """Put a link on one page of a site, or on some."""
        rng = self.rng
        own = [p for p in self._pages[source.domain] if p.sort == "article"]
        count = pages or rng.choices((1, 2, 3), (70, 22, 8))[0]
        for spot in rng.sample(own, min(count, len(own))):
            place = self.page_of(target)
            anchor = rng.choice(anchors) if anchors else self.anchor(target, place)
            self.ties.of_page[spot.url].append(Tie(place.url, anchor, intent, slot, rel))

    def page_of(self, target: Site) -> Spot:
        """The page of a site that others link to: its home page, or one of its articles."""
        pages = self._pages[target.domain]
        homes = [p for p in pages if p.sort == "home"] or [Spot(target.hosts[0], "/", "home", target.look.brand)]
        articles = [p for p in pages if p.sort == "article"]
        is_home = not articles or self.rng.random() < 0.5
        return self.rng.choice(homes if is_home else articles[:12])

    def anchor(self, target: Site, place: Spot) -> str:
        """In what words honest people link."""
        rng = self.rng
        (kind,) = rng.choices(("brand", "title", "url", "generic", "phrase"), (34, 26, 10, 10, 20))
        return {
            "brand": target.look.brand,
            "title": place.title,
            "url": target.hosts[0],
            "generic": rng.choice(GENERIC_ANCHORS),
            "phrase": phrase(target.topic, rng),
        }[kind]

    def of(self, kind: str) -> list[Site]:
        """The honest sites of a kind."""
        return [s for s in self.sites if s.kind == kind and s.role == "honest"]

    def articles(self, site: Site) -> list[Spot]:
        """The articles of a site."""
        return [p for p in self._pages[site.domain] if p.sort == "article"]
