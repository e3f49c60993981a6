"""A web drawn in a test: many hosts on one loopback port, each path with its answer, every request remembered."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    """What a URL answers; ``seconds`` is how long it takes."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html"})
    seconds: float = 0.0


def page(*hrefs: str, head: str = "", rel: str = "") -> Reply:
    """An HTML page with these links."""
    attribute = f' rel="{rel}"' if rel else ""
    links = "".join(f'<p><a href="{href}"{attribute}>to {href}</a></p>' for href in hrefs)
    return Reply(f"<html><head>{head}<title>a page</title></head><body>{links}</body></html>".encode())


def redirect(to: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": to, "Content-Length": "0"})


def text(body: str, status: int = 200) -> Reply:
    return Reply(body.encode(), status, {"Content-Type": "text/plain"})


class SmallWeb:
    """Serves ``replies`` (by ``host/path``); what is missing is a 404. ``requests`` holds (host/path, time)."""

    def __init__(self, replies: Mapping[str, Reply], *, address: str = "127.0.0.1") -> None:
        self.replies = dict(replies)
        self.requests: list[tuple[str, float]] = []
        self.agents: set[str] = set()
        self.before: Callable[[str], None] = lambda _: None
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"{address}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def asked(self) -> list[str]:
        return [url for url, _ in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                host = self.headers.get("Host", "").partition(":")[0]
                url = host + self.path
                web.requests.append((url, time.monotonic()))
                web.agents.add(self.headers.get("User-Agent", ""))
                web.before(url)
                reply = web.replies.get(url, Reply(b"<p>nothing here</p>", 404))
                time.sleep(reply.seconds)
                self.send_response(reply.status)
                headers = {"Content-Length": str(len(reply.body)), **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = headers["Content-Length"] != str(len(reply.body))

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
