"""Serve a built-in web: many small hosts on one loopback port, told apart by the Host header.

What a host answers is said by a ``Web``: the drawn one of files, or one made from a seed (linklake/demo/generated).
Of the drawn one a site is a folder named after its host. Path ``/`` is ``index.html``, ``/a/b`` is ``a/b.html``, and a
path with an extension is that very file. A ``_site.toml`` beside the pages says what HTML cannot, by path
(``"*"``: every path that nothing else answers)::

    ["/old"]
    status = 301                    # default 200, or 302 where there is a location
    location = "/new"               # "{path}" in it stands for the requested path and query
    headers = { X-Robots-Tag = "nofollow" }
    content_type = "text/html; charset=iso-8859-1"

All files are read once, at the start: a request can name nothing that is not in the site's table.
"""

import socket
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import unquote

RULES: Final = "_site.toml"
ANY_PATH: Final = "*"
CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
}
"""By extension. The mimetypes module would read the machine's own tables, and they differ."""

IDLE_SECONDS: Final = 30.0
"""How long a silent connection is kept: no thread waits for ever."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came in: what a politeness audit reads."""

    host: str
    """Virtual host: lower case, without port and trailing dot."""
    path: str
    """Path and query as sent."""
    at: float
    """Arrival on the monotonic clock, in seconds."""
    client: tuple[str, int]
    """Address and port of the client."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one path of a site answers."""

    body: bytes = b""
    status: int = 200
    content_type: str = CONTENT_TYPES[".txt"]
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Site = dict[str, Answer]

NOT_FOUND: Final = Answer(b"404: nothing here\n", status=404)


class Web(Protocol):
    """What is served: which hosts there are, and what each answers."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The virtual hosts, sorted."""

    def answer(self, host: str, path: str) -> Answer:
        """What a host (lower case, without port) answers to a path and query as sent."""


class DrawnWeb:
    """Sites of a folder, read once."""

    def __init__(self, folder: Traversable) -> None:
        self._sites = read_sites(folder)
        self.hosts = tuple(sorted(self._sites))

    def answer(self, host: str, path: str) -> Answer:
        """What the site's table says."""
        site = self._sites.get(host, {})
        return site.get(unquote(path.partition("?")[0])) or site.get(ANY_PATH, NOT_FOUND)


class DemoServer:
    """A built-in web on a loopback port, as a context manager: the tiny one unless another is given.

    ``web`` may be a folder of sites. ``hosts`` are the virtual hosts, sorted; ``requests`` are all requests
    so far in the order of their arrival. Raises ValueError when a ``_site.toml`` is wrong, OSError when the
    port is taken.
    """

    def __init__(self, *, web: Web | Path | None = None, port: int = 0) -> None:
        shown: Web = DrawnWeb(_folder(web)) if web is None or isinstance(web, Path) else web
        self.hosts = shown.hosts
        self.requests: list[Arrival] = []
        self._server = _Listener(("127.0.0.1", port), shown, self.requests)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: ``("127.0.0.1", port)``."""
        return "127.0.0.1", self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


def seeds(*, web: Path | None = None) -> tuple[str, ...]:
    """Return the home page of every host, sorted: where a crawl of the tiny web starts."""
    hosts = sorted(folder.name for folder in _folder(web).iterdir() if folder.is_dir())
    return tuple(f"http://{host}/" for host in hosts)


def read_sites(web: Traversable) -> dict[str, Site]:
    """Read every site below ``web`` into a table from path to answer."""
    return {folder.name: _read_site(folder) for folder in web.iterdir() if folder.is_dir()}


def _folder(web: Path | None) -> Traversable:
    return files("linklake.demo") / "web" if web is None else web


def _read_site(folder: Traversable) -> Site:
    site: Site = {}
    rules = ""
    for name, file in _walk(folder):
        if name == RULES:
            rules = file.read_text(encoding="utf-8")
            continue
        answer = Answer(file.read_bytes(), content_type=_content_type(name))
        site |= dict.fromkeys(_paths(name), answer)
    for path, rule in tomllib.loads(rules).items():
        site[path] = _apply(rule, site.get(path, Answer()), f"{folder.name}/{RULES}, {path}")
    return site


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _paths(name: str) -> tuple[str, ...]:
    """The paths that show a file: its own, and for HTML the one without ``.html`` or ``index.html``."""
    own = f"/{name}"
    if own.endswith("/index.html"):
        return own, own.removesuffix("index.html")
    return own, own.removesuffix(".html")


def _content_type(name: str) -> str:
    _, dot, extension = name.rpartition(".")
    return CONTENT_TYPES.get(dot + extension.lower(), "application/octet-stream")


def _apply(rule: object, drawn: Answer, where: str) -> Answer:
    keys = {"status", "location", "headers", "content_type"}
    if not isinstance(rule, dict) or not rule.keys() <= keys:
        raise ValueError(f"{where}: only {', '.join(sorted(keys))} can be set")
    redirect = {"status": 302} if "location" in rule else {}
    answer = replace(drawn, **{**redirect, **rule})
    if answer.status not in set(HTTPStatus):
        raise ValueError(f"{where}: {answer.status!r} is no HTTP status")
    return answer


class _Listener(ThreadingHTTPServer):
    """A threading server that knows its web and can close the connections that clients keep alive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], web: Web, requests: list[Arrival]) -> None:
        super().__init__(address, _Handler)
        self.web = web
        self.requests = requests
        self._connections: set[socket.socket] = set()
        self._closed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._closed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._closed:
            self._connections.discard(request)
            self._closed.notify_all()

    def hang_up(self) -> None:
        """Shut every connection still open and wait until its thread has let go of it."""
        with self._closed:
            for connection in self._connections:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)
            self._closed.wait_for(lambda: not self._connections, timeout=5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-answer is no error of ours; anything else is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answer GET and HEAD from the table of the virtual host."""

    protocol_version = "HTTP/1.1"
    server_version = "linklake-demo"
    sys_version = ""
    timeout = IDLE_SECONDS
    # One write per answer: head and body in two small packets would wait for Nagle and the delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: stderr belongs to the command that runs the demo."""

    def _answer(self, *, with_body: bool) -> None:
        at = time.monotonic()
        host, path = self._asked()
        self.server.requests.append(Arrival(host, path, at, self.client_address))
        answer = self.server.web.answer(host, path)
        self.send_response(answer.status, HTTPStatus(answer.status).phrase)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        if answer.location:
            self.send_header("Location", answer.location.replace("{path}", path))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def _asked(self) -> tuple[str, str]:
        """Virtual host and path; a request in absolute form names its own host (RFC 9112 §3.2.2)."""
        host, path = self.headers.get("Host", ""), self.path
        if not path.startswith("/"):
            host, _, rest = path.partition("://")[2].partition("/")
            path = f"/{rest}"
        return host.partition(":")[0].rstrip(".").lower(), path
