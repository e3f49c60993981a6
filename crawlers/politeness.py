"""Manners between the spider and the network: robots.txt first, a delay for every host, no address not
permitted."""

from typing import TYPE_CHECKING, Any, Final, Self

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response

from crawlers.address import AddressPolicy, GuardedResolver
from crawlers.answers import decode_body
from crawlers.robots import MAX_REDIRECTS, RobotsCache
from schemas.identity import CanonicalUrl, judge

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
"""Statuses whose Location is another place for the same thing."""

_ROBOTS: Final = "linklake_robots"


class Refused(IgnoreRequest):
    """A request that is not sent, or whose answer is not read; ``state`` is the state of its fetch."""

    state = "unreachable"


class RobotsDisallowed(Refused):
    """robots.txt says no."""

    state = "robots_disallowed"


class RobotsUnreachable(Refused):
    """robots.txt could not be fetched, so nothing may be (RFC 9309 §2.3.1.4)."""

    state = "robots_unreachable"


class AddressRefused(Refused):
    """The host resolves to an address that is not public and that nobody named."""

    state = "address_refused"


class Stopped(Refused):
    """The crawl is being stopped; the URL stays to be fetched."""


class Manners:
    """Downloader middleware; every request of ours, redirects included, passes through it."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._policy: AddressPolicy = crawler.settings["LINKLAKE_ADDRESS_POLICY"]
        self._robots = RobotsCache(self._fetch_robots)

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """As Scrapy asks."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let a request pass when its origin's robots.txt allows it, at the pace that it asks for."""
        if request.meta.get(_ROBOTS):
            return
        rules = await self._robots.rules_for(request.url)
        if not rules.is_reachable:
            raise RobotsUnreachable(f"robots.txt: {rules.failure}")
        if not rules.allows(request.url):
            raise RobotsDisallowed("robots.txt says no")
        self._slow_down(request.meta["download_slot"], rules.delay)

    def process_response(self, request: Request, response: Response) -> Response:
        """Defence in depth: whoever answered must be someone we may connect to."""
        peer = response.ip_address
        if peer is not None and not self._policy.permits_peer(str(peer)):
            raise AddressRefused(f"answered by {peer}, which is not public and not named")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Tell a refused host from one that does not exist."""
        from twisted.internet import reactor  # installed by now, and only once per process

        resolver = getattr(reactor, "nameResolver", None)
        host = request.meta["download_slot"]
        if isinstance(exception, CannotResolveHostError) and isinstance(resolver, GuardedResolver):
            address = resolver.refused.get(host)
            if address is not None:
                raise AddressRefused(f"{host} resolves to {address}, which is not public and not named")

    async def _fetch_robots(self, url: str) -> tuple[int | str, bytes]:
        """Status of a robots.txt at the end of its redirects, or why there is none, and its body."""
        target = judge(url)
        for hop in range(MAX_REDIRECTS + 1):
            if not isinstance(target, CanonicalUrl):
                return "a redirect to no web address", b""
            request = build_request(target, self._crawler.settings, meta={_ROBOTS: True})
            try:
                response = await self._engine.download_async(request)
            except Exception as error:  # whatever fails, nobody answered
                if isinstance(error, Stopped) or (isinstance(error, AddressRefused) and hop == 0):
                    raise  # says of the page itself what it says of robots.txt
                return describe(error), b""
            if response.status not in REDIRECTS:
                return response.status, decode_body(response.body, header_pairs(response))[0]
            target = judge(location_of(response), target.url)
        return f"more than {MAX_REDIRECTS} redirects", b""

    def _slow_down(self, slot: str, delay: float) -> None:
        """Never speeds up: a host's origins share its slot, and the longest delay of them holds."""
        downloader = self._engine.downloader
        given = downloader.per_slot_settings.get(slot, {}).get("delay")
        if delay <= (self._crawler.settings.getfloat("DOWNLOAD_DELAY") if given is None else given):
            return
        downloader.per_slot_settings[slot] = {"delay": delay, "concurrency": 1}
        if slot in downloader.slots:
            downloader.slots[slot].delay = delay
            downloader.slots[slot].concurrency = 1

    @property
    def _engine(self) -> Any:
        return self._crawler.engine


def build_request(url: CanonicalUrl, settings: Any, *, meta: dict[str, Any], **more: Any) -> Request:
    """A request for exactly this URL; requests to one host share one slot, that is, one delay."""
    return Request(
        url.url,
        headers={
            "User-Agent": settings["LINKLAKE_USER_AGENT"],
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "Accept-Encoding": "gzip, deflate, br",
        },
        meta={
            "verbatim_url": True,
            "download_slot": url.host,
            "download_timeout": settings.getfloat("DOWNLOAD_TIMEOUT"),
            **meta,
        },
        dont_filter=True,
        **more,
    )


def is_for_robots(request: Request) -> bool:
    """Whether a request asks for a robots.txt on our own behalf."""
    return bool(request.meta.get(_ROBOTS))


def header_pairs(response: Response) -> list[tuple[str, str]]:
    """The headers of an answer, repeats included; bytes that are not ASCII as Latin-1 (RFC 9110 §5.5)."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]


def location_of(response: Response) -> str:
    """The Location of a redirect as text; empty when there is none."""
    location = response.headers.get("Location") or b""
    try:
        return location.decode("utf-8")
    except UnicodeDecodeError:
        return location.decode("latin-1")


def describe(error: BaseException) -> str:
    """A failure in the words of the client, on one line."""
    text = " ".join(str(error).split())[:500]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def let_go(engine: Any) -> None:
    """Fail every request that still waits for its turn: a delay of minutes must not hold up a stop."""
    for slot in engine.downloader.slots.values():
        while slot.queue:
            _, waiting = slot.queue.popleft()
            waiting.errback(Stopped("the crawl is being stopped"))
