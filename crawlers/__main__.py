"""One crawl in one process (the reactor cannot start twice): ``python -m crawlers CONFIG.json [PARENT]``."""

import ctypes
import gc
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from scrapy.crawler import AsyncCrawlerProcess

from crawlers.extract import prepare
from crawlers.journal import Journal
from crawlers.politeness import describe
from crawlers.settings import CrawlConfig, scrapy_settings
from crawlers.sink import Limits, Sink
from crawlers.spiders.site import SiteSpider
from schemas.errors import LinklakeError, Misuse


def main(arguments: list[str]) -> int:
    """Run or carry on the crawl that a configuration describes; see ``crawlers.settings.CrawlConfig``.

    With PARENT, the id of the process that started it, it ends with that process.

    Returns 0 when its journal is closed (complete or stopped early), else the exit code of the error.
    """
    try:
        path, *parent = arguments or [""]
        if not path or len(parent) > 1 or not all(one.isdecimal() for one in parent):
            raise Misuse("usage: python -m crawlers CONFIG.json [PARENT]")
        if parent:
            _end_with(int(parent[0]))
        crawl(CrawlConfig.read(Path(path)))
    except LinklakeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def crawl(config: CrawlConfig) -> None:
    """Crawl into ``config.folder`` and close its journal; once per process.

    Raises:
        LinklakeError: the journal belongs to another crawl or process, is damaged, or rows cannot be kept.
    """
    with Journal.open_or_create(Path(config.folder), config.facts()) as journal:
        if journal.state.complete and journal.state.complete["is_complete"]:
            return
        sink = Sink(journal, stage=config.kind, limits=Limits(seconds=config.part_seconds))
        _log_to_stderr()
        prepare()
        gc.collect()
        gc.freeze()  # what compiling left behind would be looked through between two requests to a host
        process = AsyncCrawlerProcess(scrapy_settings(config))
        logging.getLogger("crawlers").setLevel(logging.INFO)
        logging.getLogger("scrapy").setLevel(logging.ERROR)  # spares a record for every request
        crawler = process.create_crawler(SiteSpider)
        process.crawl(crawler, config=config, journal=journal, sink=sink)
        process.start(install_signal_handlers=False)
        spider = crawler.spider
        if not isinstance(spider, SiteSpider):
            raise LinklakeError(f"the crawl {config.crawl_id} did not start: see the messages above")
        try:
            if spider.failure is not None:
                raise spider.failure
            sink.close(
                finished_at=datetime.now(UTC),
                is_complete=spider.is_finished,
                counts=dict(spider.counts),
                resume=spider.resume(),
            )
        except Exception as error:
            raise LinklakeError(
                f"the crawl {config.crawl_id} cannot go on ({describe(error)}): mend that and run it again, "
                "what was acknowledged is kept"
            ) from error


def _log_to_stderr() -> None:
    """What we say, and what goes wrong in Scrapy, which lowers every level when it starts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.addFilter(lambda record: record.name.startswith("crawlers") or record.levelno >= logging.ERROR)
    logging.getLogger().addHandler(handler)


def _end_with(parent: int) -> None:
    """Be told to stop (SIGTERM) when the command that started us dies, however it dies: nobody would watch the crawl.

    Linux only (prctl(2), PR_SET_PDEATHSIG is 1); elsewhere the crawl goes on to its end.

    Raises:
        LinklakeError: it is dead already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        if os.getppid() != parent:  # it died while we were imported
            raise LinklakeError("the command that started this crawl is gone: nothing was fetched")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
