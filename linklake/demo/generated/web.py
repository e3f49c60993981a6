"""The generated web as a server asks for it: an answer for a host and a path, made on the fly."""

from functools import cached_property
from typing import Final

from linklake.demo.generated.pages import write_page
from linklake.demo.generated.plan import Plan, make_plan
from linklake.demo.generated.site_map import Spot
from linklake.demo.generated.ties import Plot
from linklake.demo.generated.truth import PageTruth, SiteTruth, WebTruth
from linklake.demo.server import CONTENT_TYPES, NOT_FOUND, Answer

DEFAULT_SITES: Final = 300
DEFAULT_SEED: Final = 1
_ROBOTS: Final = "User-agent: *\nDisallow: /members/\n"
_FEED: Final = Answer(
    b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>', content_type="application/rss+xml"
)
_BANNER: Final = Answer(b'<svg xmlns="http://www.w3.org/2000/svg"/>', content_type=CONTENT_TYPES[".svg"])


class GeneratedWeb:
    """A web of so many sites that a seed determines, on every machine alike."""

    def __init__(self, seed: int = DEFAULT_SEED, sites: int = DEFAULT_SITES) -> None:
        self.seed, self.site_count = seed, sites
        self._plan = make_plan(seed, sites)

    @property
    def plan(self) -> Plan:
        """Sites, where their pages are, and the links between sites."""
        return self._plan

    @property
    def plot(self) -> Plot:
        """The two sites that the demo tells of."""
        return self._plan.plot

    @property
    def page_count(self) -> int:
        """How many URLs answer with something of their own."""
        return len(self._plan.spot_of_url)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host, sorted."""
        return tuple(sorted(self._plan.spots))

    @property
    def seeds(self) -> tuple[str, ...]:
        """The home page of every host, sorted: where a crawl starts."""
        return tuple(f"http://{host}/" for host in self.hosts)

    def address_of(self, host: str) -> str:
        """Where the host would be, were it real."""
        return self._plan.site_of_host[host].look.address

    def answer(self, host: str, path: str) -> Answer:
        """What a host answers; a query is part of no page here and changes nothing."""
        if host not in self._plan.spots:
            return NOT_FOUND
        plain = path.partition("?")[0]
        spot = self._plan.spot_of_url.get(f"http://{host}{plain}")
        site = self._plan.site_of_host[host]
        if site.kind == "moved" and plain != "/robots.txt":
            return Answer(status=301, location=self._plan.spots[host][0].location)
        if spot is not None:
            return self._shown(spot)
        fixed = {"/robots.txt": self._robots(host), "/feed.xml": _FEED, "/banner.svg": _BANNER}
        return fixed.get(plain, NOT_FOUND)

    def _shown(self, spot: Spot) -> Answer:
        if spot.location:
            return Answer(status=spot.status, location=spot.location)
        headers = {"X-Robots-Tag": ", ".join(spot.header_directives)} if spot.header_directives else {}
        return Answer(write_page(self._plan, spot).html.encode(), spot.status, CONTENT_TYPES[".html"], headers=headers)

    def _robots(self, host: str) -> Answer:
        keeps = any(spot.sort == "members" for spot in self._plan.spots[host])
        return Answer(_ROBOTS.encode()) if keeps else NOT_FOUND

    @cached_property
    def truth(self) -> WebTruth:
        """Everything that is true of it; writes every page once."""
        plan = self._plan
        sites = tuple(SiteTruth(s.domain, s.kind, s.role, s.group, s.topic, s.look.address) for s in plan.sites)
        pages = tuple(self._page_truth(spot) for host in self.hosts for spot in plan.spots[host])
        return WebTruth(sites, pages, plan.plot.small.domain, plan.plot.farmed.domain)

    def _page_truth(self, spot: Spot) -> PageTruth:
        if spot.location:
            target = spot.location if spot.location.startswith("http") else f"http://{spot.host}{spot.location}"
            return PageTruth(spot.url, spot.status, redirects_to=target)
        if spot.sort == "members":
            return PageTruth(spot.url, spot.status, is_disallowed=True)
        return write_page(self._plan, spot).truth
