"""The doors that others script against: one TSV line for each URL, one JSON object for each link of a page."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from linklake.demo import server
from schemas.catalog import dataset
from schemas.identity import IDENTITY_POLICY
from tests.linklake.calls import Ended, call
from tests.tiny_web import LINKS

FIELDS = ("raw", "canonical", "reason", "host", "domain", "policy")


def canonicalize(stdin: bytes) -> list[dict[str, str]]:
    ended = call("canonicalize", stdin=stdin)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "" or ended.out.endswith("\n")
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in ended.out.split("\n")[:-1]]


def extract(html: bytes, url: str = "http://a.test/dir/page") -> list[dict[str, Any]]:
    ended = call("extract", "--url", url, stdin=html)
    assert (ended.code, ended.err) == (0, "")
    return ended.rows


# -------------------------------------------------------------------- canonicalize


@pytest.mark.parametrize(
    ("line", "raw", "canonical", "reason", "host", "domain"),
    [
        (b"HTTP://Www.Example.CO.UK:80/a/../b?q#f", "HTTP://Www.Example.CO.UK:80/a/../b?q#f",
         "http://www.example.co.uk/b?q", "", "www.example.co.uk", "example.co.uk"),
        (b"", "", "", "empty", "", ""),
        (b"   ", "   ", "", "empty", "", ""),
        (b"mailto:a@b.test", "mailto:a@b.test", "", "not_http", "", ""),
        (b"http://[::1", "http://[::1", "", "unparsable_url", "", ""),
        (b"https://", "https://", "", "no_host", "", ""),
        (b"http://a.test/" + b"x" * 9000, "http://a.test/" + "x" * 9000, "", "too_long", "", ""),
        (b"http://a.test/dir/\t../x", "../x", "http://a.test/x", "", "a.test", "a.test"),
        (b"http://a.test/\t//b.test/y", "//b.test/y", "http://b.test/y", "", "b.test", "b.test"),
        (b"http://a.test/\tjavascript:void(0)", "javascript:void(0)", "", "not_http", "", ""),
        (b"http://a.test/\tx\ty", r"x\ty", "http://a.test/xy", "", "a.test", "a.test"),
        (b"http://a.test/\\b\r", r"http://a.test/\\b\r", "http://a.test//b", "", "a.test", "a.test"),
        (b"http://a.test/\xff\xfe", "http://a.test/��", "http://a.test/%EF%BF%BD%EF%BF%BD", "", "a.test", "a.test"),
        ("http://müller.test/ü".encode(), "http://müller.test/ü",
         "http://xn--mller-kva.test/%C3%BC", "", "xn--mller-kva.test", "xn--mller-kva.test"),
        (b"http://2130706433/", "http://2130706433/", "http://127.0.0.1/", "", "127.0.0.1", "127.0.0.1"),
        (b"http://localhost/", "http://localhost/", "http://localhost/", "", "localhost", "localhost"),
    ],
)  # fmt: skip
def test_a_line_gives_its_fields(line: bytes, raw: str, canonical: str, reason: str, host: str, domain: str) -> None:
    (row,) = canonicalize(line + b"\n")
    assert row == {
        "raw": raw, "canonical": canonical, "reason": reason, "host": host, "domain": domain, "policy": IDENTITY_POLICY,
    }  # fmt: skip


def test_every_line_gives_exactly_one_blank_ones_and_an_unended_last_one_too() -> None:
    lines = b"http://a.test/\n\n\r\nhttp://b.test/\x0bx\xe2\x80\xa8y\x85\n\n\thttp://c.test/\nhttp://d.test/"
    rows = canonicalize(lines)
    assert len(rows) == 7
    assert [row["reason"] for row in rows] == ["", "empty", "empty", "", "empty", "", ""]
    assert rows[-1]["canonical"] == "http://d.test/"
    assert canonicalize(b"") == []
    assert len(canonicalize(b"\n")) == 1


def test_a_base_that_is_no_url_rejects_whatever_stands_behind_it() -> None:
    rows = canonicalize(b"/x\nnot a base\t/x\nnot a base\thttp://b.test/\nmailto:a@b.test\t/x\n")
    assert [(row["reason"], row["canonical"]) for row in rows] == [("unparsable_url", "")] * 4


def test_a_line_of_ten_megabytes_is_one_line() -> None:
    rows = canonicalize(b"http://a.test/" + b"x" * 10_000_000 + b"\nhttp://b.test/\n")
    assert [row["reason"] for row in rows] == ["too_long", ""]


def test_what_is_canonical_stays_as_it_is() -> None:
    first = canonicalize(b"http://A.test:80/%7Euser/./x?b=2&a=1#top\nhttps://\xc3\xa9.test/\xf0\x9f\x8d\xb5\n")
    again = canonicalize("".join(row["canonical"] + "\n" for row in first).encode())
    assert [row["canonical"] for row in again] == [row["canonical"] for row in first]


def test_a_hundred_thousand_lines_take_seconds() -> None:
    """About 130,000 lines a second on a quiet core; the limit is for a machine ten times as slow."""
    lines = b"".join(b"http://www%d.example.co.uk/path/%d?q=%d#f\n" % (i % 997, i, i) for i in range(100_000))
    started = time.monotonic()
    rows = canonicalize(lines)
    assert len(rows) == 100_000
    assert rows[-1]["domain"] == "example.co.uk"
    assert time.monotonic() - started < 15


# -------------------------------------------------------------------- extract


def test_a_page_gives_a_json_object_for_each_link_in_document_order() -> None:
    html = b"""<title>t</title><nav><a href=" /nav ">Nav</a></nav>
        <main><p>before <a href="../x?a=1&amp;b=2" rel="UGC nofollow  ugc">An <b>anchor</b></a> after
        <a href="//b.test/"><img src=i alt="a picture"></a>
        <a href="mailto:a@b.test">mail</a> <a href="http://[::1">bad</a> <a name=x>no link</a></main>"""
    rows = extract(html)
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    assert [(r["href"], r["target_url"], r["link_type"], r["rel"], r["anchor_text"], r["placement"]) for r in rows] == [
        (" /nav ", "http://a.test/nav", "text", [], "Nav", "navigation"),
        ("../x?a=1&b=2", "http://a.test/x?a=1&b=2", "text", ["ugc", "nofollow"], "An anchor", "main"),
        ("//b.test/", "http://b.test/", "image", [], "", "main"),
    ]
    assert rows[2]["alt"] == "a picture"
    assert rows[1]["context_left"].endswith("before")
    assert all(row["is_hidden"] is False for row in rows)
    assert {row["source_url"] for row in rows} == {"http://a.test/dir/page"}


def test_the_names_are_those_of_link_observations() -> None:
    (row,) = extract(b"<a href=/x>x</a>")
    assert set(row) <= {column.name for column in dataset("link_observations").columns}
    assert {"href", "target_url", "link_type", "rel", "anchor_text", "placement", "is_hidden"} <= set(row)


def test_the_page_of_the_url_counts_not_what_was_typed() -> None:
    assert extract(b"<a href=x>x</a>", "HTTP://A.test:80/dir/../y/#top")[0]["target_url"] == "http://a.test/y/x"


@pytest.mark.parametrize("html", [b"", b"\0\0\0", b"no html at all", b"<a href=", b"\xff\xfe<\0a\0"])
def test_what_is_no_page_has_no_links(html: bytes) -> None:
    assert extract(html) == []


def test_hostile_pages_give_valid_json_lines() -> None:
    rows = extract(b"<a href='/\xff\xfe\x00&#xD800;&#10;'>\xed\xa0\x80 \"quoted\" \\ \xe2\x80\xa8 line</a>")
    assert len(rows) == 1
    deep = extract(b"<div>" * 30_000 + b"<a href=/deep>deep</a>")
    assert [row["href"] for row in deep] == ["/deep"]


def test_a_url_that_is_none_is_misuse() -> None:
    for url in ("mailto:a@b.test", "/relative", "", "http://"):
        ended: Ended = call("extract", "--url", url, stdin=b"<a href=/x>x</a>")
        assert (ended.code, ended.out) == (2, "")
        assert "is no http(s) URL" in ended.err


def test_the_drawn_pages_give_the_drawn_links() -> None:
    """The same door on a page of the tiny web, read from its file: what a crawl of it sees."""
    page = Path(server.__file__).parent / "web" / "commonlore.test" / "wiki" / "oar.html"
    drawn = [link for link in LINKS if link.source_url == "http://commonlore.test/wiki/oar"]
    assert drawn
    rows = extract(page.read_bytes(), "http://commonlore.test/wiki/oar")
    assert [(r["href"], r["target_url"], r["rel"], r["anchor_text"]) for r in rows] == [
        (link.href, link.target_url, list(link.rel), link.anchor_text) for link in drawn
    ]
    assert json.dumps(rows)
