"""A whole web before any page is written: sites, where their pages are, and the links between sites."""

from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from linklake.demo.generated import customs, spam
from linklake.demo.generated.cast import Site, cast_sites
from linklake.demo.generated.site_map import Spot, archives, spots_of
from linklake.demo.generated.ties import Plot, Ties, Weaver
from linklake.demo.generated.words import slug, title

_WIRE_STORIES = 5
_PROFILED = 0.6


@dataclass(frozen=True)
class Plan:
    """What a seed and a number of sites determine."""

    seed: int
    sites: tuple[Site, ...]
    spots: dict[str, list[Spot]]
    """Pages by host."""
    ties: Ties
    plot: Plot

    @cached_property
    def site_of_host(self) -> dict[str, Site]:
        return {host: site for site in self.sites for host in site.hosts}

    @cached_property
    def spot_of_url(self) -> dict[str, Spot]:
        return {spot.url: spot for spots in self.spots.values() for spot in spots}


def make_plan(seed: int, site_count: int) -> Plan:
    """Plan a web.

    Raises:
        ValueError: too few sites.
    """
    sites = cast_sites(seed, site_count)
    spots = _spots(sites, seed)
    weaver = Weaver(seed, sites, spots)
    weaver.weave_editorial()
    customs.weave(weaver)
    spam.weave(weaver)
    return Plan(seed, tuple(sites), spots, weaver.ties, weaver.plot)


def _spots(sites: list[Site], seed: int) -> dict[str, list[Spot]]:
    spots: dict[str, list[Spot]] = {host: [] for site in sites for host in site.hosts}
    for site in sites:
        for spot in spots_of(site, seed):
            spots[spot.host].append(spot)
    rng = Random(f"shared pages {seed}")
    _add_wire(sites, spots, rng)
    _add_mirrors(sites, spots)
    _add_profiles(sites, spots, rng)
    _add_moved(sites, spots, rng)
    return spots


def _add_wire(sites: list[Site], spots: dict[str, list[Spot]], rng: Random) -> None:
    """The same stories in every newspaper; every other one names the agency's as canonical."""
    papers = [s for s in sites if s.kind == "news"]
    agency = papers[0]
    titles = list(dict.fromkeys(title(agency.topic, rng) for _ in range(_WIRE_STORIES)))
    for number, paper in enumerate(papers):
        for said in titles:
            path = f"/wire/{slug(said)}"
            canonical = f"http://{agency.hosts[0]}{path}" if number % 2 else ""
            spots[paper.hosts[0]].append(Spot(paper.hosts[0], path, "wire", said, canonical=canonical))


def _add_mirrors(sites: list[Site], spots: dict[str, list[Spot]]) -> None:
    """Copies of the first encyclopedia, page by page; every other one says whose they are."""
    wiki = next(s for s in sites if s.kind == "wiki")
    originals = [p for p in spots[wiki.hosts[0]] if p.sort == "article"]
    for number, mirror in enumerate(s for s in sites if s.kind == "mirror"):
        host = mirror.hosts[0]
        kept = [p for p in spots[host] if p.sort in ("home", "about")]
        copies = [
            Spot(host, f"/mirror{p.path}", "article", p.title, canonical="" if number % 2 else p.url) for p in originals
        ]
        spots[host] = [*kept, *copies, *archives(mirror, host, len(copies))]


def _add_profiles(sites: list[Site], spots: dict[str, list[Spot]], rng: Random) -> None:
    """Social networks have a page for many sites, and lists of all of them; its title is the site's domain."""
    for network in (s for s in sites if s.kind == "social"):
        host = network.hosts[0]
        kept = [p for p in spots[host] if p.sort in ("home", "about")]
        owners = [s for s in sites if s.kind not in ("social", "moved") and rng.random() < _PROFILED]
        profiles = [Spot(host, f"/@{slug(s.look.brand)}-{n}", "profile", s.domain) for n, s in enumerate(owners)]
        spots[host] = [*kept, *profiles, *archives(network, host, len(profiles))]


def _add_moved(sites: list[Site], spots: dict[str, list[Spot]], rng: Random) -> None:
    """A site that has moved redirects to another of its topic."""
    living = [s for s in sites if s.role == "honest" and s.kind in ("blog", "company", "project")]
    for site in (s for s in sites if s.kind == "moved"):
        new = rng.choice(living)
        host = site.hosts[0]
        spots[host] = [replace(spot, location=new.home) for spot in spots[host]]
