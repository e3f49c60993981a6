"""Bad input costs one clear line that says what, where and what to do next, and nothing that is published."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.lake import Lake
from tests.linklake.calls import Ended, call, two_pages, warc_record
from tests.tiny_lake import all_table_hashes

MATTER = b"<p><a href='http://two.test/'>two</a></p>"


def one_line(ended: Ended) -> str:
    """What was said of the failure: one line, without a traceback, the last on stderr."""
    assert "Traceback" not in ended.err
    said = [line for line in ended.err.splitlines() if not line.startswith("crawl_id ")]
    assert len(said) == 1, ended.err
    return said[0]


def gzipped(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data, mtime=0))
    return path


def edit_json(path: Path, **changes: object) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(said | changes), encoding="utf-8")


# -------------------------------------------------------------------- archives

BAD_ARCHIVES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.warc.gz", "(No such file or directory): check the path"),
    "directory": (lambda folder: folder, "is a directory: give the web archives in it"),
    "empty": (lambda folder: written(folder, b""), "is no WARC file: give .warc, .warc.gz or .warc.zst files"),
    "text": (lambda folder: written(folder, b"hello\n" * 100), "is no WARC file: give"),
    "html": (lambda folder: written(folder, b"<html>" + b" " * 9000), "is no WARC file: give"),
    "other_gzip": (lambda folder: gzipped(folder / "a.gz", b"hello " * 1000), "is gzip, but not of WARC records"),
}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "a.warc.gz"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_what_is_no_archive_fails_before_anything_is_read(
    kind: str, tmp_path: Path, built_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    make, words = BAD_ARCHIVES[kind]
    bad, good = make(tmp_path), two_pages(tmp_path / "good.warc.gz")
    lake = copy_of(built_lake)
    before = Lake.open(lake).snapshot()
    ended = call("ingest", good, bad, "--crawl-id", "i", "--lake", lake)
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    said = one_line(ended)
    assert str(bad) in said
    assert words in said
    assert ended.receipt["message"] in said
    assert Lake.open(lake).snapshot() == before
    assert call("ingest", good, "--crawl-id", "i", "--lake", lake).code == 0, "the crawl id is not used up"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_archive_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    archive = two_pages(tmp_path / "a.warc.gz")
    archive.chmod(0)
    ended = call("ingest", archive, "--lake", tmp_path / "lake")
    assert ended.code == 1
    assert f"cannot read {archive} (Permission denied)" in one_line(ended)


def test_a_cut_archive_gives_what_can_be_read_and_says_what_was_lost(tmp_path: Path) -> None:
    archive = two_pages(tmp_path / "cut.warc.gz")
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-20])
    ended = call("ingest", archive, "--crawl-id", "i", "--lake", tmp_path / "lake")
    assert (ended.code, ended.receipt["outcome"]) == (0, "built")
    assert (ended.receipt["rows"]["page_fetches"], ended.receipt["rows"]["rejected_damaged_bytes"]) == (1, 1)
    assert one_line(ended).startswith("rejected and kept: damaged_bytes 1; linklake sql ")
    sql = "select reason, detail, archive_file, archive_offset, byte_count from rejected_records"
    row = call("sql", sql, "--format", "json", "--lake", tmp_path / "lake").rows[0]
    first = len(warc_record("http://one.test/", b"<p><a href='http://two.test/'>two</a> <a href='/b'>b</a></p>"))
    assert row == {
        "reason": "damaged_bytes",
        "detail": "the file ends inside a gzip member",
        "archive_file": str(archive),
        "archive_offset": first,
        "byte_count": len(whole) - 20 - first,
    }
    crawls = call("sql", "select is_complete from crawls", "--format", "json", "--lake", tmp_path / "lake").rows
    assert crawls == [{"is_complete": False}]


def test_one_bad_record_never_costs_its_neighbours(tmp_path: Path) -> None:
    bad_date = warc_record("http://b.test/", MATTER, date="yesterday")
    bad_target = warc_record("http://[::1", MATTER)
    garbage = os.urandom(500)
    archive = tmp_path / "a.warc.gz"
    good = [warc_record(f"http://{name}.test/", MATTER) for name in "vwxyz"]
    archive.write_bytes(good[0] + bad_date + good[1] + bad_target + good[2] + garbage + good[3] + good[4])
    ended = call("ingest", archive, "--crawl-id", "i", "--lake", tmp_path / "lake")
    rows = ended.receipt["rows"]
    assert (ended.code, rows["fetched"], rows["records"]) == (0, 5, 7)
    kept = call(
        "sql", "select reason from rejected_records order by 1", "--format", "json", "--lake", tmp_path / "lake"
    )
    assert [row["reason"] for row in kept.rows] == ["bad_date", "bad_target", "damaged_bytes"]


def test_an_archive_without_a_single_response_says_that_no_page_was_read(tmp_path: Path) -> None:
    info = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-01-01T00:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    archive = gzipped(tmp_path / "a.warc.gz", info)
    ended = call("ingest", archive, "--crawl-id", "i", "--lake", tmp_path / "lake")
    assert ended.code == 0
    assert one_line(ended).startswith("no page was read (records 1, skipped_warcinfo 1); linklake sql ")


def test_a_crawl_id_that_is_taken_is_refused_for_other_input(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    one, other = two_pages(tmp_path / "one.warc.gz"), two_pages(tmp_path / "other.warc.gz")
    assert call("ingest", one, "--crawl-id", "i", "--lake", lake).code == 0
    ended = call("ingest", other, "--crawl-id", "i", "--lake", lake)
    assert ended.code == 2
    assert "crawl i is published already, from other input: choose another --crawl-id" in one_line(ended)


# -------------------------------------------------------------------- seeds and flags of a crawl

BAD_CRAWLS: dict[str, tuple[list[str], str]] = {
    "no_seed": ([], "no seed given: name URLs to start from, such as https://example.org/"),
    "empty_file": (["--seeds", "empty.txt"], "empty.txt holds no seed: name URLs"),
    "only_comments": (["--seeds", "comments.txt"], "comments.txt holds no seed: name URLs"),
    "missing_file": (["--seeds", "none.txt"], "cannot read the seed file none.txt (No such file or directory)"),
    "directory": (["--seeds", "."], "cannot read the seed file . (Is a directory)"),
    "not_text": (["--seeds", "bytes.txt"], "the seed file bytes.txt is not UTF-8 text: give one with a URL a line"),
    "bad_line": (["--seeds", "bad.txt"], "the seed 'not a url' (bad.txt line 3) is no http(s) URL"),
    "no_scheme": (["example.org"], "the seed 'example.org' (the command line) is no http(s) URL (unparsable_url)"),
    "other_scheme": (["ftp://example.org/"], "is no http(s) URL (not_http)"),
    "no_contact": (["http://a.test/"], "a crawl needs a contact for its User-Agent: set contact in linklake.toml"),
    "contact_of_two_lines": (["http://a.test/", "--contact", "me@a.test\r\nX: y"], "a crawl needs a contact, a mail"),
    "no_pages": (["http://a.test/", "--pages", "0"], "pages from --pages is '0': give 1 or more"),
    "negative": (["http://a.test/", "--depth", "-1"], "depth from --depth is '-1': give 0 or more"),
    "not_a_number": (["http://a.test/", "--pages", "many"], "pages from --pages is 'many', not a whole number"),
    "not_finite": (["http://a.test/", "--delay", "nan"], "delay from --delay is 'nan': give 0 or more"),
    "bad_place": (["http://a.test/", "--connect-to", "a.test"], "give HOST=ADDRESS:PORT, such as"),
    "bad_address": (
        ["http://a.test/", "--contact", "me@a.test", "--connect-to", "a.test=b:c"],
        "cannot connect a.test to b:c: write an address like 127.0.0.1:8080",
    ),
    "bad_network": (
        ["http://a.test/", "--contact", "me@a.test", "--allow-network", "here"],
        "here is no network: write it like 10.1.0.0/16",
    ),
}


@pytest.mark.parametrize("kind", BAD_CRAWLS)
def test_a_bad_call_of_crawl_is_misuse(kind: str, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "comments.txt").write_bytes(b"# none\n\n   \n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00h")
    (tmp_path / "bad.txt").write_bytes(b"http://a.test/\n\nnot a url\n")
    words, said = BAD_CRAWLS[kind]
    ended = call("crawl", *words, folder=tmp_path)
    assert ended.code == 2
    assert said in one_line(ended)
    assert not ended.has_receipt


def test_a_seed_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    from linklake.observe import read_seeds

    path = tmp_path / "seeds.txt"
    path.write_bytes(b"\xef\xbb\xbfhttp://a.test/\r\n# comment\r\n\r\nHTTP://B.test\r\n")
    assert read_seeds([], path) == ("http://a.test/", "http://b.test/")


# -------------------------------------------------------------------- lakes


def newer_layout(lake: Path) -> None:
    edit_json(lake / "_lake.json", format=99, created_by="9.1.0")


def newer_schema(lake: Path) -> None:
    newest = sorted((lake / "_log").glob("*.json"))[-1]
    said = json.loads(newest.read_text(encoding="utf-8"))
    said["added"][0] |= {"schema_version": 99, "code_version": "9.1.0"}
    newest.write_text(json.dumps(said), encoding="utf-8")


def unreadable(lake: Path) -> None:
    (lake / "_lake.json").write_bytes(b"{")


def gap_in_the_log(lake: Path) -> None:
    sorted((lake / "_log").glob("*.json"))[2].unlink()


def broken_log(lake: Path) -> None:
    sorted((lake / "_log").glob("*.json"))[2].write_bytes(b"\0")


BAD_LAKES: dict[str, tuple[Callable[[Path], None], str]] = {
    "newer_layout": (newer_layout, "was written by linklake 9.1.0 (format 99), this is linklake"),
    "newer_schema": (newer_schema, "was written by linklake 9.1.0 with a newer schema, this is linklake"),
    "unreadable": (unreadable, "_lake.json is damaged"),
    "gap_in_the_log": (gap_in_the_log, "has no version 3: restore"),
    "broken_log": (broken_log, "00000000000000000003.json is damaged"),
}


@pytest.mark.parametrize("kind", BAD_LAKES)
def test_a_lake_that_cannot_be_read_is_refused_by_every_command_and_left_alone(
    kind: str, built_lake: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    damage, words = BAD_LAKES[kind]
    lake = copy_of(built_lake)
    damage(lake)
    before = contents(lake)
    archive = two_pages(tmp_path / "a.warc.gz")
    commands: list[list[Any]] = [["status"], ["sql", "select 1"], ["build"], ["gate", "links"], ["ingest", archive]]
    for command in [*commands, ["run", "rank_hosts"], ["run", "rank_hosts", "--crawl-id", "tiny"]]:
        ended = call(*command, "--lake", lake)
        assert ended.code == 1, command
        assert words in one_line(ended)
        assert ended.has_receipt == (command[0] not in ("status", "sql"))
    looked = call("doctor", "--lake", lake)
    assert looked.code == 1
    assert "FAIL lake" in looked.out
    assert contents(lake) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("damage", ["missing", "cut", "altered"])
def test_a_damaged_file_stops_what_reads_it_and_names_it(
    damage: str, lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["classify_links"])
    path = next((lake / "links").rglob("*.parquet"))
    if damage == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data[:-9] if damage == "cut" else data)
    ended = call("run", "classify_links", "--lake", lake)
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    assert str(path) in one_line(ended)
    mending = "restore it, or build it again: linklake run dedupe_links --crawl-id tiny --force --lake"
    assert mending in one_line(ended)
    if damage != "altered":  # which only a checksum finds: a question reads without one
        asked = call("sql", "select count(*) from links", "--lake", lake)
        assert asked.code == 1
        assert str(path.relative_to(lake)) in one_line(asked) or "links cannot be read" in one_line(asked)


BAD_PLACES: dict[str, tuple[str, str]] = {
    "under_a_file": ("file/lake", "cannot make a lake at file/lake (Not a directory): choose another folder"),
    "a_file": ("file", "cannot make a lake at file (Not a directory): choose another folder"),
    "full_of_other_things": ("full", "full is not empty and no lake: choose another folder with --lake"),
    "nowhere": ("/proc/lake", "cannot make a lake at /proc/lake"),
}


@pytest.mark.parametrize("kind", BAD_PLACES)
def test_where_no_lake_can_be_made_it_says_so(kind: str, tmp_path: Path) -> None:
    place, words = BAD_PLACES[kind]
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_bytes(b"")
    archive = two_pages(tmp_path / "a.warc.gz")
    ended = call("ingest", archive, "--lake", place, folder=tmp_path)
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    assert words in one_line(ended)
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.doc"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_lake_that_cannot_be_written_fails_with_its_folder(built_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(built_lake)
    (lake / "_staging").chmod(0o500)
    ended = call("ingest", two_pages(lake.parent / "a.warc.gz"), "--lake", lake)
    assert ended.code == 1
    assert "Permission denied" in one_line(ended)


def test_a_lake_in_an_object_store_is_refused_until_there_are_some(tmp_path: Path) -> None:
    ended = call("build", "--lake", "s3://bucket/lake", folder=tmp_path)
    assert ended.code == 2
    assert "lakes in object stores come later: name a folder" in one_line(ended)
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- names, and what is not there yet


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "rank_pages"], "there is no stage rank_pages: the stages are settle_crawl, dedupe_links, "),
        (["gate", "rank_pages"], "rank_pages: the stages are settle_crawl, dedupe_links, "),
        (["schema", "rank_pages"], "there is no dataset rank_pages: the datasets are crawls, page_fetches, "),
        (["run", "rank_hosts", "--crawl-id", "tyni"], "there is no crawl tyni in "),
        (["status", "--crawl-id", "tyni"], ": the newest are tiny"),
        (["run", "rank_hosts", "--crawl-id", "Tiny"], "'Tiny' is no crawl id: use 1-63 of a-z 0-9 . -"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_unknown_name_is_answered_with_those_there_are(words: list[str], said: str, built_lake: Path) -> None:
    ended = call(*words, *([] if words[0] == "schema" else ["--lake", built_lake]))
    assert ended.code == 2
    assert said in one_line(ended)


def test_what_is_staged_but_not_published_is_no_input_yet(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["dedupe_links"])
    assert call("run", "dedupe_links", "--no-publish", "--lake", lake).code == 0
    for chosen in ([], ["--crawl-id", "tiny"]):
        ended = call("run", "classify_links", *chosen, "--lake", lake)
        assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
        assert "links for crawl tiny is staged but not published: run linklake gate links --crawl-id tiny" in one_line(
            ended
        )
    assert call("gate", "links", "--crawl-id", "tiny", "--lake", lake).code == 0
    assert call("run", "classify_links", "--lake", lake).code == 0


def test_what_is_not_built_yet_is_no_input_yet(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    """Not 99: Airflow would skip all that follows, though the input is only late."""
    lake = copy_of(lakes_before_stages["dedupe_links"])
    for chosen in ([], ["--crawl-id", "tiny"]):
        ended = call("run", "classify_links", *chosen, "--lake", lake)
        assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
        assert "run linklake run dedupe_links --crawl-id tiny" in one_line(ended)


def test_what_is_observed_but_not_settled_is_no_input_yet(observed_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(observed_lake)
    settle = "linklake run settle_crawl --crawl-id tiny"
    for words in (["build"], ["build", "--crawl-id", "tiny"], ["run", "dedupe_links", "--crawl-id", "tiny"]):
        ended = call(*words, "--lake", lake)
        assert (ended.code, ended.receipt["crawl_id"]) == (1, "tiny")
        assert settle in one_line(ended)
    assert f"next: {settle}" in call("status", "--lake", lake).out
    assert call("run", "settle_crawl", "--no-publish", "--lake", lake).code == 0
    ended = call("run", "dedupe_links", "--crawl-id", "tiny", "--lake", lake)
    assert "is settled but not published: run linklake gate settle_crawl --crawl-id tiny" in one_line(ended)


def test_a_question_about_a_bad_lake_or_a_bad_call_loses_nothing(built_lake: Path) -> None:
    before = all_table_hashes(built_lake)
    for words in (["run", "rank_hosts", "--crawl-id", "none"], ["ingest", "none.warc.gz"], ["sql", "drop table links"]):
        assert call(*words, "--lake", built_lake).code in (1, 2)
    assert all_table_hashes(built_lake) == before
