"""Memory of a long ingest: real pages again and again under new hosts, until there are as many as asked for.

``python -m tests.bench.memory --pages 100000 ARCHIVE…``. The command runs as a user runs it, in a process of its own,
and what its memory holds is read from outside, beside each of its lines of progress; the summary names the most of each
tenth of the way, and of what comes after the last record (settling, the gate).
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

from backports import zstd
from fastwarc.warc import ArchiveIterator, WarcRecordType

_PROGRESS: Final = re.compile(r"ingest: ([\d,]+) records")
_SECONDS: Final = 0.5
_TENTHS: Final = 10

Page = tuple[str, str, bytes]
"""URL, date and block (an HTTP message) of a response."""


def main(places: Sequence[str], count: int, folder: Path) -> None:
    """Write the archive, ingest it, and print what memory it took on the way."""
    pages = [page for place in places for page in _pages(Path(place))]
    archive = folder / "long.warc.zst"
    with archive.open("wb") as file:
        for number in range(count):
            file.write(zstd.compress(_record(number, *pages[number % len(pages)]), 1))
    print(f"{count:,} pages ({len(pages):,} different ones), {archive.stat().st_size / 1e6:,.0f} MB", flush=True)
    words = [sys.executable, "-m", "linklake", "ingest", str(archive), "--lake", str(folder / "lake")]
    with subprocess.Popen([*words, "--crawl-id", "long"], stderr=subprocess.PIPE, text=True) as command:
        watch = _Watch(command.pid, folder / "lake", count)
        for line in command.stderr or ():
            print(f"{watch.resident:6,.0f} MB  {line.rstrip()}", flush=True)
            if said := _PROGRESS.match(line):
                watch.records = int(said[1].replace(",", ""))
        watch.stop()
    print("\n".join(watch.summary()))


class _Watch:
    """Samples the resident memory of a process, and notes the most of it by how far the process said it was."""

    def __init__(self, pid: int, lake: Path, count: int) -> None:
        self.records = 0
        self.resident = 0.0
        self._most: dict[int, float] = {}
        self._pid, self._lake, self._count = pid, lake, count
        self._is_over = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def summary(self) -> Iterator[str]:
        tenths: dict[int, float] = {}
        for records, most in self._most.items():
            tenth = _TENTHS * records // self._count
            tenths[tenth] = max(most, tenths.get(tenth, 0))
        for tenth, most in sorted(tenths.items()):
            what = "then" if tenth == _TENTHS else f"{tenth * self._count // _TENTHS:,} pages on"
            yield f"{what:>18} {most:7,.0f} MB"

    def _sample(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._is_over.wait(_SECONDS):
            try:
                fields = Path(f"/proc/{self._pid}/statm").read_text(encoding="ascii").split()
                is_read = self._is_read()
            except OSError:  # it has ended, or lets go of its journal this moment
                continue
            if fields:
                self.resident = int(fields[1]) * page / 1e6
                at = self._count if is_read else self.records
                self._most[at] = max(self.resident, self._most.get(at, 0))

    def _is_read(self) -> bool:
        """Whether the journal says that every record was read; settled, it is gone."""
        journals = list(self._lake.glob("*/long/journal.jsonl"))
        return self.records > 0 and (not journals or b'"line":"complete"' in journals[0].read_bytes()[-4096:])


def _record(number: int, url: str, date: str, block: bytes) -> bytes:
    scheme, _, rest = url.partition("://")
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:long:{number}>\r\n"
        f"WARC-Target-URI: {scheme}://n{number}.{rest}\r\nWARC-Date: {date}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def _pages(archive: Path) -> Iterator[Page]:
    with archive.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False):
            yield record.headers["WARC-Target-URI"] or "", record.headers["WARC-Date"] or "", record.reader.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where archive and lake go; a temporary folder unless given")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        main(given.archives, given.pages, given.folder or Path(name))
