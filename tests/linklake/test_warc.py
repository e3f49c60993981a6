"""A crawl that keeps its answers: carried on after a stop, its archive holds what its rows say."""

from pathlib import Path

from schemas.lake import Lake
from tests.crawlers.small_web import SmallWeb, page
from tests.linklake.calls import call
from tests.linklake.test_carrying_on import break_off_crawl

LINKS = "select source_url, target_url, rel, anchor_text, position from link_observations order by all"
FETCHES = (
    "select requested_url, archive_file, archive_offset, archive_length from page_fetches where status is not null"
)


def test_an_archive_goes_on_where_the_crawl_was_broken_off_and_gives_the_same_links_again(tmp_path: Path) -> None:
    lake, again = tmp_path / "lake", tmp_path / "again"
    with SmallWeb({"a.test/": page(*(f"/{n}" for n in range(30)))}) as web:
        break_off_crawl(web, lake, "--pages", 12, "--warc")
        ended = call("crawl", "--crawl-id", "c1", "--lake", lake, "--delay", 0)
    assert ended.code == 0, ended.err
    warc = Lake.open(lake).warc("c1")
    assert call("ingest", warc, "--crawl-id", "c2", "--lake", again).code == 0
    answers = [call("sql", LINKS, "--format", "csv", "--lake", one).out for one in (lake, again)]
    assert answers[0] == answers[1]
    assert answers[0].count("\n") == 31
    rows = call("sql", FETCHES, "--format", "json", "--lake", lake).rows
    same = call("sql", FETCHES, "--format", "json", "--lake", again).rows
    assert len(rows) == 12
    places = [{(r["requested_url"], r["archive_offset"], r["archive_length"]) for r in one} for one in (rows, same)]
    assert places[0] == places[1]
    assert {row["archive_file"] for row in rows} == {"_warc/c1.warc.gz"}


def test_the_demo_keeps_no_archive_and_says_so(tmp_path: Path) -> None:
    ended = call("crawl", "--demo", "--warc", "--lake", tmp_path / "lake")
    assert (ended.code, "--warc" in ended.err) == (2, True)
