"""A lake keeps what it said it had published, whoever writes at once, dies or damages a file."""

import errno
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas import lake as lake_module
from schemas.catalog import DATASETS
from schemas.datasets.host_nodes import HOST_NODES
from schemas.durable import file_sha256, write_durably
from schemas.errors import Conflict, DamagedFile, LakeError, Misuse, NewerLake
from schemas.lake import Lake, check_crawl_id, new_crawl_id, now
from schemas.ledger import Commit, Partition, PartitionKey, Snapshot
from tests.small_lake import (
    DAMAGES,
    PAIR,
    STAGE,
    contest,
    damage,
    die_while_staging,
    make_lake,
    publish_by_hand,
    publish_many,
    republish,
    stage_by_hand,
)

LINE = re.compile(r"[^\n]{20,600}")
"""What a person on call reads: one line."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open_or_create(tmp_path / "lake")


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(abs, range(8)))  # all of them are up before a test counts on it
        yield pool


def files_below(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_sha256(p) for p in folder.rglob("*") if p.is_file()}


def log(lake: Lake, number: int) -> Path:
    return lake.root / "_log" / f"{number:020d}.json"


def checkpoint(lake: Lake, number: int) -> Path:
    return lake.root / "_log" / f"{number:020d}.checkpoint.json"


# -------------------------------------------------------------------- crawl ids


@pytest.mark.parametrize("crawl_id", ["a", "2026-w46", "2026.a", "20261120t114947z-0b1c", "9z", "a..b", "x" * 63])
def test_a_crawl_id_is_taken(crawl_id: str) -> None:
    assert check_crawl_id(crawl_id) == crawl_id


HOSTILE_IDS = (
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc",
    ".a",
    "-a",
    "2026-11-20",
    "A",
    "a'b",
    'a"b',
    "a b",
    "a\n",
    "a\0",
    "a%2e",
    "é",
    "*",
    "x';drop table t;--",
    "$(id)",
    "{{ ds }}",
    "x" * 64,
    "w" * 100_000,
)


@pytest.mark.parametrize("crawl_id", HOSTILE_IDS, ids=lambda text: repr(text[:20]))
def test_what_is_no_crawl_id_is_refused_and_reaches_no_path(crawl_id: str, lake: Lake) -> None:
    before = sorted(lake.root.parent.rglob("*"))
    with pytest.raises(Misuse, match="is no crawl id: use"):
        check_crawl_id(crawl_id)
    with pytest.raises(Misuse), lake.stage_area(STAGE, crawl_id):
        raise AssertionError
    with pytest.raises(Misuse):
        lake.observing(crawl_id)
    assert sorted(lake.root.parent.rglob("*")) == before


def test_a_fresh_crawl_id_is_one_and_says_when() -> None:
    assert re.fullmatch(r"\d{8}t\d{6}z-[0-9a-f]{4}", check_crawl_id(new_crawl_id(now())))


# -------------------------------------------------------------------- opening


def test_a_folder_that_is_no_lake_is_named_with_what_makes_one(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nothing", tmp_path / "nothing" / "at all"):
        with pytest.raises(LakeError, match=f"no lake at {re.escape(str(root))}: make one with linklake crawl"):
            Lake.open(root)


def test_a_lake_path_that_is_a_file_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(LakeError, match="there is no lake at"):
        Lake.open(path)
    for root in (path, path / "below"):
        with pytest.raises(LakeError, match=r"cannot make a lake at .*: choose another folder with --lake"):
            Lake.open_or_create(root)
    assert path.read_text() == "mine"


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("mine")
    with pytest.raises(LakeError, match="is not empty and no lake"):
        Lake.open_or_create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.odt"]


@pytest.mark.parametrize("left", ["_log", "_staging", "._lake.json.0a1b2c3d", "lost+found"])
def test_a_lake_is_made_where_its_making_was_cut_short_or_the_volume_is_fresh(left: str, tmp_path: Path) -> None:
    (tmp_path / left).mkdir()
    assert Lake.open_or_create(tmp_path).snapshot() == Snapshot(0, {})


def test_processes_that_make_the_same_lake_at_once_all_get_it(processes: ProcessPoolExecutor, tmp_path: Path) -> None:
    for number in range(12):
        roots = [str(tmp_path / f"lake {number}")] * 4
        assert list(processes.map(make_lake, roots)) == [16] * 4


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("null", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": "x", "buckets": 16}', "is damaged"),
        ('{"format": 1, "buckets": 0, "created_by": "0.1.0"}', "no power of two"),
        ('{"format": 1, "buckets": 12, "created_by": "0.1.0"}', "no power of two"),
        ("\udcff", "is damaged"),
    ],
)
def test_a_description_that_cannot_be_read_is_one_line_and_nothing_is_touched(
    said: str, words: str, lake: Lake
) -> None:
    publish_by_hand(lake, PAIR, "c1")
    (lake.root / "_lake.json").write_text(said, errors="surrogateescape")
    before = files_below(lake.root)
    for open_ in (Lake.open, Lake.open_or_create):
        with pytest.raises(LakeError, match=words) as refused:
            open_(lake.root)
        assert LINE.fullmatch(str(refused.value))
        assert "_lake.json" in str(refused.value)
    assert files_below(lake.root) == before


@pytest.mark.parametrize(
    "said", [{"format": 2, "buckets": 16, "created_by": "9.1"}, {"format": 7}, {"format": 2, "buckets": []}]
)
def test_a_newer_lake_is_refused_with_one_line_whatever_else_it_says(said: dict[str, Any], lake: Lake) -> None:
    (lake.root / "_lake.json").write_text(json.dumps(said))
    for open_ in (Lake.open, Lake.open_or_create):
        with pytest.raises(NewerLake, match=rf"format {said['format']}.*: upgrade linklake") as refused:
            open_(lake.root)
        assert LINE.fullmatch(str(refused.value))


@pytest.mark.parametrize("change", [{"schema_version": 99}, {"key": "unheard_of/c1"}])
def test_a_partition_of_a_newer_schema_or_of_an_unknown_dataset_is_refused(change: dict[str, Any], lake: Lake) -> None:
    publish_by_hand(lake, PAIR, "c1")
    said = json.loads(log(lake, 1).read_text())
    said["added"][0] |= change
    log(lake, 1).write_text(json.dumps(said))
    with pytest.raises(NewerLake, match=r"newer schema, .*: upgrade linklake") as refused:
        lake.snapshot()
    assert LINE.fullmatch(str(refused.value))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_lake_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    Lake.open_or_create(tmp_path / "lake")
    (tmp_path / "lake").chmod(0o700)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    said = _as_nobody(f"Lake.open(Path({str(tmp_path / 'lake')!r}))")
    assert re.fullmatch(r"LakeError: cannot read .*_lake.json \(Permission denied\): let this user read the lake", said)
    said = _as_nobody(f"Lake.open_or_create(Path({str(tmp_path / 'other')!r}))")
    assert said.startswith("LakeError: cannot make a lake at")
    assert "Permission denied" in said


def _as_nobody(call: str) -> str:
    """What a call raises for a user without rights, in a process of its own."""
    words = "import os; from pathlib import Path; from schemas.lake import Lake; os.setuid(65534)\n"
    words += f"try: {call}\nexcept Exception as error: print(type(error).__name__, error, sep=': ')"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


# -------------------------------------------------------------------- many writers


def test_processes_that_publish_at_once_all_land_in_a_log_without_gaps_and_readers_see_whole_commits(
    processes: ProcessPoolExecutor, lake: Lake
) -> None:
    jobs = [[f"p{process}-{n}" for n in range(10)] for process in range(4)]
    running = [processes.submit(publish_many, str(lake.root), job) for job in jobs]
    rounds = 0
    while not all(r.done() for r in running):
        seen = lake.snapshot().partitions
        both = [{k.crawl_id: p for k, p in seen.items() if k.dataset == name} for name in PAIR]
        assert both[0].keys() == both[1].keys()
        assert all(both[0][c].version == both[1][c].version for c in both[0])
        rounds += 1
    numbers = [r.result() for r in running]
    assert rounds > 3
    assert sorted(n for job in numbers for n in job) == list(range(1, 41))
    assert all(job == sorted(job) for job in numbers)
    assert sorted(p.name for p in (lake.root / "_log").iterdir()) == [f"{n:020d}.json" for n in range(1, 41)]
    snapshot = lake.snapshot()
    assert {k.crawl_id for k in snapshot.partitions} == {c for job in jobs for c in job}
    for partition in snapshot.partitions.values():
        lake.verify(partition)
    assert not [p for p in (lake.root / "_staging").rglob("*") if p.is_file()]
    said = (lake.serving / "lake.sql").read_text()
    assert "at version 40;" in said


def test_of_processes_that_replace_the_same_partition_at_once_one_wins_and_the_others_hear_why(
    processes: ProcessPoolExecutor, lake: Lake, tmp_path: Path
) -> None:
    publish_by_hand(lake, PAIR, "c1")
    for number in range(2, 8):
        folder = tmp_path / f"contest {number}"
        folder.mkdir()
        ended = dict(processes.map(contest, [str(lake.root)] * 4, [str(folder)] * 4, [4] * 4))
        (winner,) = (attempt for attempt, words in ended.items() if words == "won")
        for words in (w for attempt, w in ended.items() if attempt != winner):
            assert re.fullmatch(r"host_\w+/c1 changed since by_hand for crawl c1 read it; .*: run by_hand again", words)
        snapshot = lake.snapshot()
        assert snapshot.number == number
        assert {p.attempt for p in snapshot.partitions.values()} == {winner}
        for partition in snapshot.partitions.values():
            lake.verify(partition)


def test_a_zombie_whose_input_was_replaced_is_refused_before_it_moves_a_file(lake: Lake) -> None:
    publish_by_hand(lake, ["host_nodes"], "c1")
    version = lake.snapshot().partitions[PartitionKey("host_nodes", "c1")].version
    zombie = stage_by_hand(lake, ["host_edges"], "c1", reads={"host_nodes/c1": version})
    republish(lake.root, "host_nodes", "c1")
    with pytest.raises(Conflict, match="host_nodes/c1 changed since by_hand for crawl c1 read it"):
        lake.publish(zombie)
    assert lake.snapshot().find("host_edges", "c1") is None
    assert not (lake.root / "host_edges").exists()


def test_an_input_that_appeared_after_it_was_missed_is_a_conflict_too(lake: Lake) -> None:
    early = stage_by_hand(lake, ["host_edges"], "c1", reads={"host_nodes/c1": 0})
    publish_by_hand(lake, ["host_nodes"], "c1")
    with pytest.raises(Conflict, match="host_nodes/c1 changed"):
        lake.publish(early)


def test_a_writer_overtaken_between_its_check_and_its_commit_looks_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others publish at the last moment: another partition only costs a number, an equal one costs the win."""
    mine, theirs = stage_by_hand(lake, PAIR, "c1"), stage_by_hand(lake, PAIR, "c2")
    _at_commit(monkeypatch, lambda: lake.publish(theirs))
    assert lake.publish(mine).number == 2
    late, winner = stage_by_hand(lake, PAIR, "c1"), stage_by_hand(lake, PAIR, "c1")
    _at_commit(monkeypatch, lambda: lake.publish(winner))
    with pytest.raises(Conflict):
        lake.publish(late)
    assert {p.attempt for p in lake.snapshot().partitions.values()} == {
        winner.attempt,
        mine.attempt,
        theirs.attempt,
    } - {mine.attempt}


def _at_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something the next time that a writer stands before its commit."""

    def reached(point: str) -> None:
        if point == "before_commit":
            monkeypatch.setattr(lake_module, "reached", lambda _: None)
            act()

    monkeypatch.setattr(lake_module, "reached", reached)


# -------------------------------------------------------------------- the log


def long_log(lake: Lake, commits: int, *, checkpoints: bool) -> None:
    """A log written by hand: a stage that is published for one crawl after another, and anew every third time."""
    snapshot = Snapshot(0, {})
    for number in range(1, commits + 1):
        key = PartitionKey("host_nodes", f"c{number - number % 3}")
        added = Partition(key, STAGE, f"{number:012x}", 1, HOST_NODES.schema_version, "0.1.0", files=(), version=number)
        removed = (PartitionKey("host_nodes", f"c{number - 9}"),) if number % 30 == 0 else ()
        commit = Commit(number, now().isoformat(), STAGE, "c", added.attempt, {}, (added,), removed)
        log(lake, number).write_text(json.dumps(commit.to_json()))
        snapshot = snapshot.apply(commit)
        if checkpoints and number % 100 == 0:
            lake._write_checkpoint(snapshot)


def test_a_log_of_250_commits_is_read_from_its_newest_checkpoint(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    long_log(lake, 250, checkpoints=True)
    read: list[int] = []
    whole = Lake._read_commit

    def counted(self: Lake, number: int) -> Commit:
        read.append(number)
        return whole(self, number)

    monkeypatch.setattr(Lake, "_read_commit", counted)
    snapshot = lake.snapshot()
    assert read == list(range(201, 251))
    for path in (lake.root / "_log").glob("*.checkpoint.json"):
        path.unlink()
    assert lake.snapshot() == snapshot
    assert len(read) == 50 + 250
    assert snapshot.number == 250


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b"\xff\xfe" * 40),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text('{"partitions": [1]}'),
        lambda path: path.write_text('{"partitions": [{"key": 3}]}'),
    ],
    ids=["missing", "empty", "cut", "garbage", "no_object", "no_partitions", "no_key"],
)
@pytest.mark.parametrize("number", [100, 200])
def test_a_checkpoint_that_is_missing_or_damaged_costs_time_and_nothing_else(
    number: int, harm: Callable[[Path], object], lake: Lake
) -> None:
    long_log(lake, 230, checkpoints=True)
    whole = lake.snapshot()
    harm(checkpoint(lake, number))
    assert lake.snapshot() == whole


def test_every_hundredth_commit_leaves_a_checkpoint_that_says_the_same_as_the_log(lake: Lake) -> None:
    long_log(lake, 99, checkpoints=True)
    assert publish_by_hand(lake, PAIR, "c1") == 100
    with_checkpoint = lake.snapshot()
    checkpoint(lake, 100).unlink()
    assert lake.snapshot() == with_checkpoint
    assert with_checkpoint.partitions[PartitionKey("host_edges", "c1")].rows == 1


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "has no version 2"),
        (lambda path: path.write_text(""), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "is damaged"),
        (lambda path: path.write_bytes(b"\x80\x81"), "is damaged"),
        (lambda path: path.write_text('"text"'), "is damaged"),
        (lambda path: path.write_text('{"number": 2}'), "is damaged"),
        (lambda path: path.write_text(path.with_name(f"{1:020d}.json").read_text()), "it says version 1"),
    ],
    ids=["gap", "empty", "cut", "garbage", "no_object", "fields_missing", "another_commit"],
)
def test_a_gap_or_a_damaged_line_in_the_log_is_one_line_that_names_the_file(
    harm: Callable[[Path], object], words: str, lake: Lake
) -> None:
    for crawl_id in ("c1", "c2", "c3"):
        publish_by_hand(lake, PAIR, crawl_id)
    staged = stage_by_hand(lake, PAIR, "c4")
    harm(log(lake, 2))
    for ask in (lake.snapshot, lambda: lake.publish(staged)):
        with pytest.raises(LakeError, match=words) as refused:
            ask()
        assert LINE.fullmatch(str(refused.value))
        assert str(log(lake, 2)) in str(refused.value)
    assert not log(lake, 4).exists()


def test_a_lake_without_its_log_is_no_empty_lake(lake: Lake) -> None:
    publish_by_hand(lake, PAIR, "c1")
    shutil.rmtree(lake.root / "_log")
    with pytest.raises(LakeError, match=r"cannot read the log .* from a backup"):
        lake.snapshot()


# -------------------------------------------------------------------- staging


def test_what_dead_attempts_left_goes_and_what_living_ones_hold_stays(lake: Lake) -> None:
    dying = multiprocessing.get_context("spawn").Process(target=die_while_staging, args=(str(lake.root), "c1"))
    dying.start()
    dying.join(60)
    assert dying.exitcode == 9
    parent = lake.root / "_staging" / STAGE / "c1"
    (dead,) = parent.iterdir()
    assert list(dead.rglob("*.parquet"))
    with lake.stage_area(STAGE, "c1") as first:
        assert not dead.exists()
        part = first.part("host_nodes", 0)
        part.write_text("half")
        with lake.stage_area(STAGE, "c1") as second:
            assert {p.name for p in parent.iterdir()} == {first.attempt, second.attempt}
        assert part.read_text() == "half"
    assert list(parent.iterdir()) == []


def test_an_attempt_that_fails_leaves_nothing_behind(lake: Lake) -> None:
    with suppress(ZeroDivisionError), lake.stage_area(STAGE, "c1") as area:
        area.part("host_nodes", 0).write_text("half")
        area.temporary.mkdir()
        raise ZeroDivisionError
    assert list((lake.root / "_staging" / STAGE / "c1").iterdir()) == []


def test_publishing_takes_away_other_output_of_the_stage_and_crawl_that_can_never_be_published(lake: Lake) -> None:
    older, mine = stage_by_hand(lake, PAIR, "c1"), stage_by_hand(lake, PAIR, "c1")
    other_crawl = stage_by_hand(lake, PAIR, "c2")
    assert [s.attempt for s in lake.staged(STAGE, "c1")] == [older.attempt, mine.attempt]
    lake.publish(mine)
    assert [s.attempt for s in lake.staged()] == [other_crawl.attempt]


def test_staged_output_is_held_by_one_process_at_a_time(lake: Lake) -> None:
    staged = stage_by_hand(lake, PAIR, "c1")
    with lake.claimed(staged):
        with (
            pytest.raises(Conflict, match=r"another process is at work .*: wait until it has ended"),
            lake.claimed(staged),
        ):
            raise AssertionError
        lake.publish(staged)
    with pytest.raises(Conflict, match="another process"), lake.claimed(staged):
        raise AssertionError


def test_a_damaged_manifest_is_one_line_that_says_what_to_remove(lake: Lake) -> None:
    staged = stage_by_hand(lake, PAIR, "c1")
    folder = lake.area_of(staged).folder
    (folder / "manifest.json").write_text("{")
    with pytest.raises(LakeError, match=rf"is damaged .*: remove {re.escape(str(folder))} and run its stage again"):
        lake.staged()


def test_staged_files_that_are_gone_are_not_published(lake: Lake) -> None:
    staged = stage_by_hand(lake, PAIR, "c1")
    damage(lake.staged_path(staged, staged.partitions[0].files[0]), "missing")
    with pytest.raises(DamagedFile, match="was staged and is gone: run the stage again"):
        lake.publish(staged)
    assert lake.snapshot().number == 0


# -------------------------------------------------------------------- damage


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_found_by_its_checksum(how: str, lake: Lake) -> None:
    publish_by_hand(lake, PAIR, "c1", rows=50)
    sound, harmed = (lake.snapshot().partitions[PartitionKey(name, "c1")] for name in PAIR)
    path = lake.path(harmed.files[0])
    damage(path, how)
    lake.verify(sound)
    with pytest.raises(DamagedFile, match=rf"{re.escape(str(path))} of host_edges/c1 is (missing|not what)") as caught:
        lake.verify(harmed)
    assert caught.value.partition == harmed, "so that the door can say what mends it"


def test_whichever_write_the_disk_refuses_the_lake_stays_whole_and_the_next_attempt_succeeds(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space at the first, the second, … fsync, rename or link of one publication, until there is none left."""
    monkeypatch.setattr(lake_module, "CHECKPOINT_EVERY", 2)
    refused = 0
    while (said := _publish_on_a_full_disk(lake, f"c{refused}", refused, monkeypatch)) is not None:
        assert said == errno.ENOSPC
        crawl_id = f"c{refused}"
        snapshot = lake.snapshot()
        assert [p.rows for p in snapshot.of("host_nodes", crawl_id)] in ([], [2])
        assert len(snapshot.of("host_nodes", crawl_id)) == len(snapshot.of("host_edges", crawl_id))
        publish_by_hand(lake, PAIR, crawl_id, rows=2)
        for partition in lake.snapshot().partitions.values():
            lake.verify(partition)
        refused += 1
    assert 12 < refused < 60
    strays = [p.name for p in lake.root.rglob(".*") if p.is_file()]
    assert strays == []


def _publish_on_a_full_disk(lake: Lake, crawl_id: str, allowed: int, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """The error number; None when it was published before the disk could refuse."""
    with monkeypatch.context() as context:
        _refuse_after(context, allowed)
        try:
            publish_by_hand(lake, PAIR, crawl_id, rows=2)
        except OSError as error:
            return error.errno
    return None


def _refuse_after(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """Let so many calls pass that make things durable, then say that the disk is full, once."""
    left = [allowed]

    def refusing(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*arguments)

        return wrapped

    for name in ("fsync", "replace", "link"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))


def test_a_small_file_is_there_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_durably(path, "old")
    with monkeypatch.context() as context:
        _refuse_after(context, 0)
        with pytest.raises(OSError, match="No space"):
            write_durably(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# -------------------------------------------------------------------- for engines that know nothing of us


@pytest.mark.parametrize("name", ["lake", "o'brien's lake", "a lake", "la[k]e*?", 'la"ke', "läke", "crawl=2026.a"])
def test_lake_sql_reads_every_dataset_in_a_shell_that_knows_nothing_of_us_whatever_the_path(
    name: str, tmp_path: Path
) -> None:
    lake = Lake.open_or_create(tmp_path / name)
    publish_by_hand(lake, ["page_fetches"], "2026.a", rows=3)
    old = (lake.serving / "lake.sql").read_text()
    republish(lake.root, "page_fetches", "2026.a")
    publish_by_hand(lake, ["page_fetches"], "2026.b", rows=4)
    new = (lake.serving / "lake.sql").read_text()
    for said, expected in ((old, [("2026.a", 3)]), (new, [("2026.a", 3), ("2026.b", 4)])):
        with duckdb.connect() as connection:
            connection.execute(said)
            for dataset in DATASETS:
                connection.execute(f"from {dataset.name}").fetchall()
            found = connection.execute("select crawl_id, count(*) from page_fetches group by all order by all")
            assert found.fetchall() == expected


def test_files_read_without_us_have_their_crawl_and_bucket_as_columns(lake: Lake) -> None:
    """Path keys (crawl, b) and columns (crawl_id, bucket) have other names, so neither reading hides the other."""
    publish_by_hand(lake, ["page_fetches"], "2026.a", rows=3)
    pattern = f"{lake.root}/page_fetches/*/*/*.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(f"select distinct crawl_id, bucket, crawl, b from read_parquet('{pattern}')")
        assert found.fetchall() == [("2026.a", 0, "2026.a", "00")]


def test_lake_sql_that_was_written_for_an_older_version_is_brought_up_by_whoever_publishes_last(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers, the older of which comes to its lake.sql after the newer: the newest version wins all the same."""
    writes: list[str] = []
    whole = write_durably

    def slow(path: Path, text: str) -> None:
        if path.name == "lake.sql":
            writes.append(text)
            if len(writes) == 1:
                publish_by_hand(lake, PAIR, "c2")
        whole(path, text)

    monkeypatch.setattr(lake_module, "write_durably", slow)
    publish_by_hand(lake, PAIR, "c1")
    assert "at version 2;" in (lake.serving / "lake.sql").read_text()


def test_a_partition_says_how_it_lies_on_the_disk(lake: Lake) -> None:
    publish_by_hand(lake, PAIR, "c1", rows=3)
    partition = lake.snapshot().partitions[PartitionKey("host_nodes", "c1")]
    (file,) = partition.files
    assert re.fullmatch(rf"host_nodes/crawl=c1/b=00/part-{partition.attempt}-00\.parquet", file.path)
    assert (file.rows, file.bucket, file.bytes) == (3, 0, lake.path(file).stat().st_size)
    assert file.sha256 == file_sha256(lake.path(file))
    assert (partition.rows, partition.bytes) == (file.rows, file.bytes)
    assert partition == replace(partition, version=1)
