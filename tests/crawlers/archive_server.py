"""A web server on loopback that serves the files of a folder in ranges, and fails as it is told."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

FAULTS: Final = ("503", "429", "cut", "reset", "slow", "other_range")


@dataclass(slots=True)
class Site:
    """What is served, and how: ``faults`` are used up one by one, by the GET requests of the archives in turn.

    ``knows_ranges``, ``knows_head`` and ``sends_tags`` say what the server can do; ``asked`` collects (method, path,
    Range, User-Agent).
    """

    folder: Path
    faults: list[str] = field(default_factory=list)
    knows_ranges: bool = True
    knows_head: bool = True
    sends_tags: bool = True
    retry_after: str = "0"
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve the site on a port of 127.0.0.1 until the block ends."""

    class Handler(_Handler):
        served = site

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Site

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        site = self.served
        try:
            given = self.headers.get("Range") or ""
            site.asked.append((self.command, self.path, given, self.headers.get("User-Agent") or ""))
            self._serve(site, given)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _serve(self, site: Site, given: str) -> None:
        path = site.folder / self.path.partition("?")[0].lstrip("/")
        if not path.is_file():
            return self.send_error(404)
        if self.command == "HEAD" and not site.knows_head:
            return self.send_error(405)
        data = path.read_bytes()
        tag = f'"{len(data)}-{path.stat().st_mtime_ns}"'
        wanted = self.headers.get("If-Match")
        if wanted is not None and wanted != tag:
            return self.send_error(412)
        fault = site.faults.pop(0) if site.faults and self.command == "GET" and ".warc" in path.name else ""
        if fault in ("503", "429", "404"):
            self.send_response(int(fault))
            self.send_header("Retry-After", site.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if fault == "reset":
            self.connection.close()
            return None
        return self._send(site, data, tag, given, fault)

    def _send(self, site: Site, data: bytes, tag: str, given: str, fault: str) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", given) if site.knows_ranges else None
        if match:
            begin, end = int(match[1]), min(int(match[2]) + 1, len(data))
            if fault == "other_range":
                begin, end = max(0, begin - 1), end - 1
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
            data = data[begin:end]
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        if site.sends_tags:
            self.send_header("ETag", tag)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            data = data[: len(data) // 2]
        if fault == "slow":
            for start in range(0, len(data), max(1, len(data) // 20)):
                self.wfile.write(data[start : start + max(1, len(data) // 20)])
                time.sleep(0.005)
            return
        self.wfile.write(data)
