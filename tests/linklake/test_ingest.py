"""`linklake ingest`: from wherever archives lie, by one process or several, all links or those to some targets."""

import gzip
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from crawlers import sources
from crawlers.sources import Patience
from linklake import ingestion
from schemas.lake import Lake
from tests.crawlers.archive_server import FAULTS, Site, serving
from tests.crawlers.test_archives import gzipped, response
from tests.crawlers.test_sources import bucket, s3_endpoint
from tests.linklake.calls import call, two_pages, warc_record

__all__ = ["bucket", "s3_endpoint"]

ROWS: Final = {
    "page_fetches": "* exclude (crawl_id, archive_file)",
    "link_observations": "* exclude (crawl_id)",
    "rejected_records": "* exclude (crawl_id, archive_file)",
}
"""Every column but those that name the crawl or where the archive lay."""


def ask(sql: str, lake: Path) -> list[dict[str, Any]]:
    ended = call("sql", sql, "--format", "json", "--lake", lake)
    assert ended.code == 0, ended.err
    return ended.rows


def content(lake: Path) -> dict[str, list[str]]:
    """Every observed row, but for the crawl's id and the archive's place."""
    return {
        name: sorted(str(row) for row in ask(f"select {columns} from {name}", lake)) for name, columns in ROWS.items()
    }


@pytest.fixture
def archives(shared_data: Path, tmp_path: Path) -> Path:
    """A folder with real archives, one of them damaged, and a path list like Common Crawl's."""
    folder = tmp_path / "site"
    (folder / "crawl-data").mkdir(parents=True)
    names = ["commoncrawl-16.warc.gz", "whirlwind.warc.gz", "clipped.warc.gz", "iah-2008.warc.gz"]
    for name in names:
        shutil.copy(shared_data / "warc" / name, folder / "crawl-data" / name)
    lines = "".join(f"crawl-data/{name}\n" for name in names)
    (folder / "warc.paths.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "warc.paths").write_text(f"# a comment\n\n{lines}", encoding="utf-8")
    return folder


@pytest.fixture
def expected(archives: Path, tmp_path: Path) -> dict[str, list[str]]:
    """What the local files give."""
    paths = sorted((archives / "crawl-data").iterdir())
    assert call("ingest", *paths, "--crawl-id", "local", "--lake", tmp_path / "expected").code == 0
    return content(tmp_path / "expected")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Blocks of 256 KiB, and no waiting: what it would have been for."""
    slept: list[float] = []
    monkeypatch.setattr(sources, "BLOCK", 256 << 10)
    monkeypatch.setattr(Patience, "wait", lambda self, failures, asked_for: slept.append(asked_for or failures))
    return slept


def test_a_path_list_over_http_gives_the_rows_of_the_local_files(
    archives: Path, expected: dict[str, list[str]], impatient: list[float], tmp_path: Path
) -> None:
    with serving(Site(archives, faults=list(FAULTS) * 4)) as site:
        words = ["--paths", f"{site.url}/warc.paths.gz", "--prefix", site.url]
        ended = call("ingest", *words, "--crawl-id", "web", "--lake", tmp_path / "lake")
        assert ended.code == 0, ended.err
        assert site.faults == []
        assert all(asked[3].startswith("linklake/") for asked in site.asked)
    assert len(impatient) > 8
    assert content(tmp_path / "lake") == expected
    files = {row["archive_file"] for row in ask("select distinct archive_file from page_fetches", tmp_path / "lake")}
    assert files == {f"{site.url}/crawl-data/{name}.warc.gz" for name in ("commoncrawl-16", "whirlwind", "iah-2008")}


@pytest.mark.parametrize("name", ["warc.paths", "warc.paths.gz"])
def test_a_path_list_with_a_folder_before_it(
    archives: Path, expected: dict[str, list[str]], tmp_path: Path, name: str
) -> None:
    words = ["--paths", archives / name, "--prefix", f"{archives}/"]
    assert call("ingest", *words, "--lake", tmp_path / "lake").code == 0
    assert content(tmp_path / "lake") == expected


def test_several_shards_are_observed_apart_and_settled_as_one_crawl(
    archives: Path, expected: dict[str, list[str]], tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    words = ["--paths", archives / "warc.paths", "--prefix", archives, "--crawl-id", "big", "--lake", lake]
    settle = ["run", "settle_crawl", "--crawl-id", "big", "--lake", lake]
    for shard in (3, 1):
        ended = call("ingest", *words, "--shard", f"{shard}/3")
        assert (ended.code, ended.receipt["outcome"], ended.receipt["published"]) == (0, "staged", False)
        assert ended.receipt["next"].startswith("linklake run settle_crawl --crawl-id big")
    early = call(*settle)
    assert early.code == 1
    assert "1 of 3 shards have not begun, the first is --shard 2/3" in early.err
    assert "have not begun" in call("status", "--lake", lake).out
    assert call("ingest", *words, "--shard", "2/3").code == 0
    assert "observed, not settled" in call("status", "--lake", lake).out
    assert call("ingest", *words, "--shard", "2/3").code == 0, "read already"
    assert call(*settle).code == 0
    assert content(lake) == expected
    assert len(ask("from crawls", lake)) == 1
    assert call("ingest", *words, "--shard", "1/3").receipt["outcome"] == "unchanged"
    assert list((lake / "_observing").iterdir()) == []


def test_a_shard_without_an_archive_says_so_and_settling_does_not_wait_for_it(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    archives = [two_pages(tmp_path / name) for name in ("a.warc.gz", "b.warc.gz")]
    words = ["--crawl-id", "few", "--lake", lake]
    ended = [call("ingest", *archives, *words, "--shard", f"{shard}/3") for shard in (1, 2, 3)]
    assert [(e.code, e.receipt["outcome"]) for e in ended] == [(0, "staged"), (0, "staged"), (99, "no_input")]
    assert "shard 3/3 of crawl few has no archive, there are 2: nothing to do" in ended[2].err
    assert call("run", "settle_crawl", *words).code == 0
    assert call("status", "--lake", lake).code == 0
    for path in archives:
        path.unlink()
    again = call("ingest", *archives, *words, "--shard", "3/3")
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged"), "read once, an archive may go"


def test_shards_of_one_crawl_share_their_number_and_their_archives(tmp_path: Path) -> None:
    archives = [two_pages(tmp_path / name) for name in ("a.warc.gz", "b.warc.gz")]
    words = ["--crawl-id", "c", "--lake", tmp_path / "lake"]
    assert call("ingest", *archives, *words, "--shard", "1/2").code == 0
    other = call("ingest", *archives, *words, "--shard", "2/4")
    assert other.code == 2
    assert "crawl c was begun in 2 shards: give --shard I/2, or choose another --crawl-id" in other.err
    whole = call("ingest", *archives, *words)
    assert (whole.code, "was begun in 2 shards" in whole.err) == (2, True)
    fewer = call("ingest", archives[0], *words, "--shard", "2/2")
    assert (fewer.code, "shard-1-of-2 was begun with seeds_hash" in fewer.err) == (1, True)
    assert call("ingest", *archives, *words, "--shard", "2/2").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shard", "0/3", "--crawl-id", "c"], "--shard 0/3 is no shard"),
        (["--shard", "4/3", "--crawl-id", "c"], "--shard 4/3 is no shard"),
        (["--shard", "two", "--crawl-id", "c"], "--shard two is no shard"),
        (["--shard", "1/3"], "--shard needs --crawl-id"),
        (["--targets", "none.txt"], "cannot read the target file none.txt"),
        (["--targets", "empty.txt"], "empty.txt names no target"),
        (["--targets", "bad.txt"], "bad.txt line 2"),
        (["--paths", "empty.txt"], "empty.txt names no archive"),
        (["--paths", "broken.gz"], "broken.gz is no path list"),
    ],
)
def test_what_is_asked_wrongly_is_misuse(tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n\n", encoding="utf-8")
    (tmp_path / "bad.txt").write_text("a.test\nhttp://[bad\n", encoding="utf-8")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8bnothing")
    archive = two_pages(tmp_path / "a.warc.gz")
    ended = call("ingest", archive, *words, folder=tmp_path)
    assert ended.code == 2
    assert message in ended.err
    assert not (tmp_path / "lake" / "_observing").exists()


def test_nothing_to_read_is_misuse(tmp_path: Path) -> None:
    ended = call("ingest", "--lake", tmp_path / "lake")
    assert (ended.code, "name web archives to read" in ended.err) == (2, True)


def test_a_far_server_is_not_asked_without_a_contact(tmp_path: Path) -> None:
    ended = call("ingest", "https://data.example.org/a.warc.gz", "--lake", tmp_path / "lake")
    assert ended.code == 2
    assert "set contact in linklake.toml" in ended.err


def test_before_a_long_ingest_it_says_how_much_and_in_the_end_that_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.warc.gz").write_bytes(gzipped([response(0), response(1, WARC_Date=None), response(2)]))
    ended = call("ingest", tmp_path / "a.warc.gz", "--lake", tmp_path / "lake")
    assert "hours on one core" not in ended.err
    assert ended.receipt["message"].startswith("rejected and kept: bad_date 1; linklake sql")
    assert "records 3 = pages 2 (fetched 2) + rejected 1 (bad_date 1) + skipped 0; damaged stretches 0" in ended.err
    monkeypatch.setitem(ingestion.BYTES_A_SECOND, "warc", 0.1)
    size = (tmp_path / "a.warc.gz").stat().st_size
    ended = call("ingest", tmp_path / "a.warc.gz", "--lake", tmp_path / "lake")
    assert f"ingest: 1 files, 0.00 GB, about {size / 360:.1f} hours on one core" in ended.err


def test_links_beyond_the_limit_of_a_page_are_said_with_examples(tmp_path: Path) -> None:
    page = b"<a href='/x'>x</a>" * 10_005
    (tmp_path / "a.warc.gz").write_bytes(warc_record("http://many.test/", page))
    ended = call("ingest", tmp_path / "a.warc.gz", "--lake", tmp_path / "lake")
    assert "truncated_links=5 pages=1, such as http://many.test/ (5)" in ended.err
    assert ended.receipt["rows"]["truncated_links"] == 5


# -------------------------------------------------------------------- S3


def test_an_archive_that_vanishes_midway_fails_with_the_offset_and_a_second_run_carries_on(
    archives: Path, expected: dict[str, list[str]], bucket: Any, impatient: list[float], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for path in (archives / "crawl-data").iterdir():
        bucket.put_object(Bucket="archives", Key=f"cc/{path.name}", Body=path.read_bytes())
    fetch = sources._S3Object.fetch
    asked: list[tuple[str, int]] = []
    is_vanishing = True

    def vanishing(self: Any, offset: int, length: int) -> bytes:
        asked.append((self.place, offset))
        if is_vanishing and self.place.endswith("iah-2008.warc.gz") and offset == 768 << 10:
            bucket.delete_object(Bucket="archives", Key="cc/iah-2008.warc.gz")
        return fetch(self, offset, length)

    monkeypatch.setattr(sources._S3Object, "fetch", vanishing)
    lake = tmp_path / "lake"
    words = ["--paths", tmp_path / "names", "--prefix", "s3://archives/cc", "--crawl-id", "c", "--lake", lake]
    names = sorted(path.name for path in (archives / "crawl-data").iterdir())
    (tmp_path / "names").write_text("\n".join(names), encoding="utf-8")
    broken = call("ingest", *words)
    assert broken.code == 1
    assert "cannot read s3://archives/cc/iah-2008.warc.gz from offset 786432 on (the object is gone)" in broken.err
    assert "tried 6 times" in broken.err
    assert "run the same command with the same --crawl-id" in broken.err
    asked.clear()
    is_vanishing = False
    body = (archives / "crawl-data" / "iah-2008.warc.gz").read_bytes()
    bucket.put_object(Bucket="archives", Key="cc/iah-2008.warc.gz", Body=body)
    assert call("ingest", *words).code == 0
    assert content(lake) == expected
    read = [offset for place, offset in asked if place.endswith("iah-2008.warc.gz")]
    assert 256 << 10 not in read, "acknowledged before; of the beginning only what it is"
    assert not [place for place, _ in asked if place.endswith("commoncrawl-16.warc.gz")], "read to its end before"


# -------------------------------------------------------------------- targets

PAGE = (
    b"<a href='http://a.test/1'>1</a><a href='http://sub.a.test/2'>2</a><a href='http://b.test/3'>3</a>"
    b"<a href='http://www.b.test/4'>4</a><a href='https://c.test/blog/5'>5</a><a href='http://c.test/blog/6'>6</a>"
    b"<a href='http://c.test/shop'>7</a><a href='https://d.test/x/8'>8</a><a href='http://d.test/x/9'>9</a>"
    b"<a href='http://user.github.io/'>10</a><a href='mailto:x@a.test'>m</a><a href='http://[bad'>b</a>"
)


@pytest.mark.parametrize(
    ("targets", "kept"),
    [
        ("a.test", "12"), ("sub.a.test", "2"), ("www.b.test", "4"), ("c.test/blog/", "56"), ("https://d.test/x/", "8"),
        ("github.io", ["10"]), ("user.github.io", ["10"]), ("A.TEST", "12"), ("# x\n\n a.test \nb.test\n", "1234"),
        ("nowhere.test", ""), ("http://c.test/", "67"), ("a.test/", "12"),
    ],
)  # fmt: skip
def test_only_links_to_the_targets_are_kept_and_the_others_counted(tmp_path: Path, targets: str, kept: Any) -> None:
    (tmp_path / "a.warc.gz").write_bytes(warc_record("http://page.test/", PAGE))
    (tmp_path / "targets.txt").write_text(targets, encoding="utf-8")
    lake = tmp_path / "lake"
    words = ["--targets", tmp_path / "targets.txt", "--crawl-id", "scoped", "--lake", lake]
    ended = call("ingest", tmp_path / "a.warc.gz", *words)
    assert ended.code == 0, ended.err
    assert [row["anchor_text"] for row in ask("from link_observations order by position", lake)] == list(kept)
    (page,) = ask("from page_fetches", lake)
    others = 10 - len(kept)
    assert (page["link_count"], page["other_target_count"], page["rejected_link_count"]) == (len(kept), others, 1)
    assert page["other_scheme_links"] == '{"mailto": 1}'
    assert ended.receipt["rows"]["other_targets"] == others
    (crawl,) = ask("from crawls", lake)
    assert crawl["is_target_scoped"] is True
    assert crawl["scope"].startswith("1 web archives, of their links those to ")


def test_what_speaks_of_the_whole_corpus_refuses_a_target_scoped_crawl(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    archive = two_pages(tmp_path / "a.warc.gz")
    (tmp_path / "targets.txt").write_text("two.test\n", encoding="utf-8")
    words = ["--targets", tmp_path / "targets.txt", "--crawl-id", "scoped", "--lake", lake]
    assert call("ingest", archive, *words).code == 0
    assert call("build", "--lake", lake).code == 0
    assert [row["source_url"] for row in ask("from backlinks", lake)] == ["http://one.test/"]
    assert [row["authority_score"] for row in ask("from domains", lake)] == [None, None]
    for stage in ("rank_hosts", "rank_domains", "score_farms", "score_authority"):
        ended = call("run", stage, "--crawl-id", "scoped", "--lake", lake)
        assert (ended.code, ended.receipt["outcome"]) == (99, "no_input")
        assert f"{stage} refuses crawl scoped: it is target-scoped" in ended.err
        assert ask(f"select count(*) as n from {'host_ranks' if stage == 'rank_hosts' else 'farm_verdicts'}", lake) == [
            {"n": 0}
        ]
    assert call("status", "--lake", lake).out.count("rank_") == 0
    assert "build --crawl-id" not in call("status", "--lake", lake).out
    later = tmp_path / "later.warc.gz"
    later.write_bytes(
        warc_record("http://three.test/", b"<a href='http://one.test/'>1</a>", date="2026-03-02T00:00:00Z")
    )
    assert call("ingest", later, "--crawl-id", "later", "--lake", lake).code == 0
    ended = call("run", "rank_domains", "--crawl-id", "later", "--lake", lake)
    assert "refuses crawl later: it is target-scoped (its links include those of scoped)" in ended.err


def test_the_same_archives_for_other_targets_are_another_crawl(tmp_path: Path) -> None:
    archive = two_pages(tmp_path / "a.warc.gz")
    (tmp_path / "targets.txt").write_text("two.test\n", encoding="utf-8")
    words = ["--crawl-id", "c", "--lake", tmp_path / "lake"]
    assert call("ingest", archive, "--targets", tmp_path / "targets.txt", *words).code == 0
    ended = call("ingest", archive, *words)
    assert (ended.code, "published already, from other input" in ended.err) == (2, True)


def test_whoever_mixes_scoped_and_whole_crawls_is_warned(tmp_path: Path) -> None:
    archive = two_pages(tmp_path / "a.warc.gz")
    (tmp_path / "targets.txt").write_text("two.test\n", encoding="utf-8")
    assert call("ingest", archive, "--lake", tmp_path / "lake").code == 0
    ended = call("ingest", archive, "--targets", tmp_path / "targets.txt", "--lake", tmp_path / "lake")
    assert "a lake of its own for --targets keeps them apart" in ended.err


# -------------------------------------------------------------------- crawls without a page


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([response(0, WARC_Type="conversion")], "a WET file holds the text of pages and no links"),
        ([response(0, WARC_Type="metadata")], "its metadata describe no response"),
        ([response(0, WARC_Date="9999-01-01T00:00:00Z")], "rejected and kept: bad_date 1"),
    ],
)
def test_a_crawl_without_a_page_is_published_and_never_the_newest(
    tmp_path: Path, records: list[bytes], why: str
) -> None:
    lake = tmp_path / "lake"
    archive = two_pages(tmp_path / "a.warc.gz")
    (tmp_path / "none.warc.gz").write_bytes(gzipped(records))
    assert call("ingest", archive, "--crawl-id", "pages", "--lake", lake).code == 0
    ended = call("ingest", tmp_path / "none.warc.gz", "--crawl-id", "none", "--lake", lake)
    assert ended.code == 0
    assert why in ended.receipt["message"]
    assert call("build", "--lake", lake).code == 0
    assert len(ask("from crawls", lake)) == 2
    assert {row["crawl_id"] for row in ask("from links", lake)} == {"pages"}
    (info,) = ask("from index_info", lake)
    assert (info["crawl_id"], info["observed_to"], info["crawl_count"]) == ("pages", "2026-03-01T12:00:00Z", 1)
    snapshot = Lake.open(lake).snapshot()
    assert [crawl.crawl_id for crawl in snapshot.crawls()] == ["none", "pages"]
    assert [crawl.crawl_id for crawl in snapshot.history("none")] == ["none"]
    assert call("run", "dedupe_links", "--lake", lake).receipt["crawl_id"] == "pages"
