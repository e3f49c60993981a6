"""A list of links is checked against a small web: one row for each verdict, and what it leaves in the lake."""

import csv
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from linklake.verdicts import TARGET_VERDICT, VERDICT
from schemas.lake import Lake
from tests.crawlers.small_web import Reply, SmallWeb, page, redirect, text
from tests.linklake.calls import Ended, call, command_line
from tests.linklake.test_stopping import rows_kept, running, stopped, wait_for_pages

PAGES = {
    "a.test/": page("http://t.test/", "/not-followed"),
    "a.test/nofollow": page("http://t.test/", rel="nofollow"),
    "a.test/ugc": page("http://t.test/", rel="UGC nofollow"),
    "a.test/sponsored": page("http://t.test/", rel="sponsored"),
    "a.test/page-nofollow": page("http://t.test/", head="<meta name=robots content=nofollow>"),
    "a.test/both": Reply(b"<a rel=nofollow href='http://t.test/'>a</a> <a href='http://t.test/'>=b()</a>"),
    "a.test/hidden": Reply(b"<p style='display:none'><a href='http://t.test/'>x</a></p>"),
    "a.test/other": page("http://other.test/"),
    "a.test/canonical": page(head="<link rel=canonical href='http://t.test/'>"),
    "a.test/variant": page("https://www.t.test/dir"),
    "a.test/new": page("http://t.test/new"),
    "a.test/to-old": page("http://t.test/old"),
    "a.test/to-gone": page("http://t.test/gone"),
    "a.test/to-blocked": page("http://t.test/no"),
    "a.test/to-dead": page("http://dead.test/"),
    "a.test/410": Reply(b"<a href='http://t.test/'>x</a>", 410),
    "a.test/403": Reply(b"", 403),
    "a.test/500": Reply(b"", 500),
    "a.test/pdf": Reply(b"%PDF-", headers={"Content-Type": "application/pdf"}),
    "a.test/moved": redirect("http://b.test/here"),
    "b.test/here": page("http://t.test/"),
    "shut.test/robots.txt": text("User-agent: *\nDisallow: /"),
    "t.test/": page("/elsewhere"),
    "t.test/dir/": page(),
    "t.test/old": redirect("http://t.test/new", 301),
    "t.test/new": page(),
    "t.test/no": Reply(b"", 403),
}  # fmt: skip

# source, target -> verdict, target, match, part of the detail
ROWS = [
    ("http://a.test/", "http://t.test/#top", "live", "ok", "exact", ""),
    ("http://a.test/nofollow", "http://t.test/", "nofollow", "ok", "exact", ""),
    ("http://a.test/ugc", "http://t.test/", "ugc", "ok", "exact", ""),
    ("http://a.test/sponsored", "http://t.test/", "sponsored", "ok", "exact", ""),
    ("http://a.test/page-nofollow", "http://t.test/", "nofollow", "ok", "exact", "the page's directives say nofollow"),
    ("http://a.test/both", "http://t.test/", "live", "ok", "exact", ""),
    ("http://a.test/hidden", "http://t.test/", "live", "ok", "exact", "no reader can see it"),
    ("http://a.test/other", "http://t.test/", "removed", "ok", "", ""),
    ("http://a.test/canonical", "http://t.test/", "removed", "ok", "", "only as canonical link"),
    ("http://a.test/variant", "http://t.test/dir/", "live", "ok", "scheme and www and trailing slash", ""),
    ("http://a.test/new", "http://t.test/old", "live", "redirected", "redirect", ""),
    ("http://a.test/to-old", "http://t.test/old", "live", "redirected", "exact", ""),
    ("http://a.test/to-gone", "http://t.test/gone", "live", "broken", "exact", "target: status 404"),
    ("http://a.test/to-blocked", "http://t.test/no", "live", "blocked", "exact", "target: status 403"),
    ("http://a.test/to-dead", "http://dead.test/", "live", "unreachable", "exact", "target: "),
    ("http://a.test/404", "http://t.test/", "page_gone", "ok", "", "status 404"),
    ("http://a.test/410", "http://t.test/", "page_gone", "ok", "", "status 410"),
    ("http://a.test/403", "http://t.test/", "blocked", "ok", "", "status 403"),
    ("http://shut.test/x", "http://t.test/", "blocked", "ok", "", "robots.txt says no"),
    ("http://a.test/500", "http://t.test/", "unreachable", "ok", "", "status 500"),
    ("http://a.test/pdf", "http://t.test/", "unreachable", "ok", "", "application/pdf, not HTML"),
    ("http://dead.test/", "http://t.test/", "unreachable", "ok", "", "robots.txt"),
    ("http://a.test/moved", "http://t.test/", "live", "ok", "exact", "the page redirects to http://b.test/here"),
    ("no address", "http://t.test/", "bad_row", "", "", "the source is no web address"),
]


@pytest.fixture(scope="module")
def web() -> Iterator[SmallWeb]:
    with SmallWeb(PAGES) as web:
        yield web


def options(web: SmallWeb, lake: Path, delay: float = 0) -> list[str]:
    connected = [
        part for host in ("a", "b", "t", "shut", "other") for part in ("--connect-to", f"{host}.test={web.address}")
    ]
    dead = ["--connect-to", "dead.test=127.0.0.1:9"]
    return [*connected, *dead, "--contact", "https://me.invalid/", "--delay", str(delay), "--lake", str(lake)]


def write_list(path: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    path.write_text("source,target\n" + "".join(f"{row[0]},{row[1]}\n" for row in rows), encoding="utf-8")
    return path


def result(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def checked(web: SmallWeb, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended, list[str]]:
    folder = tmp_path_factory.mktemp("checked")
    before = len(web.asked)
    ended = call("check", write_list(folder / "links.csv", ROWS), *options(web, folder / "lake"), "--crawl-id", "c1")
    assert ended.code == 0, ended.err
    return folder, ended, web.asked[before:]


def test_every_row_is_judged(checked: tuple[Path, Ended, list[str]]) -> None:
    rows = result(checked[0] / "links.checked.csv")
    assert [row["line"] for row in rows] == [str(2 + n) for n in range(len(ROWS))]
    for row, (source, _, verdict, target, match, detail) in zip(rows, ROWS, strict=True):
        assert (source, row["verdict"], row["target"], row["match"]) == (source, verdict, target, match), row
        assert detail in row["detail"], row
        assert bool(detail) == bool(row["detail"]), row


def test_the_table_has_every_verdict_that_a_finished_check_gives() -> None:
    assert {row[2] for row in ROWS} == VERDICT.keys() - {"unchecked"}
    assert {row[3] for row in ROWS} == (TARGET_VERDICT.keys() - {"unchecked"}) | {""}


def test_cells_are_no_formulas_and_the_result_says_where_things_ended(checked: tuple[Path, Ended, list[str]]) -> None:
    rows = {row["source_url"]: row for row in result(checked[0] / "links.checked.csv")}
    assert rows["http://a.test/both"]["anchor_text"] == "'=b()"
    assert rows["http://a.test/moved"]["final_url"] == "http://b.test/here"
    assert rows["http://a.test/new"]["target_final_url"] == "http://t.test/new"
    assert rows["http://a.test/new"]["found_url"] == "http://t.test/new"
    assert rows["http://a.test/ugc"]["rel"] == "ugc nofollow"


def test_nothing_is_followed_and_each_page_is_asked_for_once(checked: tuple[Path, Ended, list[str]]) -> None:
    pages = [url for url in checked[2] if not url.endswith("robots.txt")]
    assert not {"a.test/not-followed", "t.test/elsewhere", "other.test/"} & set(pages)
    assert {url for url in pages if pages.count(url) > 1} <= {"t.test/new", "a.test/500"}, "redirected to, retried"


def test_the_receipt_counts_rows_and_the_pages_are_a_crawl_of_the_lake(checked: tuple[Path, Ended, list[str]]) -> None:
    folder, ended, _ = checked
    rows = ended.receipt["rows"]
    assert (ended.receipt["stage"], ended.receipt["published"]) == ("check", True)
    assert rows["rows"] == len(ROWS) == sum(n for name, n in rows.items() if name.startswith("links_"))
    assert (rows["links_live"], rows["targets_redirected"], rows["targets_broken"]) == (10, 2, 1)
    assert "bad_rows=1" in ended.err
    assert "line 25 the source is no web address" in ended.err
    crawl = Lake.open(folder / "lake").snapshot().crawls()[0]
    assert (crawl.crawl_id, crawl.kind) == ("c1", "check")
    assert call("build", "--lake", folder / "lake").code == 0
    live = "link_state = 'live' and link_type = 'text' and target_url = 'http://t.test/'"
    question = f"select count(*) as n from links where {live}"
    asked = call("sql", question, "--format", "csv", "--lake", folder / "lake")
    assert asked.out.splitlines()[1] == "8"


def test_a_result_is_never_overwritten_and_is_written_again_from_the_lake(
    checked: tuple[Path, Ended, list[str]], web: SmallWeb
) -> None:
    folder, _, _ = checked
    listed, before = folder / "links.csv", (folder / "links.checked.csv").read_bytes()
    again = call("check", listed, *options(web, folder / "lake"), "--crawl-id", "c2")
    assert (again.code, "exists" in again.err) == (2, True)
    asked = len(web.asked)
    elsewhere = ["--output", str(folder / "again.csv"), "--crawl-id", "c1"]
    ended = call("check", listed, *options(web, folder / "lake"), *elsewhere)
    assert (ended.code, ended.receipt["outcome"], len(web.asked)) == (0, "unchanged", asked)
    assert (folder / "again.csv").read_bytes() == before == (folder / "links.checked.csv").read_bytes()


def test_a_list_without_targets_is_asked_for_them(web: SmallWeb, tmp_path: Path) -> None:
    listed = tmp_path / "gsc.csv"
    listed.write_text("Linking page,Last crawled\nhttp://a.test/,\nhttp://a.test/other,\n", encoding="utf-8")
    refused = call("check", listed, *options(web, tmp_path / "lake"))
    assert (refused.code, "--target" in refused.err) == (2, True)
    ended = call("check", listed, "--target", "t.test", *options(web, tmp_path / "lake"))
    assert ended.code == 0, ended.err
    rows = result(tmp_path / "gsc.checked.csv")
    assert [(row["verdict"], row["found_url"]) for row in rows] == [("live", "http://t.test/"), ("removed", "")]


def test_without_targets_they_are_not_asked_for(web: SmallWeb, tmp_path: Path) -> None:
    listed, before = write_list(tmp_path / "links.csv", ROWS[:1]), len(web.asked)
    assert call("check", listed, "--skip-targets", *options(web, tmp_path / "lake")).code == 0
    assert set(web.asked[before:]) == {"a.test/robots.txt", "a.test/"}
    assert result(tmp_path / "links.checked.csv")[0]["target"] == "unchecked"


def test_a_check_that_was_broken_off_goes_on_by_its_id(tmp_path: Path) -> None:
    rows = [(f"http://a.test/{n}", "http://t.test/") for n in range(12)]
    with SmallWeb({f"a.test/{n}": page("http://t.test/") for n in range(12)}) as web:
        listed, lake = write_list(tmp_path / "links.csv", rows), tmp_path / "lake"
        words = ["check", str(listed), *options(web, lake, delay=0.2), "--crawl-id", "c1"]
        with running(command_line(*words)) as process:
            wait_for_pages(web, 5)
            stopped(process, signal.SIGTERM)
        assert not (tmp_path / "links.checked.csv").exists()
        kept, asked = rows_kept(lake), len(web.asked)
        ended = call("check", "--crawl-id", "c1", "--lake", lake, "--delay", 0)
        assert (ended.code, ended.receipt["rows"]["links_live"]) == (0, 12), ended.err
        pages = [url for url in web.asked[asked:] if "robots" not in url]
        assert len(pages) == len(rows) + 1 - kept, "what was kept is not fetched again"
        assert len(result(tmp_path / "links.checked.csv")) == 12
