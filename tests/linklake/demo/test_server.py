"""The demo server shows each host its own pages and nothing else."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from linklake.demo.server import DemoServer, seeds


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


def ask(server: DemoServer, host: str, path: str, *, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower-case names) and body of one answer; redirects are not followed."""
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def raw(server: DemoServer, request: bytes) -> bytes:
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def draw(web: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(text, encoding="utf-8")
    return web


@pytest.mark.parametrize(
    ("host", "title"),
    [
        ("heron-oars.test", b"<title>Heron Oars</title>"),
        ("Heron-Oars.TEST", b"<title>Heron Oars</title>"),
        ("heron-oars.test:8080", b"<title>Heron Oars</title>"),
        ("heron-oars.test.", b"<title>Heron Oars</title>"),
        ("library.northmere.test", b"<title>Northmere University Library</title>"),
        ("xn--fa-hia.test", "<title>Faß ohne Boden</title>".encode()),
    ],
)
def test_the_host_header_chooses_the_site(server: DemoServer, host: str, title: bytes) -> None:
    status, _, body = ask(server, host, "/")
    assert status == 200
    assert title in body


@pytest.mark.parametrize(
    ("host", "path", "status", "content_type"),
    [
        ("heron-oars.test", "/making", 200, "text/html; charset=utf-8"),
        ("heron-oars.test", "/making?from=agency", 200, "text/html; charset=utf-8"),
        ("heron-oars.test", "/%6daking", 200, "text/html; charset=utf-8"),
        ("heron-oars.test", "/robots.txt", 404, "text/plain; charset=utf-8"),
        ("heron-oars.test", "/nowhere", 404, "text/plain; charset=utf-8"),
        ("tidewick-courier.test", "/robots.txt", 200, "text/plain; charset=utf-8"),
        ("tidewick-courier.test", "/courier.css", 200, "text/css; charset=utf-8"),
        ("tidewick-courier.test", "/weather-1998", 410, "text/html; charset=utf-8"),
        ("kettleandtwine.test", "/stock", 500, "text/html; charset=utf-8"),
        ("kettleandtwine.test", "/logo.svg", 200, "image/svg+xml"),
        ("northmere.test", "/reports/eels-2026.pdf", 200, "application/pdf"),
        ("library.northmere.test", "/catalogue", 200, "text/html; charset=iso-8859-1"),
        ("gone.test", "/", 404, "text/plain; charset=utf-8"),
        ("", "/", 404, "text/plain; charset=utf-8"),
    ],
)
def test_each_path_has_its_status_and_type(
    server: DemoServer, host: str, path: str, status: int, content_type: str
) -> None:
    answered, headers, body = ask(server, host, path)
    assert (answered, headers["content-type"]) == (status, content_type)
    assert headers["content-length"] == str(len(body)) != "0"


@pytest.mark.parametrize(
    ("host", "path", "status", "location"),
    [
        ("tidewick-courier.test", "/archive/1998/pier", 301, "/news/ferry-pier"),
        ("northmere.test", "/eels", 302, "/research/eels"),
        ("northmere.test", "/go/library", 301, "/library"),
        ("northmere.test", "/library", 302, "http://library.northmere.test/"),
        ("tidewick-gazette.test", "/", 301, "http://tidewick-courier.test/"),
        ("tidewick-gazette.test", "/any/where?a=1", 301, "http://tidewick-courier.test/any/where?a=1"),
        ("tidewick-gazette.test", "/robots.txt", 301, "http://tidewick-courier.test/robots.txt"),
    ],
)
def test_redirects_say_where(server: DemoServer, host: str, path: str, status: int, location: str) -> None:
    answered, headers, body = ask(server, host, path)
    assert (answered, headers["location"], body) == (status, location, b"")


def test_a_page_can_speak_in_headers(server: DemoServer) -> None:
    assert ask(server, "coastalwaters.test", "/open-data")[1]["x-robots-tag"] == "nofollow"
    assert "x-robots-tag" not in ask(server, "coastalwaters.test", "/")[1]


def test_head_is_get_without_the_body(server: DemoServer) -> None:
    got, asked = (ask(server, "heron-oars.test", "/making", method=method) for method in ("GET", "HEAD"))
    for headers in (got[1], asked[1]):
        headers.pop("date")
    assert asked == (got[0], got[1], b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../heron-oars.test/index.html",
        "/..%2fheron-oars.test%2findex.html",
        "/%2e%2e/heron-oars.test/index.html",
        "/news/../../heron-oars.test/index.html",
        "/..\\heron-oars.test\\index.html",
        "/../../server.py",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/_site.toml",
        "/%00",
        "/*",
    ],
)
def test_nothing_outside_a_sites_pages_can_be_asked_for(server: DemoServer, path: str) -> None:
    status, _, body = ask(server, "tidewick-courier.test", path)
    assert (status, body) == (404, b"404: nothing here\n")


def test_a_host_is_a_name_and_never_a_path(server: DemoServer) -> None:
    for host in ("../web/heron-oars.test", "heron-oars.test/..", ".", ".."):
        assert ask(server, host, "/")[0] == 404


def test_the_absolute_form_names_its_own_host(server: DemoServer) -> None:
    request = b"GET http://heron-oars.test:80/making HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n"
    assert b"How an oar is made" in raw(server, request)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET http://[::1 HTTP/1.1", b"404"),
        (b"POST / HTTP/1.1", b"501"),
        (b"GET", b"400"),
        (b"\xff\xfe", b"400"),
    ],
)
def test_nonsense_is_answered_and_does_no_harm(
    server: DemoServer, capsys: pytest.CaptureFixture[str], request_line: bytes, status: bytes
) -> None:
    answer = raw(server, request_line + b"\r\nHost: heron-oars.test\r\nConnection: close\r\n\r\n")
    assert status in answer.splitlines()[0] or b"Error code: " + status in answer
    assert ask(server, "heron-oars.test", "/")[0] == 200
    assert capsys.readouterr() == ("", "")


def test_one_connection_carries_many_requests(server: DemoServer) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    before = len(server.requests)
    try:
        for host in ("heron-oars.test", "northmere.test", "gone.test"):
            connection.request("GET", "/", headers={"Host": host})
            response = connection.getresponse()
            assert response.getheader("Connection") == "keep-alive"
            response.read()
    finally:
        connection.close()
    assert len({arrival.client for arrival in server.requests[before:]}) == 1


def test_every_request_is_remembered_in_order() -> None:
    with DemoServer() as server:
        start = time.monotonic()
        ask(server, "Signpost.test:99", "/waterside?a=b")
        ask(server, "gone.test", "/", method="HEAD")
        end = time.monotonic()
    assert [(arrival.host, arrival.path) for arrival in server.requests] == [
        ("signpost.test", "/waterside?a=b"),
        ("gone.test", "/"),
    ]
    assert start <= server.requests[0].at <= server.requests[1].at <= end
    assert all(arrival.client[0] == "127.0.0.1" for arrival in server.requests)


def test_the_server_speaks_to_nobody(server: DemoServer, capsys: pytest.CaptureFixture[str]) -> None:
    ask(server, "gone.test", "/")
    with socket.create_connection(server.address, timeout=5) as rude:
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leave with a reset
        rude.sendall(b"GET / HTTP/1.1\r\nHost: heron-oars.test\r\n\r\n")
    ask(server, "heron-oars.test", "/")
    assert capsys.readouterr() == ("", "")


def test_closing_hangs_up_on_idle_clients_and_frees_the_port() -> None:
    threads = threading.active_count()
    with DemoServer() as server:
        address = server.address
        idle = socket.create_connection(address, timeout=5)
        ask(server, "heron-oars.test", "/")
    assert idle.recv(1) == b""
    idle.close()
    with DemoServer(port=address[1]) as again:
        assert again.address == address
    assert threading.active_count() <= threads


def test_two_servers_live_side_by_side() -> None:
    with DemoServer() as one, DemoServer() as two:
        assert one.address != two.address
        assert ask(two, "heron-oars.test", "/")[0] == 200
        assert one.requests == []


def test_the_seeds_are_the_home_pages_of_all_hosts(server: DemoServer) -> None:
    assert seeds() == tuple(f"http://{host}/" for host in server.hosts)
    assert list(server.hosts) == sorted(server.hosts)
    assert "library.northmere.test" in server.hosts


def test_another_folder_can_be_served(tmp_path: Path) -> None:
    web = draw(
        tmp_path,
        {
            "one.test/index.html": "<p>one",
            "one.test/sub/index.html": "<p>sub",
            "one.test/_site.toml": '["/teapot"]\nstatus = 418\n["/moved"]\nlocation = "/"\n',
            "two.test/page.html": "<p>two",
            "stray.txt": "not a site",
        },
    )
    assert seeds(web=web) == ("http://one.test/", "http://two.test/")
    with DemoServer(web=web) as server:
        assert server.hosts == ("one.test", "two.test")
        answers = [ask(server, "one.test", path)[0] for path in ("/", "/sub/", "/sub", "/teapot", "/moved")]
        assert answers == [200, 200, 404, 418, 302]
        assert ask(server, "two.test", "/page")[2] == ask(server, "two.test", "/page.html")[2] == b"<p>two"


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ('["/a"]\nstaus = 404\n', "one.test/_site.toml, /a: only content_type, headers, location, status"),
        ('"/a" = 404\n', "one.test/_site.toml, /a: only"),
        ('["/a"]\nstatus = 999\n', "one.test/_site.toml, /a: 999 is no HTTP status"),
    ],
)
def test_a_wrong_rule_is_refused_at_the_start(tmp_path: Path, rules: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DemoServer(web=draw(tmp_path, {"one.test/_site.toml": rules}))
