"""Whole crawls of small webs on loopback, each in a process of its own: what is asked for, and what is recorded."""

import csv
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawlers.__main__ import main
from crawlers.frontier import Frontier
from crawlers.journal import Journal, JournalState
from crawlers.settings import CrawlConfig, scrapy_settings
from crawlers.sink import short_id
from linklake.demo.server import DemoServer, seeds
from schemas.catalog import dataset
from schemas.identity import CanonicalUrl, judge
from tests.crawlers.small_web import Reply, SmallWeb, page, redirect, text

Row = dict[str, Any]
REPOSITORY = Path(__file__).parents[2]
TINY_WEB = REPOSITORY / "tests" / "tiny_web"


def config(folder: Path, **given: Any) -> CrawlConfig:
    facts: dict[str, Any] = {
        "crawl_id": "test-1",
        "started_at": "2026-11-20T08:00:00+00:00",
        "folder": str(folder / "observing"),
        "contact": "crawl@linklake.test",
        "delay": 0,
    }
    return CrawlConfig(**{**facts, **given})


def start(crawl: CrawlConfig, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    path = Path(crawl.folder).parent / "crawl.json"
    crawl.write(path)
    return subprocess.Popen(
        [sys.executable, "-m", "crawlers", str(path)],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        stderr=subprocess.PIPE,
        text=True,
    )


def run(crawl: CrawlConfig, environment: Mapping[str, str] | None = None) -> dict[str, Row]:
    """Run a crawl to its end; its fetches by requested URL."""
    process = start(crawl, environment)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors
    return fetches(crawl)


def state_of(crawl: CrawlConfig) -> JournalState:
    return Journal.read(Path(crawl.folder))


def rows(crawl: CrawlConfig, name: str) -> list[Row]:
    tables = [
        pq.read_table(Path(crawl.folder) / part.files[name].name)
        for part in state_of(crawl).parts
        if name in part.files
    ]
    assert all(table.schema.equals(dataset(name).schema) for table in tables)
    return pa.concat_tables(tables).to_pylist() if tables else []


def fetches(crawl: CrawlConfig) -> dict[str, Row]:
    found = rows(crawl, "page_fetches")
    by_url = {row["requested_url"]: row for row in found}
    assert len(by_url) == len(found), "one row for each URL asked for"
    return by_url


SITE = {
    "a.test/": page("/one", "/two", "http://b.test/", "http://elsewhere.test/", "mailto:x@a.test"),
    "a.test/one": page("/three", "/ugc-only", "#top"),
    "a.test/two": page("/nofollow-page"),
    "a.test/three": page("/four"),
    "a.test/four": page("/five"),
    "b.test/": page("/sponsored-only", rel="sponsored"),
}


@pytest.fixture(scope="module")
def followed_web() -> Iterator[SmallWeb]:
    replies = {
        **SITE,
        "a.test/one": Reply(
            b"<a href=/three>3</a><a rel=ugc href=/ugc-only>u</a><a rel='x NOFOLLOW' href=/no>n</a>"
            b"<a href='http://[::1'>broken</a><map><area href=/area></map><link rel=canonical href=/canonical>"
            b"<meta http-equiv=refresh content='9;url=/refreshed'>"
        ),
        "a.test/two": page("/behind-nofollow", head='<meta name="robots" content="nofollow">'),
        "a.test/missing": Reply(b"<a href=/behind-404>x</a>", 404),
        "a.test/area": page("/missing"),
    }
    with SmallWeb(replies) as web:
        yield web


@pytest.fixture(scope="module")
def followed_crawl(followed_web: SmallWeb, tmp_path_factory: pytest.TempPathFactory) -> CrawlConfig:
    crawl = config(
        tmp_path_factory.mktemp("followed"),
        seeds=("http://a.test/", "http://b.test/"),
        connect_to={"*.test": followed_web.address},
    )
    run(crawl)
    return crawl


class TestWhatIsFollowed:
    def test_every_page_in_scope_is_fetched_once_and_no_other(
        self, followed_web: SmallWeb, followed_crawl: CrawlConfig
    ) -> None:
        paths = ["", "one", "two", "three", "four", "five", "area", "missing", "refreshed"]
        expected = {f"http://a.test/{path}" for path in paths} | {"http://b.test/"}
        assert set(fetches(followed_crawl)) == expected
        pages = [url for url in followed_web.asked if not url.endswith("/robots.txt")]
        assert sorted(pages) == sorted(url.removeprefix("http://") for url in expected)

    def test_robots_txt_is_asked_for_once_per_origin_and_first(
        self, followed_web: SmallWeb, followed_crawl: CrawlConfig
    ) -> None:
        for host in ("a.test", "b.test"):
            of_host = [url for url in followed_web.asked if url.startswith(host)]
            assert of_host.count(f"{host}/robots.txt") == 1
            assert of_host[0] == f"{host}/robots.txt"

    def test_the_depth_of_a_page_is_its_distance_from_the_seeds(self, followed_crawl: CrawlConfig) -> None:
        depths = {url.removeprefix("http://a.test/"): row["depth"] for url, row in fetches(followed_crawl).items()}
        assert depths["four"] == 3
        assert depths["five"] == 4
        assert depths["missing"] == 3
        assert depths["http://b.test/"] == 0

    def test_links_that_are_not_followed_are_recorded(self, followed_crawl: CrawlConfig) -> None:
        targets = {row["target_url"] for row in rows(followed_crawl, "link_observations")}
        assert {
            "http://a.test/ugc-only",
            "http://a.test/no",
            "http://a.test/behind-nofollow",
            "http://a.test/behind-404",
            "http://a.test/canonical",
            "http://b.test/sponsored-only",
            "http://elsewhere.test/",
            "http://a.test/one",
        } <= targets

    def test_a_page_says_how_many_links_it_has_of_each_fate(self, followed_crawl: CrawlConfig) -> None:
        one = fetches(followed_crawl)["http://a.test/one"]
        assert (one["link_count"], one["rejected_link_count"]) == (6, 1)
        links = [row for row in rows(followed_crawl, "link_observations") if row["fetch_id"] == one["fetch_id"]]
        assert sorted(row["position"] for row in links) == list(range(6))
        home = fetches(followed_crawl)["http://a.test/"]
        assert json.loads(home["other_scheme_links"]) == {"mailto": 1}

    def test_a_link_that_is_no_url_is_kept_with_its_page(self, followed_crawl: CrawlConfig) -> None:
        (rejected,) = rows(followed_crawl, "rejected_records")
        assert rejected["reason"] == "unparsable_url"
        assert rejected["record"] == "http://[::1"
        assert rejected["source_url"] == "http://a.test/one"
        assert rejected["fetch_id"] == fetches(followed_crawl)["http://a.test/one"]["fetch_id"]
        assert rejected["stage"] == "crawl"

    def test_links_carry_the_facts_of_their_page(self, followed_crawl: CrawlConfig) -> None:
        pages = {row["fetch_id"]: row for row in fetches(followed_crawl).values()}
        shared = set(dataset("link_observations").schema.names) & set(dataset("page_fetches").schema.names)
        assert {"crawl_id", "source_url_id", "source_domain", "fetched_at"} <= shared
        for link in rows(followed_crawl, "link_observations"):
            source = pages[link["fetch_id"]]
            assert {name: link[name] for name in shared} == {name: source[name] for name in shared}

    def test_the_journal_says_what_the_crawl_was_and_that_it_is_complete(self, followed_crawl: CrawlConfig) -> None:
        state = state_of(followed_crawl)
        assert state.crawl["kind"] == "crawl"
        assert state.crawl["scope"] == "domains a.test, b.test"
        assert state.complete is not None
        assert state.complete["is_complete"] is True
        assert state.complete["counts"] == {"fetched": 7, "http_error": 3}

    def test_we_say_who_we_are(self, followed_web: SmallWeb, followed_crawl: CrawlConfig) -> None:
        (agent,) = followed_web.agents
        assert agent.startswith("linklake/")
        assert agent.endswith(" (+crawl@linklake.test)")


def test_a_page_that_killed_the_crawler_twice_is_left_out_and_costs_no_other(tmp_path: Path) -> None:  # 72
    with SmallWeb({"a.test/": page("/deadly", "/two"), "a.test/deadly": page("/three"), "a.test/two": page()}) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"*.test": web.address})
        Path(crawl.folder).mkdir()
        deaths = json.dumps({short_id("http://a.test/deadly"): 2})
        (Path(crawl.folder) / "deaths.json").write_text(deaths, encoding="utf-8")
        found = run(crawl)
    states = {url.rpartition("/")[2]: row["state"] for url, row in found.items()}
    assert states == {"": "fetched", "deadly": "not_html", "two": "fetched"}, "as no page it loses no links"
    assert "killed the process 2 times" in found["http://a.test/deadly"]["error"]


def test_budget_and_depth_bound_a_crawl_and_choose_alike_every_time(tmp_path: Path) -> None:
    wide = {"a.test/": page(*(f"/p{n}" for n in range(30)))} | {f"a.test/p{n}": page(f"/q{n}") for n in range(30)}
    with SmallWeb(wide) as web:
        chosen = []
        for attempt in ("x", "y"):
            (tmp_path / attempt).mkdir()
            facts = {"seeds": ("http://a.test/",), "connect_to": {"a.test": web.address}}
            chosen.append(set(run(config(tmp_path / attempt, page_budget=12, **facts))))
        (tmp_path / "z").mkdir()
        shallow = set(run(config(tmp_path / "z", depth=1, **facts)))
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 12
    assert shallow == {"http://a.test/"} | {f"http://a.test/p{n}" for n in range(30)}


@pytest.fixture(scope="module")
def secret() -> Iterator[SmallWeb]:
    with SmallWeb({"127.0.0.2/": page(), "127.0.0.2/secret": page()}, address="127.0.0.2") as web:
        yield web


@pytest.fixture(scope="module")
def redirected(secret: SmallWeb, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    port = secret.address.partition(":")[2]
    targets = {
        "ok": redirect("/landing", 301),
        "hops5": redirect("/hop4"),
        "hop4": redirect("/hop3", 303),
        "hop3": redirect("/hop2", 307),
        "hop2": redirect("/hop1", 308),
        "hop1": redirect("/landing"),
        "hops6": redirect("/hops5"),
        "loop": redirect("/pool"),
        "pool": redirect("/loop"),
        "self": redirect("/self"),
        "nowhere": Reply(status=302, headers={"Content-Length": "0"}),
        "bad": redirect("http://[bad"),
        "file": redirect("file:///etc/passwd"),
        "away": redirect("http://away.test/x?y=1"),
        "across": redirect("http://other.test/landing#part"),
        "to-secret": redirect(f"http://{secret.address}/secret"),
        "to-disallowed": redirect("http://closed.test/page"),
        "to-gone": redirect("/gone"),
        "gone": Reply(b"<a href=/left>x</a>", 410),
        "unchanged": Reply(b"<a href=/left>x</a>", 300),
        "landing": page(),
    }
    replies = {f"a.test/{path}": reply for path, reply in targets.items()}
    direct = [
        f"http://{secret.address}/secret",
        f"http://localhost:{port}/",
        f"http://2130706434:{port}/",
        f"http://[::1]:{port}/",
        f"http://[::ffff:127.0.0.2]:{port}/",
    ]
    replies |= {
        "a.test/": page(*(f"/{path}" for path in targets), *direct),
        "other.test/landing": page(),
        "closed.test/robots.txt": text("User-agent: *\nDisallow: /"),
    }
    with SmallWeb(replies) as web:
        crawl = config(
            tmp_path_factory.mktemp("redirects"),
            seeds=("http://a.test/",),
            scope_domains=(
                "a.test",
                "other.test",
                "closed.test",
                "127.0.0.2",
                "localhost",
                "[::1]",
                "[::ffff:7f00:2]",
            ),
            connect_to={"*.test": web.address},
        )
        return run(crawl)


class TestRedirectsAndRefusals:
    @pytest.mark.parametrize(
        ("path", "final", "chain"),
        [
            ("ok", "a.test/landing", ["ok"]),
            ("hops5", "a.test/landing", ["hops5", "hop4", "hop3", "hop2", "hop1"]),
            ("across", "other.test/landing", ["across"]),
        ],
    )
    def test_a_redirect_is_followed_to_its_end(
        self, redirected: dict[str, Row], path: str, final: str, chain: list[str]
    ) -> None:
        row = redirected[f"http://a.test/{path}"]
        assert (row["state"], row["status"], row["source_url"]) == ("fetched", 200, f"http://{final}")
        assert row["redirect_chain"] == [f"http://a.test/{hop}" for hop in chain]
        assert row["source_domain"] == final.partition("/")[0]
        assert (row["requested_host"], row["requested_domain"]) == ("a.test", "a.test")

    @pytest.mark.parametrize(
        ("path", "status", "final", "why"),
        [
            ("hops6", 302, "hop1", "redirects more than 5 times, next to http://a.test/landing"),
            ("loop", 302, "pool", "redirects in a loop to http://a.test/loop"),
            ("self", 302, "self", "redirects in a loop to http://a.test/self"),
            ("nowhere", 302, "nowhere", "redirects without a Location"),
            ("bad", 302, "bad", "redirects to no web address (unparsable_url): http://[bad"),
            ("file", 302, "file", "redirects to no web address (not_http): file:///etc/passwd"),
            ("away", 302, "away", "redirects out of scope to http://away.test/x?y=1"),
            (
                "to-disallowed",
                302,
                "to-disallowed",
                "redirects to http://closed.test/page, robots_disallowed: robots.txt says no",
            ),
        ],
    )
    def test_a_redirect_without_an_end_says_why(
        self, redirected: dict[str, Row], path: str, status: int, final: str, why: str
    ) -> None:
        row = redirected[f"http://a.test/{path}"]
        assert (row["state"], row["status"], row["error"]) == ("redirect_unresolved", status, why)
        assert row["source_url"] == f"http://a.test/{final}"

    def test_an_error_behind_a_redirect_is_an_error_of_what_was_asked_for(self, redirected: dict[str, Row]) -> None:
        row = redirected["http://a.test/to-gone"]
        assert (row["state"], row["status"], row["source_url"]) == ("http_error", 410, "http://a.test/gone")
        assert row["link_count"] == 1

    def test_a_redirect_to_a_loopback_that_nobody_named_is_not_followed(
        self, redirected: dict[str, Row], secret: SmallWeb
    ) -> None:
        row = redirected["http://a.test/to-secret"]
        assert row["state"] == "redirect_unresolved"
        assert "address_refused: 127.0.0.2 resolves to 127.0.0.2" in row["error"]
        assert secret.requests == []

    def test_hosts_that_are_or_resolve_to_loopback_are_refused_unasked(
        self, redirected: dict[str, Row], secret: SmallWeb
    ) -> None:
        port = secret.address.partition(":")[2]
        for host in ("127.0.0.2", "localhost", "[::1]", "[::ffff:7f00:2]"):
            rows_of_host = [row for url, row in redirected.items() if url.startswith(f"http://{host}:{port}/")]
            assert {row["state"] for row in rows_of_host} == {"address_refused"}, host
            assert all(row["status"] is None for row in rows_of_host)
        assert secret.requests == []

    def test_only_pages_are_followed_not_errors(self, redirected: dict[str, Row]) -> None:
        assert "http://a.test/left" not in redirected


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ({"allow_networks": ("127.0.0.3/32",)}, "fetched"),
        ({"allow_networks": ("127.0.0.2",)}, "address_refused"),
    ],
)
def test_a_loopback_address_is_fetched_when_the_user_names_it(
    tmp_path: Path, named: dict[str, Any], state: str
) -> None:
    with SmallWeb({"127.0.0.3/": page()}, address="127.0.0.3") as web:
        seed = f"http://{web.address}/"
        found = run(config(tmp_path, seeds=(seed,), **named))
        assert found[seed]["state"] == state
        assert bool(web.requests) == (state == "fetched")
        assert found[seed]["ip"] == ("127.0.0.3" if state == "fetched" else None)


ROBOTS = {
    "disallow": (text("User-agent: *\nDisallow: /"), "robots_disallowed"),
    "ours": (text("User-agent: linklake\nDisallow: /\n\nUser-agent: *\nDisallow:"), "robots_disallowed"),
    "others": (text("User-agent: *\nDisallow:\n\nUser-agent: otherbot\nDisallow: /"), "fetched"),
    "empty": (text(""), "fetched"),
    "s204": (Reply(status=204, headers={}), "fetched"),
    "s401": (text("User-agent: *\nDisallow: /", 401), "fetched"),
    "s403": (text("User-agent: *\nDisallow: /", 403), "fetched"),
    "s404": (text("User-agent: *\nDisallow: /", 404), "fetched"),
    "s429": (text("", 429), "robots_unreachable"),
    "s500": (text("", 500), "robots_unreachable"),
    "s503": (text("", 503), "robots_unreachable"),
    "html": (page(), "fetched"),
    "moved": (redirect("http://rules.test/robots.txt"), "robots_disallowed"),
    "loop": (redirect("/robots.txt"), "robots_unreachable"),
    "nowhere": (redirect("http://[bad"), "robots_unreachable"),
    "inward": (redirect("http://127.0.0.9:9/robots.txt"), "robots_unreachable"),
    "gzip": (
        Reply(gzip.compress(b"User-agent: *\nDisallow: /"), headers={"Content-Encoding": "gzip"}),
        "robots_disallowed",
    ),
}


@pytest.fixture(scope="module")
def robots_web() -> Iterator[SmallWeb]:
    replies = {f"{name}.test/robots.txt": reply for name, (reply, _) in ROBOTS.items()}
    replies |= {f"{name}.test/": page() for name in ROBOTS}
    replies["rules.test/robots.txt"] = text("User-agent: *\nDisallow: /")
    with SmallWeb(replies) as web:
        yield web


@pytest.fixture(scope="module")
def robots_found(robots_web: SmallWeb, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    names = (*ROBOTS, "dead")
    with SmallWeb({}) as gone:
        nobody = gone.address
    crawl = config(
        tmp_path_factory.mktemp("robots"),
        seeds=tuple(f"http://{name}.test/" for name in names),
        connect_to={"*.test": robots_web.address, "dead.test": nobody},
    )
    return run(crawl)


class TestRobots:
    @pytest.mark.parametrize("name", ROBOTS)
    def test_what_robots_txt_answers_decides(
        self, robots_found: dict[str, Row], robots_web: SmallWeb, name: str
    ) -> None:
        state = ROBOTS[name][1]
        assert robots_found[f"http://{name}.test/"]["state"] == state
        assert (f"{name}.test/" in robots_web.asked) == (state == "fetched")

    def test_a_host_without_an_answer_is_left_alone(self, robots_found: dict[str, Row]) -> None:
        row = robots_found["http://dead.test/"]
        assert row["state"] == "robots_unreachable"
        assert "refused" in row["error"].lower()


def test_a_host_is_asked_no_faster_than_its_delay(tmp_path: Path) -> None:
    replies = {
        "a.test/": page("/1", "/2"),
        "a.test/1": page(),
        "a.test/2": page(),
        "slow.test/": page("/1"),
        "slow.test/1": page(),
        "slow.test/robots.txt": text("User-agent: *\nCrawl-delay: 0.7"),
    }
    with SmallWeb(replies) as web:
        seeds = ("http://a.test/", "http://slow.test/")
        run(config(tmp_path, seeds=seeds, connect_to={"*.test": web.address}, delay=0.25))
        for host, delay, count in (("a.test", 0.25, 4), ("slow.test", 0.7, 3)):
            times = [at for url, at in web.requests if url.startswith(host)]
            gaps = [after - before for before, after in pairwise(times)]
            assert len(times) == count
            assert min(gaps) >= delay - 0.06, (host, gaps)


BIG = b"<html>" + b"x" * (11 << 20)
ODD_ANSWERS = {
    "pdf": (Reply(b"%PDF-1.7 ...", headers={"Content-Type": "application/pdf"}), "not_html"),
    "film": (Reply(b"\0" * (1 << 20), headers={"Content-Type": "video/mp4"}), "not_html"),
    "zip": (Reply(b"PK\x03\x04" + b"\0" * 100), "not_html"),
    "bare": (Reply(b"<!DOCTYPE html><a href=/>x</a>", headers={}), "fetched"),
    "big": (Reply(BIG), "too_large"),
    "bomb": (Reply(gzip.compress(BIG), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}), "too_large"),
    "packed": (
        Reply(gzip.compress(page("/").body), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}),
        "fetched",
    ),
    "liar": (Reply(page("/").body, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}), "fetched"),
    "cut": (Reply(b"<html>", headers={"Content-Type": "text/html", "Content-Length": "999"}), "unreachable"),
    "deep": (Reply(b"<div>" * 50_000 + b"<a href=/>x</a>"), "fetched"),
}  # fmt: skip


def test_odd_answers_end_in_their_states_and_cost_no_other_page(tmp_path: Path) -> None:
    replies = {"a.test/": page(*(f"/{name}" for name in ODD_ANSWERS))}
    replies |= {f"a.test/{name}": reply for name, (reply, _) in ODD_ANSWERS.items()}
    with SmallWeb(replies) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"a.test": web.address})
        # A proxy of the environment would see every request.
        found = run(crawl, {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"})
    states = {name: found[f"http://a.test/{name}"]["state"] for name in ODD_ANSWERS}
    assert states == {name: state for name, (_, state) in ODD_ANSWERS.items()}
    assert found["http://a.test/packed"]["link_count"] == 1
    assert found["http://a.test/liar"]["link_count"] == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_crawl_that_was_ended_is_carried_on_without_asking_twice(tmp_path: Path, number: int) -> None:
    pages = 60
    replies = {f"a.test/{n}": page(f"/{2 * n}", f"/{2 * n + 1}") for n in range(1, pages)}
    with SmallWeb(replies) as web:
        crawl = config(
            tmp_path,
            seeds=("http://a.test/1",),
            connect_to={"a.test": web.address},
            delay=0.02,
            depth=5,
            part_seconds=0.3,
        )
        process = start(crawl)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and len(web.requests) < 25:
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate(timeout=60)
        before = state_of(crawl)
        adopted = set(fetches(crawl))
        if number == signal.SIGTERM:
            assert process.returncode == 0
            assert before.complete is not None
            assert before.complete["is_complete"] is False
            assert adopted
        asked_before = len(web.requests)
        found = run(crawl)
        again = {f"http://{url}" for url in web.asked[asked_before:]}
    assert set(found) == {f"http://a.test/{n}" for n in range(1, 64)}
    assert not again & adopted
    after = state_of(crawl)
    assert after.complete is not None
    assert after.complete["is_complete"] is True
    assert sum(after.complete["counts"].values()) == 63
    assert after.parts[: len(before.parts)] == before.parts


def test_a_page_is_safe_soon_also_while_no_other_comes(tmp_path: Path) -> None:
    """A slow site: what is killed a few seconds after its first page has kept that page."""
    replies = {"a.test/": page("/slow"), "a.test/slow": replace(page("/"), seconds=20.0)}
    with SmallWeb(replies) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"a.test": web.address}, part_seconds=0.3)
        process = start(crawl)
        for _ in range(3000):
            if "a.test/slow" in web.asked:
                break
            time.sleep(0.01)
        time.sleep(2.5)
        process.kill()
        process.communicate(timeout=60)
    assert set(fetches(crawl)) == {"http://a.test/"}


def test_the_time_limit_stops_a_crawl_and_keeps_its_rows(tmp_path: Path) -> None:
    replies = {"a.test/": page(*(f"/{n}" for n in range(50)))}
    with SmallWeb(replies) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"a.test": web.address}, delay=0.2, time_limit=1)
        began = time.monotonic()
        found = run(crawl)
    assert time.monotonic() - began < 15
    assert 1 <= len(found) < 50
    complete = state_of(crawl).complete
    assert complete is not None
    assert complete["is_complete"] is False


def test_a_delay_of_minutes_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    replies = {
        "a.test/": page(*(f"/{n}" for n in range(20))),
        "a.test/robots.txt": text("User-agent: *\nCrawl-delay: 200"),
    }
    with SmallWeb(replies) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"a.test": web.address}, time_limit=1.5)
        began = time.monotonic()
        run(crawl)
    assert time.monotonic() - began < 15


def test_the_tiny_web_is_crawled_as_it_is_drawn(tmp_path: Path) -> None:
    with DemoServer() as server:
        host, port = server.address
        crawl = config(tmp_path, seeds=seeds(), connect_to={"*.test": f"{host}:{port}"})
        found = run(crawl)
    with (TINY_WEB / "pages.csv").open(encoding="utf-8", newline="") as file:
        drawn = {row["requested_url"]: row for row in csv.DictReader(file)}
    assert set(found) == set(drawn)
    for url, truth in drawn.items():
        row = found[url]
        status = "" if row["status"] is None else str(row["status"])
        assert (row["state"], status, row["title"] or "") == (
            truth["state"],
            truth["status"],
            truth["title"],
        ), url
        if status:
            assert row["source_url"] == truth["final_url"]


def test_a_full_disk_ends_the_crawl_with_one_line_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    replies = {
        "a.test/": page(*(f"/{n}" for n in range(20))),
        **{f"a.test/{n}": page("/") for n in range(20)},
    }
    with SmallWeb(replies) as web:
        crawl = config(
            tmp_path,
            seeds=("http://a.test/",),
            connect_to={"a.test": web.address},
            part_seconds=0.2,
            delay=0.05,
        )
        crawl.write(tmp_path / "crawl.json")
        done = subprocess.run(
            [sys.executable, "-m", "crawlers", str(tmp_path / "crawl.json")],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        )
        assert done.returncode == 1
        assert "the crawl test-1 cannot go on (OSError: [Errno 27] File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert state_of(crawl).complete is None
        assert len(run(crawl)) == 21


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"contact": ""}, 2, "a crawl needs a contact"),
        ({"contact": "a@b\r\nX: y"}, 2, "a crawl needs a contact"),
        ({"contact": None}, 2, "a crawl needs a contact"),
        ({"seeds": []}, 2, "at least one seed"),
        ({"seeds": ["nonsense"]}, 2, "the seed 'nonsense' is no web address"),
        ({"seeds": ["ftp://a.test/"]}, 2, "is no web address (not_http)"),
        ({"page_budget": 0}, 2, "page_budget is 0: give a number from 1 on"),
        ({"delay": -1}, 2, "delay is -1: give a number from 0 on"),
        ({"depth": "deep"}, 2, "depth is 'deep': give a number from 0 on"),
        ({"concurrency": True}, 2, "concurrency is True"),
        ({"allow_networks": ["local"]}, 2, "local is no network"),
        ({"connect_to": {"a.test": "somewhere"}}, 2, "cannot connect a.test to somewhere"),
        ({"surprise": 1}, 2, "unknown fields (surprise)"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], code: int, message: str
) -> None:
    path = tmp_path / "crawl.json"
    config(tmp_path, seeds=("http://a.test/",)).write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    assert main([str(path)]) == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "observing").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"crawl_id": "x"}'])
def test_a_file_that_is_no_configuration_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "crawl.json"
    path.write_text(text)
    assert main([str(path)]) == 2
    assert main([str(tmp_path / "missing.json")]) == 2
    assert main([]) == 2
    assert str(path) in capsys.readouterr().err


def test_a_complete_crawl_is_left_as_it_is(tmp_path: Path) -> None:
    with SmallWeb({"a.test/": page()}) as web:
        crawl = config(tmp_path, seeds=("http://a.test/",), connect_to={"a.test": web.address})
        run(crawl)
        journal = (Path(crawl.folder) / "journal.jsonl").read_bytes()
        asked = len(web.requests)
        run(crawl)
        assert len(web.requests) == asked
    assert (Path(crawl.folder) / "journal.jsonl").read_bytes() == journal


def canonical(path: str) -> CanonicalUrl:
    judged = judge(f"http://a.test/{path}")
    assert isinstance(judged, CanonicalUrl)
    return judged


def levels(frontier: Frontier) -> list[tuple[int, list[str]]]:
    found = []
    while level := frontier.next_level():
        found.append((level[0], sorted(url.url.rpartition("/")[2] for url in level[1])))
    return found


def test_the_frontier_goes_level_by_level_and_asks_once() -> None:
    frontier = Frontier([canonical("s"), canonical("s")], budget=9, depth=2, asked=["http://a.test/old"])
    for path, depth in (("b", 2), ("a", 1), ("b", 1), ("old", 1), ("deep", 3), ("s", 1), ("c", 2)):
        frontier.add(canonical(path), depth)
    assert levels(frontier) == [(0, ["s"]), (1, ["a", "b"]), (2, ["c"])]


def test_the_frontier_keeps_to_its_budget_whatever_the_order() -> None:
    names = [f"p{n}" for n in range(5000)]
    chosen = []
    for order in (names, names[::-1]):
        frontier = Frontier([canonical("s")], budget=10, depth=None)
        for name in order:
            frontier.add(canonical(name), 1)
        chosen.append(levels(frontier))
    assert chosen[0] == chosen[1]
    assert [len(urls) for _, urls in chosen[0]] == [1, 9]


def test_nothing_of_scrapy_listens_remembers_or_decides() -> None:
    settings = scrapy_settings(config(Path("unused"), seeds=("http://a.test/",)))
    for name in ("REMOTE_CONTROL_ENABLED", "TELNETCONSOLE_ENABLED", "COOKIES_ENABLED", "HTTPPROXY_ENABLED"):
        assert settings[name] is False
    for name in ("EXTENSIONS_BASE", "SPIDER_MIDDLEWARES_BASE", "DOWNLOADER_MIDDLEWARES_BASE"):
        assert settings[name] == {}
    assert set(settings["DOWNLOAD_HANDLERS_BASE"]) == {"http", "https"}
    assert settings["CONCURRENT_ITEMS"] == 1
