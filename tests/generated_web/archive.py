"""The generated web as a web archive: what a crawl of it would have kept, without the crawl."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from crawlers.warc_writer import Captured, WarcWriter
from linklake.demo.generated.web import GeneratedWeb

BEGUN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def write_archive(web: GeneratedWeb, path: Path) -> None:
    """Every page that robots.txt does not keep, a record each, as if fetched one a second."""
    writer = WarcWriter.open(path, name=path.name, sound_bytes=0)
    for number, page in enumerate(p for p in web.truth.pages if not p.is_disallowed):
        parts = urlsplit(page.url)
        answer = web.answer(parts.hostname or "", parts.path)
        headers = [("Content-Type", answer.content_type), *answer.headers.items()]
        headers += [("Location", answer.location)] if answer.location else []
        at = BEGUN + timedelta(seconds=number)
        address = web.address_of(parts.hostname or "")
        writer.write(Captured(page.url, at, answer.status, headers, answer.body, address))
    writer.keep()
    writer.close()
