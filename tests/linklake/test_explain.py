"""A link's record is read again from its archive: same, different, or the archive is not what it was."""

import gzip
from pathlib import Path

import pytest

from schemas.lake import Lake
from tests.crawlers.small_web import Reply, SmallWeb
from tests.linklake.calls import Ended, call, two_pages, warc_record

HOME = b"""<html><head><title>Home \x1b[31m</title></head><body><nav><a href=/menu>menu</a></nav>
<main><h1>Boats</h1><p>We row with <a rel=nofollow href='http://b.test/oars'>good oars</a> every day.</p></main>"""

TERMS = b"<div class=terms><a href='http://f.test/'>Terms</a></div>"


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archived")
    records = [
        warc_record("http://a.test/", HOME),
        warc_record("http://a.test/other", b"<a href='http://c.test/'>c</a>"),
        *(warc_record(f"http://e.test/{n}", b"<p><a href=/top>top</a></p>" + TERMS) for n in range(3)),
    ]
    (folder / "a.warc.gz").write_bytes(b"".join(records))
    lake = ("--lake", folder / "lake")
    assert call("ingest", folder / "a.warc.gz", *lake, "--crawl-id", "c1").code == 0
    assert call("build", *lake).code == 0
    return folder


def explain(folder: Path, *words: object) -> Ended:
    return call("explain", *words, "--lake", folder / "lake")


def test_a_link_is_the_same_again_and_shown_with_its_block_and_its_verdict(archived: Path) -> None:
    ended = explain(archived, "http://a.test/#top", "http://b.test/oars")
    assert (ended.code, ended.err) == (0, "")
    assert "same: the page and 1 stored sightings" in ended.out
    assert "block      We row with [good oars] every day." in ended.out
    assert "counts       no, rel_nofollow: Marked nofollow." in ended.out
    assert "  placement  main" in ended.out
    assert "\x1b" not in ended.out
    assert f"{archived / 'a.warc.gz'}, byte 0," in ended.out


def test_what_other_pages_of_the_host_say_of_a_block_is_shown(archived: Path) -> None:
    ended = explain(archived, "http://e.test/1", "http://f.test/")
    assert "  placement  unknown" in ended.out, "as its page says"
    assert "on its host on 3 of 3 pages, 3 of 3 links recur: template, footer" in ended.out
    assert "  placement  footer" in ended.out, "as is believed"
    assert "  placement_basis template" in ended.out


def test_the_links_of_a_page_are_listed(archived: Path) -> None:
    ended = explain(archived, "http://a.test/")
    assert ended.code == 0
    assert "same: the page and 2 stored sightings" in ended.out
    assert "http://a.test/menu (text, navigation) 'menu'" in ended.out
    assert "http://b.test/oars (text, main rel=nofollow) 'good oars'" in ended.out


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("http://a.test/", "http://b.test/oar", "it links to: http://b.test/oars, http://a.test/menu"),
        ("http://z.test/", "http://b.test/oars", "pages that link to http://b.test/oars: http://a.test/"),
        ("http://a.test/othe", None, "of its host it holds: http://a.test/other, http://a.test/"),
        ("http://z.test/", None, "of its host it holds: nothing"),
    ],
)
def test_what_is_not_there_is_said_with_what_comes_nearest(
    archived: Path, source: str, target: str | None, words: str
) -> None:
    ended = explain(archived, source, *([target] if target else []))
    assert ended.code == 1
    assert words in ended.err


def test_what_is_no_url_is_misuse(archived: Path) -> None:
    assert explain(archived, "ftp://a.test/").code == 2
    assert explain(archived, "http://a.test/", "a.test").code == 2


def test_an_archive_that_was_moved_is_said_and_can_be_named(tmp_path: Path) -> None:
    archive, link = two_pages(tmp_path / "a.warc.gz"), ("http://one.test/", "http://two.test/")
    assert call("ingest", archive, "--lake", tmp_path / "lake").code == 0
    moved = archive.rename(tmp_path / "moved.warc.gz")
    ended = explain(tmp_path, *link)
    assert (ended.code, "cannot be read" in ended.out, "--archive" in ended.out) == (1, True, True)
    assert "[two]" in ended.out, "what is stored is shown all the same"
    assert "not judged yet" in ended.out
    assert explain(tmp_path, *link, "--archive", moved).code == 0


def test_an_archive_that_holds_something_else_is_told_apart(tmp_path: Path) -> None:
    archive, link = tmp_path / "a.warc", ("http://one.test/", "http://two.test/")
    archive.write_bytes(gzip.decompress(two_pages(tmp_path / "a.warc.gz").read_bytes()))
    assert call("ingest", archive, "--lake", tmp_path / "lake").code == 0
    sound = archive.read_bytes()
    assert explain(tmp_path, *link).code == 0
    for content, words in [
        (b"", "neither gzip nor zstd nor WARC begins there"),
        (b"x" + sound, "neither gzip nor zstd nor WARC begins there"),
        (sound.replace(b">two<", b">to<", 1), "bytes, not "),
        (sound.replace(b">two<", b">TWO<", 1), "anchor_text is stored as 'two', the archive gives 'TWO'"),
        (sound.replace(b">b<", b">c<", 1), "page: content_hash is stored as "),
        (sound.replace(b"200 OK", b"201 OK", 1), "page: status is stored as 200, the archive gives 201"),
    ]:
        archive.write_bytes(content)
        ended = explain(tmp_path, *link)
        assert (ended.code, words in ended.out, "same:" in ended.out) == (1, True, False), ended.out


def test_a_live_crawl_has_evidence_when_it_keeps_its_answers_wherever_the_lake_is(tmp_path: Path) -> None:
    pages = {"a.test/": Reply(HOME)}
    link = ("http://a.test/", "http://b.test/oars")
    with SmallWeb(pages) as web:
        words = ["crawl", "http://a.test/", "--connect-to", f"a.test={web.address}", "--contact", "https://me.invalid/"]
        words += ["--delay", "0", "--lake", str(tmp_path / "lake")]
        assert call(*words, "--crawl-id", "without").code == 0
        ended = explain(tmp_path, *link)
        assert (ended.code, "this crawl kept no archive" in ended.out) == (1, True)
        assert call(*words, "--crawl-id", "with", "--warc").code == 0
    assert Lake.open(tmp_path / "lake").warc("with").exists()
    (tmp_path / "moved").mkdir()
    (tmp_path / "lake").rename(tmp_path / "moved" / "lake")
    ended = explain(tmp_path / "moved", *link)
    assert ended.code == 0, ended.out
    assert "same: the page and 1 stored sightings" in ended.out
