"""Fetches the pages of some sites, link by link from their seeds, and records every link they hold."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import scrapy
from scrapy import Request, signals
from scrapy.exceptions import DownloadCancelledError, StopDownload
from scrapy.http import Response

from crawlers.adoption import adopted_links, adopted_states, is_followable
from crawlers.answers import HTML_TYPES, Answer, charset_remark, decode_body, read_page
from crawlers.brink import Brink
from crawlers.extract import Page
from crawlers.frontier import Frontier
from crawlers.journal import Journal
from crawlers.politeness import (
    REDIRECTS,
    Refused,
    Stopped,
    build_request,
    describe,
    header_pairs,
    is_for_robots,
    let_go,
    location_of,
)
from crawlers.settings import CrawlConfig
from crawlers.sink import Evidence, Fetch, Sink, short_id
from crawlers.warc_writer import Captured, WarcWriter
from schemas.identity import CanonicalUrl, judge

log = logging.getLogger(__name__)

MAX_REDIRECTS: Final = 5
WORTH_STOPPING: Final = 64 << 10
"""Bytes from which it is cheaper to close a connection than to read what is no page."""

PROGRESS_SECONDS: Final = 10.0
KEEP_SECONDS: Final = 1.0
WARC_BYTES: Final = "warc_bytes"
"""How much of the web archive a part says to be safe."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A fetch under way: what was asked for, where it has got to, and the redirects between."""

    requested: CanonicalUrl
    at: CanonicalUrl
    depth: int
    chain: tuple[str, ...] = ()
    redirected: tuple[CanonicalUrl, int] | None = None
    """The last redirect: who sent it, and with which status."""
    answered_at: datetime | None = None
    evidence: Evidence | None = None
    """Where the last answer is archived."""


class SiteSpider(scrapy.Spider):
    """One crawl. A *fetch* goes from a URL through its redirects to an end, and gives one row of
    ``page_fetches``.

    A redirect is followed when its target is in scope; what stops it behind the first answer (scope,
    robots.txt, a refused address, no answer, a loop, a sixth hop) makes the fetch ``redirect_unresolved``,
    its error says what.
    """

    name = "site"

    def __init__(self, config: CrawlConfig, journal: Journal, sink: Sink, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.is_finished = False
        """Whether all in scope and budget was fetched."""
        self.failure: Exception | None = None
        """What made it impossible to go on."""
        self._sink = sink
        self._resume = sink.resume
        self._warc = _warc_writer(config, self._resume)
        self._brink = Brink(Path(config.folder))
        self._domains = config.domains
        states = adopted_states(Path(config.folder), journal.state)
        self.counts = Counter(states.values())
        self._frontier = Frontier(config.judged_seeds(), budget=config.page_budget, depth=config.depth, asked=states)
        for url, depth in adopted_links(Path(config.folder), journal.state):
            self._add(judge(url), depth)
        self._under_way = 0
        self._level_done = asyncio.Event()
        self._is_stopping = False

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> "SiteSpider":
        """As Scrapy asks."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.spare_the_rest, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Ask for one level after the other; SIGTERM, SIGINT and the time limit end that early."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if self.config.time_limit is not None:
            loop.call_later(self.config.time_limit, self.stop)
        beside = [asyncio.ensure_future(work) for work in (self._report(), self._keep_watch())]
        try:
            while level := self._frontier.next_level():
                depth, urls = level
                self._under_way = len(urls)
                self._level_done.clear()
                for url in urls:
                    yield self._request(Visit(url, url, depth))
                await self._level_done.wait()
            self.is_finished = not self._is_stopping
        finally:
            for work in beside:
                work.cancel()

    def stop(self) -> None:
        """End the crawl soon: what is on the wire is still recorded, what waits is left for another run."""
        if self._is_stopping:
            return
        self._is_stopping = True
        self._keep(at_once=True)  # whoever asks may not wait for what is on the wire
        self.crawler.engine.pause()
        let_go(self.crawler.engine)
        self._stopped = asyncio.ensure_future(self.crawler.stop_async())

    def parse(self, response: Response, visit: Visit) -> Request | None:
        """Follow a redirect, or record what came back."""
        try:
            return self._next_hop(response, self._captured(response, visit))
        except Exception as error:  # Scrapy would go on without the row
            self._give_up(error)
            return None

    def failed(self, failure: Any) -> None:
        """Record why there is no answer."""
        error, visit = failure.value, failure.request.cb_kwargs["visit"]
        if isinstance(error, Stopped):
            return
        if isinstance(error, DownloadCancelledError):
            self._record(visit, "too_large", error=str(error))
            return
        state = error.state if isinstance(error, Refused) else "unreachable"
        text = str(error) if isinstance(error, Refused) else describe(error)
        if visit.redirected is None:
            self._record(visit, state, error=text)
            return
        sender, status = visit.redirected
        text = f"redirects to {visit.at.url}, {state}: {text}"
        unresolved = replace(visit, at=sender, chain=visit.chain[:-1])
        self._record(unresolved, "redirect_unresolved", error=text, status=status)

    def spare_the_rest(self, headers: Any, body_length: Any, request: Request) -> None:
        """Do not fetch the body of what says that it is no HTML."""
        media_type = (headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()
        is_small = isinstance(body_length, int) and body_length < WORTH_STOPPING
        if not is_for_robots(request) and media_type and media_type not in HTML_TYPES and not is_small:
            raise StopDownload(fail=False)

    def resume(self) -> dict[str, Any]:
        """What the next part says of where to go on; what is archived so far is on the disk then."""
        if self._warc:
            self._warc.keep()
            self._resume = {**self._resume, WARC_BYTES: self._warc.size}
        return self._resume

    def _captured(self, response: Response, visit: Visit) -> Visit:
        """The visit with its answer archived, where that was asked for."""
        now = datetime.now(UTC)
        if self._warc is None:
            return replace(visit, answered_at=now)
        answer = Captured(
            visit.at.url,
            now,
            response.status,
            header_pairs(response),
            response.body,
            str(response.ip_address) if response.ip_address else None,
            is_whole="download_stopped" not in response.flags,
        )
        return replace(visit, answered_at=now, evidence=self._warc.write(answer))

    def _next_hop(self, response: Response, visit: Visit) -> Request | None:
        if response.status not in REDIRECTS:
            self._record_answer(response, visit)
            return None
        target = self._target(response, visit)
        if isinstance(target, str):
            self._record_answer(response, visit, error=target)
            return None
        chain = (*visit.chain, visit.at.url)
        return self._request(replace(visit, at=target, chain=chain, redirected=(visit.at, response.status)))

    def _request(self, visit: Visit) -> Request:
        return build_request(
            visit.at,
            self.crawler.settings,
            meta={},
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"visit": visit},
        )

    def _target(self, response: Response, visit: Visit) -> CanonicalUrl | str:
        """Where a redirect leads, or why it is not followed."""
        location = location_of(response)
        if not location:
            return "redirects without a Location"
        target = judge(location, visit.at.url)
        if not isinstance(target, CanonicalUrl):
            return f"redirects to no web address ({target.reason}): {location[:200]}"
        if target.url in (*visit.chain, visit.at.url):
            return f"redirects in a loop to {target.url}"
        if len(visit.chain) >= MAX_REDIRECTS:
            return f"redirects more than {MAX_REDIRECTS} times, next to {target.url}"
        if not self._includes(target):
            return f"redirects out of scope to {target.url}"
        return target

    def _record_answer(self, response: Response, visit: Visit, *, error: str | None = None) -> None:
        headers = header_pairs(response)
        body, is_whole = decode_body(response.body, headers)
        is_whole = is_whole and "download_stopped" not in response.flags
        answer = Answer(response.status, headers, body, is_whole)
        try:
            with self._brink.reading(short_id(visit.at.url)):
                state, page = read_page(answer, visit.at.url)
            error = error or charset_remark(answer, page)
        except Exception as unreadable:  # one page never costs the others; as no page it loses no links
            log.warning("cannot read %s: %s", visit.at.url, describe(unreadable))
            state, page, error = "not_html", None, f"cannot be read: {describe(unreadable)}"
        if page and state == "fetched" and not page.is_nofollow:
            for link in page.observations:
                if is_followable(link.link_type, link.rel):
                    self._add(link.target, visit.depth + 1)
        self._record(
            visit,
            state,
            error=error,
            status=response.status,
            ip=str(response.ip_address) if response.ip_address else None,
            content_type=answer.media_type,
            body=body if is_whole else None,
            page=page,
        )

    def _record(self, visit: Visit, state: str, *, page: Page | None = None, **facts: Any) -> None:
        fetch = Fetch(
            fetch_id=short_id(visit.requested.url),
            requested=visit.requested,
            final=visit.at,
            state=state,
            fetched_at=visit.answered_at or datetime.now(UTC),
            evidence=visit.evidence,
            redirect_chain=visit.chain,
            depth=visit.depth,
            **facts,
        )
        try:
            self._sink.write_page(fetch, page)
        except Exception as error:  # rows that cannot be kept: going on would only lose more
            self._give_up(error)
            return
        self._keep()
        self.counts[state] += 1
        self._under_way -= 1
        if self._under_way <= 0:
            self._level_done.set()

    def _keep(self, *, at_once: bool = False) -> None:
        """Make what was seen safe, when it is time to."""
        try:
            if self._sink.is_due() or (at_once and not self._sink.is_empty):
                self._sink.flush(resume=self.resume())
        except Exception as error:
            self._give_up(error)

    def _includes(self, url: CanonicalUrl) -> bool:
        """Whether a page may be fetched as far as scope goes."""
        return self.config.follow_external or url.domain in self._domains

    def _give_up(self, error: Exception) -> None:
        self.failure = self.failure or error
        self.stop()

    def _add(self, url: object, depth: int) -> None:
        if isinstance(url, CanonicalUrl) and self._includes(url):
            self._frontier.add(url, depth)

    async def _keep_watch(self) -> None:
        """Parts come with time, also while no page does."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            self._keep()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            facts = ", ".join(f"{state} {count}" for state, count in sorted(self.counts.items()))
            log.info("crawl %s: %d under way, %s", self.config.crawl_id, self._under_way, facts or "nothing yet")


def _warc_writer(config: CrawlConfig, resume: Mapping[str, Any]) -> WarcWriter | None:
    if config.warc is None:
        return None
    path = Path(config.warc)
    return WarcWriter.open(path, name="/".join(path.parts[-2:]), sound_bytes=resume.get(WARC_BYTES, 0))
