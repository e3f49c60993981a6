"""An observation that was broken off is carried on by its crawl id alone, with what it was begun with."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.lake import Lake
from tests.crawlers.small_web import SmallWeb, page
from tests.linklake.calls import call, command_line, two_pages
from tests.linklake.test_stopping import running, stopped, wait_for_pages


@pytest.fixture
def web() -> Iterator[SmallWeb]:
    with SmallWeb({"a.test/": page(*(f"/{n}" for n in range(30)))}) as web:
        yield web


def break_off_crawl(web: SmallWeb, lake: Path, *more: object) -> list[str]:
    words = ["crawl", "http://a.test/", "--connect-to", f"a.test={web.address}", "--contact", "https://me.invalid/"]
    words += ["--delay", "0.2", *map(str, more)]
    with running(command_line(*words, "--crawl-id", "c1", "--lake", lake)) as process:
        wait_for_pages(web, 6)
        stopped(process, signal.SIGTERM)
    return words


def test_a_crawl_goes_on_with_its_seeds_and_settings(web: SmallWeb, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    break_off_crawl(web, lake, "--pages", 12)
    asked = len(web.asked)
    ended = call("crawl", "--crawl-id", "c1", "--lake", lake, "--delay", 0)
    assert (ended.code, ended.receipt["outcome"]) == (0, "built"), ended.err
    assert ended.receipt["rows"]["page_fetches"] == 12
    assert not {u for u in web.asked[:asked] if "robots" not in u} & set(web.asked[asked + 1 :])
    again = call("crawl", "--crawl-id", "c1", "--lake", lake)
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")


def test_flags_that_make_another_crawl_of_it_are_refused_and_change_nothing(web: SmallWeb, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    words = break_off_crawl(web, lake)
    before = (lake / "_observing" / "c1" / "crawl.json").read_bytes()
    for call_ in (["crawl", "--pages", 3], [*words, "--depth", 1], ["crawl", "http://b.test/", *words[2:]]):
        ended = call(*call_, "--crawl-id", "c1", "--lake", lake)
        assert ended.code == 1
        assert "give the same inputs and settings, or another --crawl-id" in ended.receipt["message"]
    assert (lake / "_observing" / "c1" / "crawl.json").read_bytes() == before


def test_a_crawl_of_the_built_in_web_has_it_served_again(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    whole = call("crawl", "--demo", "--crawl-id", "whole", "--lake", lake).receipt["rows"]
    journal = Lake.open(lake).observing("c1") / "journal.jsonl"
    with running(command_line("crawl", "--demo", "--crawl-id", "c1", "--lake", lake)) as process:
        for _ in range(3000):
            if journal.exists():
                break
            time.sleep(0.01)
        stopped(process, signal.SIGTERM)
    ended = call("crawl", "--crawl-id", "c1", "--lake", lake)
    assert ended.receipt["rows"]["fetched"] == whole["fetched"]


def test_an_ingestion_goes_on_with_its_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, lake, elsewhere = two_pages(tmp_path / "a.warc.gz"), tmp_path / "lake", tmp_path / "elsewhere"
    elsewhere.mkdir()

    def killed(*_: object, **__: object) -> None:
        raise OSError(5, "the power went")

    with monkeypatch.context() as patched:
        patched.setattr("linklake.ingestion.read_archives", killed)
        assert call("ingest", "a.warc.gz", "--crawl-id", "i", "--lake", lake, folder=tmp_path).code == 1
        assert call("ingest", archive, "--crawl-id", "j", "--lake", lake, folder=tmp_path).code == 1
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert f"next: linklake ingest --crawl-id i --lake {lake}" in looked.out.splitlines()
    there = call("ingest", "--crawl-id", "i", "--lake", lake, folder=elsewhere)
    assert (there.code, there.has_receipt) == (2, False)
    assert f"were named relative to {tmp_path}: run this there" in there.err
    for crawl_id, folder in (("i", tmp_path), ("j", elsewhere)):
        ended = call("ingest", "--crawl-id", crawl_id, "--lake", lake, folder=folder)
        assert ended.receipt["rows"]["page_fetches"] == 2
    assert call("ingest", "--crawl-id", "i", "--lake", lake).receipt["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["crawl", "--crawl-id", "c9"], "holds no crawl c9 to carry on: name seeds to begin one"),
        (["ingest", "--crawl-id", "c9"], "holds no ingest c9 to carry on: name web archives to begin one"),
        (["ingest"], "name web archives to read, or the --crawl-id of an ingestion to carry on"),
        (["crawl"], "no seed given: name URLs to start from"),
        (["crawl", "--crawl-id", "tiny"], None),
        (["ingest", "--crawl-id", "tiny"], "crawl tiny is published already, from other input"),
    ],
)
def test_what_cannot_be_carried_on_is_said(words: list[str], said: str | None, built_lake: Path) -> None:
    ended = call(*words, "--lake", built_lake)
    assert ended.code == (2 if said else 0)
    assert (said or "crawl tiny is already published") in ended.err


# -------------------------------------------------------------------- the demo's lake


def test_the_demo_refuses_a_lake_of_real_crawls_and_leaves_it_alone(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    call("ingest", two_pages(tmp_path / "a.warc.gz"), "--crawl-id", "real", "--lake", lake)
    before = Lake.open(lake).snapshot()
    ended = call("demo", "--lake", lake)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "holds 1 crawls that are not of this built-in web, such as real" in ended.err
    assert Lake.open(lake).snapshot() == before


def test_the_demo_refuses_a_lake_in_which_something_real_is_under_way(web: SmallWeb, tmp_path: Path) -> None:
    break_off_crawl(web, tmp_path / "lake")
    ended = call("demo", "--lake", tmp_path / "lake")
    assert ended.code == 2
    assert "such as c1: give the demo a lake of its own with --lake" in ended.err
