"""Hrefs resolved in compiled code are what the parser says, or left to it."""

import json
import random
from html import escape
from pathlib import Path

import numpy as np
import pytest

from crawlers import hrefs
from crawlers.hrefs import DECLINED, HOSTS, OF_BASE, Base, Hosts, resolve
from schemas.identity import CanonicalUrl, judge

BASES = [
    "http://a.com/",
    "https://www.a.co.uk/b/c.html?d=e",
    "http://a.com:8080/b//c/",
    "http://[::1]/x",
    "https://a.com/?q",
]
PIECES = [
    "/", "//", "?", "#", ":", ";", "&", "=", ".", "..", "%2e", "%2E", "%", "a", "B", "-", "_", "~", "1", "0x7f", "'",
    '"', "<",
    "\\", "|", "^", "{", "[", "`", " ", "\t", "\n", "\x00", "é", "ß", "💚", "\xa0", "http:", "https:", "HTTP://",
    "http://",
    "https://", "mailto:", "javascript:", "b.com", "www.b.co.uk", "b.com.", "xn--a", "xn--bcher-kva.de", "127.1",
    "a..b", "@",
    "utm_source=1", "UTM_x", "PHPSESSID=1", ";jsessionid=2", "cfid", "&amp", "!$()*+,", "index.html",
]  # fmt: skip


def resolved(url: str, base: str) -> str | None:
    """What compiled code says of an href; None for what it leaves to others."""
    source = escape(url).replace("&#x27;", "'").replace("\xa0", "&nbsp;").encode()
    piece = Base(base)
    found = resolve(source, np.array([[0, len(source)]], np.int32), piece)
    assert found.hrefs.tobytes().decode() == url
    number = int(found.hosts[0])
    if number == DECLINED:
        assert not found.urls.size
        return None
    host = piece.host if number == OF_BASE else HOSTS.known[number]
    text = found.urls.tobytes().decode()
    assert host is not None
    judged = judge(text)
    assert isinstance(judged, CanonicalUrl)
    assert (host.name, host.domain, host.icann_domain) == (judged.host, judged.domain, judged.icann_domain)
    return text


def agrees(url: str, base: str) -> bool:
    """Whether compiled code declines, or says the same as the parser; gives whether it said something."""
    said, judged = resolved(url, base), judge(url, base)
    assert said is None or (isinstance(judged, CanonicalUrl) and said == judged.url), (url, base, judged)
    return said is not None


@pytest.mark.parametrize(
    "url",
    ["/", "/b", "/b/c.html?d=e&f", "", "#top", "?page=2", "c.html", "c/d/", "//b.com/x", "http://b.com",
     "https://b.com?x",
     "https://www.b.co.uk/a//b/?q=1#f", "http://b.com/%C3%A9", "/wiki/A:B", "/it's"],
)  # fmt: skip
@pytest.mark.parametrize("base", BASES)
def test_plain_hrefs_need_no_parser(url: str, base: str) -> None:
    assert agrees(url, base)


@pytest.mark.parametrize(
    "url",
    ["/../b", "/b/./c", "/%2e%2e/b", ".", "../b", "HTTP://b.com/", "http:b", "http:/b", "/\\b", "/b c", " /b",
     "/b;jsessionid=1",
     "/b?utm_source=1", "/b?x&PHPSESSID=1", "http://127.1/", "http://b.com./", "http://a@b.com/", "http://b.com:80/",
     "///b.com/x",
     "mailto:a@b.com", "b:c", "/ü", "/b?'", "/b\n", "http://B.com/"],
)  # fmt: skip
def test_all_else_is_left_to_the_parser(url: str) -> None:
    assert resolved(url, "http://a.com/x/y") is None


def test_any_href_is_resolved_as_the_parser_does_or_left_to_it() -> None:
    chance = random.Random(1)
    said = 0
    for _ in range(3000):
        url = "".join(chance.choices(PIECES, k=chance.randint(1, 6)))
        said += agrees(url, chance.choice(BASES))
    assert said > 300


def test_the_vectors_of_the_standard_are_resolved_or_left(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "urls" / "whatwg-urltestdata.json").read_text(encoding="utf-8"))
    for vector in vectors:
        if isinstance(vector, dict) and not any("\ud800" <= c <= "\udfff" for c in vector["input"]):
            agrees(vector["input"], vector.get("base") or "http://a.com/")


def test_a_base_that_is_not_canonical_leaves_all_to_the_parser() -> None:
    for base in ("http://a.com", "http://A.com/", "http://a.com/#b", "ftp://a.com/", "http://a.com/?utm_source=1", "x"):
        assert resolved("/b", base) is None


def test_a_long_href_is_left_to_the_parser() -> None:
    assert resolved("/" + "b" * 2000, "http://a.com/") is not None
    assert resolved("/" + "b" * 2048, "http://a.com/") is None


def test_the_table_of_hosts_begins_anew_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hrefs, "MAX_HOSTS", 2)
    hosts = Hosts()
    for name in (b"a.com", b"b.com", b"c.com"):
        hosts.learn(name)
    assert [host.name for host in hosts.known] == ["c.com"]
