"""`linklake status` shows where every crawl stands, what comes next, and exits 1 exactly when something failed."""

import fcntl
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import linklake.runs
from linklake.pipeline import STAGES
from schemas.errors import Conflict
from schemas.lake import Lake
from tests.linklake.calls import call, two_pages

NAMES = [stage.name for stage in STAGES]


def states(out: str) -> dict[str, str]:
    """Stage -> state, of the first crawl shown."""
    return {line.split()[0]: line.split()[1] for line in out.splitlines() if line.startswith("  ")}


def next_commands(out: str) -> list[list[str]]:
    commands = [shlex.split(line.removeprefix("next: ")) for line in out.splitlines() if line.startswith("next: ")]
    assert all(words[0] == "linklake" for words in commands)
    return [words[1:] for words in commands]


def test_an_empty_lake_has_nothing_to_show(tmp_path: Path) -> None:
    Lake.open_or_create(tmp_path / "lake")
    ended = call("status", "--lake", tmp_path / "lake")
    assert (ended.code, ended.out) == (0, f"lake {tmp_path / 'lake'}: version 0, 0 crawls published\n")


def test_no_lake_is_a_failure(tmp_path: Path) -> None:
    ended = call("status", "--lake", tmp_path / "lake")
    assert (ended.code, ended.out) == (1, "")
    assert "there is no lake at" in ended.err


def test_following_next_from_an_observation_builds_everything(
    observed_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(observed_lake)
    walked = []
    for _ in range(5):
        looked = call("status", "--lake", lake)
        assert looked.code == 0
        commands = next_commands(looked.out)
        if not commands:
            break
        walked.append(commands[0][:-2])
        assert call(*commands[0]).code == 0
    assert walked == [["run", "settle_crawl", "--crawl-id", "tiny"], ["build", "--crawl-id", "tiny"]]
    assert states(call("status", "--lake", lake).out) == dict.fromkeys(NAMES, "published")


def test_what_is_staged_waits_for_its_gate(observed_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(observed_lake)
    call("run", "settle_crawl", "--no-publish", "--lake", lake)
    looked = call("status", "--lake", lake).out
    assert "tiny (crawl): settled, not published" in looked
    assert next_commands(looked) == [["gate", "settle_crawl", "--crawl-id", "tiny", "--lake", str(lake)]]
    assert call(*next_commands(looked)[0]).code == 0
    looked = call("status", "--lake", lake).out
    assert "not settled" not in looked, "its observation folder is gone"
    assert states(looked) == {**dict.fromkeys(NAMES, "waiting"), "settle_crawl": "published", "dedupe_links": "ready"}
    call("run", "dedupe_links", "--no-publish", "--lake", lake)
    looked = call("status", "--lake", lake).out
    assert states(looked)["dedupe_links"] == "staged"
    assert ["gate", "dedupe_links", "--crawl-id", "tiny", "--lake", str(lake)] in next_commands(looked)


def parts_of(journal: Path) -> int:
    """How many parts a journal names: one, or more on a machine so slow that seconds pass between them."""
    parts = sum('"files":' in line for line in journal.read_text(encoding="utf-8").splitlines())
    assert parts
    return parts


def test_a_crawl_that_is_under_way_or_broken_off_is_shown(observed_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(observed_lake)
    journal = lake / "_observing" / "tiny" / "journal.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]), encoding="utf-8")
    parts = parts_of(journal)
    with journal.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        looked = call("status", "--lake", lake)
    assert (looked.code, next_commands(looked.out)) == (0, [])
    assert f"tiny (crawl): under way, {parts} parts safe" in looked.out
    looked = call("status", "--lake", lake)
    assert looked.code == 1, "somebody has to carry it on"
    assert f"tiny (crawl): broken off, {parts} parts safe" in looked.out
    settled = call("run", "settle_crawl", "--lake", lake)
    assert settled.code == 1
    carry_on = next_commands(looked.out)
    assert carry_on == [["crawl", "--crawl-id", "tiny", "--lake", str(lake)]]
    assert f"run {shlex.join(['linklake', *carry_on[0]])} to carry it on" in settled.receipt["message"]
    carried_on = call(*carry_on[0])
    assert carried_on.receipt["rows"]["page_fetches"] == sum(json.loads(lines[-1])["counts"].values())
    journal.parent.mkdir()
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert "holds no crawl" in looked.out


def test_a_crawl_that_was_stopped_early_can_be_carried_on_or_published_as_it_is(
    observed_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(observed_lake)
    journal = lake / "_observing" / "tiny" / "journal.jsonl"
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text.replace('"is_complete":true', '"is_complete":false'), encoding="utf-8")
    looked = call("status", "--lake", lake)
    assert looked.code == 0
    (line,) = (line for line in looked.out.splitlines() if f"stopped early, {parts_of(journal)} parts safe" in line)
    assert next_commands(looked.out) == [["crawl", "--crawl-id", "tiny", "--lake", str(lake)]]
    assert call(*shlex.split(line.split(": linklake ")[1])).receipt["outcome"] == "built"


def test_a_failure_is_shown_until_the_stage_ends_well(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["dedupe_links"])
    assert call("run", "classify_links", "--crawl-id", "tiny", "--lake", lake).code == 1
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert "  classify_links   failed  classify_links needs links for crawl tiny" in looked.out
    assert ["run", "classify_links", "--crawl-id", "tiny", "--lake", str(lake)] in next_commands(looked.out)
    assert call("build", "--lake", lake).code == 0
    looked = call("status", "--lake", lake)
    assert (looked.code, next_commands(looked.out)) == (0, [])


def test_a_build_that_fails_is_shown_until_everything_is_built(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["classify_links"])
    path = next((lake / "links").rglob("*.parquet"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert call("build", "--lake", lake).code == 1
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert f"failed  {path} of links/tiny" in looked.out
    path.write_bytes(whole)
    assert call(*next_commands(looked.out)[0]).code == 0
    assert call("status", "--lake", lake).code == 0


def test_what_failed_here_and_was_built_elsewhere_is_no_failure(
    built_lake: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two schedulers at one stage: the one that comes too late is refused, and its failure is the later row."""

    def refused(*_: object, **__: object) -> None:
        raise Conflict("links/tiny changed while build_edges was at work: run it again")

    lake = copy_of(built_lake)
    monkeypatch.setattr(linklake.runs, "run_stage", refused)
    assert call("run", "build_edges", "--lake", lake).code == 1
    assert call("status", "--lake", lake).code == 0


def test_a_question_that_is_misuse_is_no_failure_of_the_lake(built_lake: Path) -> None:
    assert call("run", "no_such_stage", "--lake", built_lake).code == 2
    assert call("status", "--lake", built_lake).code == 0


def test_one_crawl_can_be_looked_at_alone(built_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(built_lake)
    call("ingest", two_pages(lake.parent / "a.warc.gz"), "--crawl-id", "i", "--lake", lake)
    both, one = call("status", "--lake", lake).out, call("status", "--crawl-id", "i", "--lake", lake).out
    assert "tiny (crawl, observed to" in both
    assert "i (ingest, observed to 2026-03-01 12:00:00Z)" in both
    assert "tiny (crawl" not in one
    assert states(one)["dedupe_links"] == "ready"


def test_an_import_shows_only_the_stages_that_it_has_input_for(tmp_path: Path) -> None:
    edges = tmp_path / "edges.tsv"
    edges.write_text("source_host\ttarget_host\na\tb\n", encoding="utf-8")
    call("import-graph", edges, "--crawl-id", "g", "--lake", tmp_path / "lake")
    looked = call("status", "--lake", tmp_path / "lake").out
    assert states(looked) == {"rank_hosts": "ready"}
    assert call(*next_commands(looked)[0]).code == 0
    assert states(call("status", "--lake", tmp_path / "lake").out) == {"rank_hosts": "published"}
