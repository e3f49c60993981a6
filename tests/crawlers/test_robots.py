"""robots.txt: status by outcome, whose group is ours, and how hostile files are read (RFC 9309)."""

import asyncio
import time

import pytest

from crawlers.robots import ROBOTS_BYTES, RobotsCache, RobotsRules

URL = "http://a.test/private/page?x=1"
NO = b"User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    ("answer", "is_reachable", "allows"),
    [
        (200, True, False),
        (204, True, False),
        (206, True, False),
        (400, True, True),
        (401, True, True),
        (403, True, True),
        (404, True, True),
        (410, True, True),
        (418, True, True),
        (429, False, False),
        (451, True, True),
        (499, True, True),
        (500, False, False),
        (502, False, False),
        (503, False, False),
        (504, False, False),
        (599, False, False),
        (301, False, False),
        (304, False, False),
        (100, False, False),
        (0, False, False),
        (999, False, False),
        ("DNSLookupError", False, False),
        ("more than 5 redirects", False, False),
    ],
)
def test_status_decides_and_only_2xx_bodies_are_read(answer: int | str, is_reachable: bool, allows: bool) -> None:
    rules = RobotsRules.of(answer, NO)
    assert (rules.is_reachable, rules.allows(URL)) == (is_reachable, allows)
    if not is_reachable:
        assert str(answer) in rules.failure


@pytest.mark.parametrize(
    ("text", "allows"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /private", False),
        ("User-agent: *\nDisallow: /privat$", True),
        ("User-agent: *\nDisallow: /*?x=", False),
        ("User-agent: *\nDisallow: /\nAllow: /private/", True),
        ("User-agent: *\nAllow: /private/page\nDisallow: /private/page", True),
        ("User-agent: linklake\nDisallow: /", False),
        ("User-agent: LinkLake/2.0 (x)\nDisallow: /", False),
        ("user-agent:linklake # us\ndisallow:/", False),
        ("User-agent: linklake\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: linklake\nAllow: /", True),
        ("User-agent: otherbot\nUser-agent: linklake\nDisallow: /", False),
        ("User-agent: linklake\nDisallow: /a\n\nUser-agent: linklake\nDisallow: /private", False),
        ("User-agent: linklake\nDisallow: /\nSitemap: http://a.test/s.xml\nAllow: /private", True),
        # A robot whose name is part of ours, or begins like ours, is not us.
        ("User-agent: link\nDisallow: /", True),
        ("User-agent: lake\nDisallow: /", True),
        ("User-agent: linklake-images\nDisallow: /", True),
        ("User-agent: linklakes\nDisallow: /", True),
        ("User-agent: link\nAllow: /\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: * all of you\nDisallow: /", False),
        # What authors write instead.
        ("User agent: *\nDissallow: /", False),
        ("User-agent *\nDisallow /", False),
        ("useragent: linklake\nDisallow: /", False),
        ("User-agent: *\rDisallow: /", False),
        ("User-agent: *\r\nDisallow: /\r\n", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("<!DOCTYPE html><title>Not a robots.txt</title><p>User-agent: *", True),
        ("Disallow: /", True),
    ],
)
def test_the_groups_of_a_file_are_read_as_rfc_9309_says(text: str, allows: bool) -> None:
    assert RobotsRules.of(200, text.encode()).allows(URL) is allows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_another_encoding_still_forbids(encoding: str) -> None:
    rules = RobotsRules.of(200, "# Grüße\nUser-agent: *\nDisallow: /private\n".encode(encoding))
    assert rules.allows(URL) is False
    assert rules.allows("http://a.test/open") is True


def test_bytes_that_are_no_text_do_not_hide_the_rules_behind_them() -> None:
    assert RobotsRules.of(200, b"# \xff\xfe\xe9\x80 latin\nUser-agent: *\nDisallow: /private\n").allows(URL) is False


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-1", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("1e308", 300.0),
        ("301", 300.0),
        ("0.000001", 0.000001),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_crawl_delay_is_clamped(value: str, delay: float) -> None:
    assert RobotsRules.of(200, f"User-agent: *\nCrawl-delay: {value}\n".encode()).delay == delay


def test_the_delay_of_our_own_group_holds() -> None:
    text = b"User-agent: *\nCrawl-delay: 9\n\nUser-agent: linklake\nCrawl-delay: 3\n"
    assert RobotsRules.of(200, text).delay == 3.0


def test_only_the_first_512_kib_are_read_and_no_line_is_cut() -> None:
    head = b"User-agent: *\nDisallow: /first\n#"
    cut = b"\nAllow: /first\n"
    for inside in range(len(cut)):
        padding = b"x" * (ROBOTS_BYTES - len(head) - inside)
        rules = RobotsRules.of(200, head + padding + cut + b"Disallow: /\n")
        assert rules.allows("http://a.test/first") is False, inside
        assert rules.allows("http://a.test/second") is True
    whole = RobotsRules.of(200, head + b"x" * (ROBOTS_BYTES - len(head) - len(cut)) + cut)
    assert whole.allows("http://a.test/first") is True


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\nDisallow: /" + b"a" * (10 << 20),
        b"User-agent: *" + b" " * (1 << 20) + b"x\nDisallow: /" + b"a*" * 100_000 + b"b$",
        b"User-agent: *\n" + b"Disallow: /" + b"*a" * 40 + b"b$\n" * 1,
        b"User-agent: *\n" + b"Disallow: /a*a*a*b$\n" * 30_000,
        b"User-agent: a\n" * 100_000,
        b"\0" * (1 << 20),
        bytes(range(256)) * 2000,
    ],
    ids=["long line", "spaces", "stars", "many rules", "many agents", "zeros", "noise"],
)
def test_a_hostile_file_is_read_in_bounded_time(body: bytes) -> None:
    began = time.monotonic()
    rules = RobotsRules.of(200, body)
    rules.allows("http://a.test/" + "a" * 2000)
    assert time.monotonic() - began < 5


def test_an_origin_is_asked_once_even_by_many_at_a_time() -> None:
    asked: list[str] = []

    async def fetch(url: str) -> tuple[int | str, bytes]:
        asked.append(url)
        await asyncio.sleep(0.01)
        return (200, NO) if "a.test" in url else (404, b"")

    async def ask() -> list[bool]:
        cache = RobotsCache(fetch)
        urls = [
            "http://a.test/1",
            "http://a.test/2?x=/",
            "https://a.test/1",
            "http://a.test:8080/1",
            "http://b.test/",
        ]
        found = await asyncio.gather(*(cache.rules_for(url) for url in [*urls, *urls]))
        return [rules.allows(url) for rules, url in zip(found, [*urls, *urls], strict=True)]

    allowed = asyncio.run(ask())
    assert allowed == [False, False, False, False, True] * 2
    assert sorted(asked) == [
        "http://a.test/robots.txt",
        "http://a.test:8080/robots.txt",
        "http://b.test/robots.txt",
        "https://a.test/robots.txt",
    ]
