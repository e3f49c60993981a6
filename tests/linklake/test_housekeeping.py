"""`linklake housekeeping` merges and deletes only what nobody can miss, whatever else is going on."""

import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from linklake.housekeeping import housekeeping
from linklake.receipts import Receipt
from schemas.errors import LakeError
from schemas.lake import Lake, now
from tests.killable import Killable
from tests.linklake.calls import call
from tests.small_lake import damage, publish_by_hand, republish, stage_by_hand
from tests.tiny_lake import MEMORY, all_table_hashes

RUNS = "select * from stage_runs order by stage, started_at, attempt"
DAY = timedelta(hours=24)


@pytest.fixture
def lake(built_lake: Path, copy_of: Callable[[Path], Path]) -> Path:
    return copy_of(built_lake)


def tidy(lake: Path, *, later: timedelta = DAY + timedelta(minutes=1), dry_run: bool = False) -> Receipt:
    return housekeeping(Lake.open(lake), at=now() + later, dry_run=dry_run)


def files_of(lake: Path) -> set[str]:
    return {p.relative_to(lake).as_posix() for p in lake.rglob("*") if p.is_file()}


def runs(lake: Path) -> str:
    ended = call("sql", RUNS, "--format", "csv", "--lake", lake)
    assert ended.code == 0, ended.err
    return ended.out


def orphan(lake: Path, dataset: str = "links") -> Path:
    """A file that was moved into place by a publication that never came to its commit."""
    one = next((lake / dataset).rglob("*.parquet"))
    return Path(shutil.copy(one, one.with_name("part-0123456789ab-00.parquet")))


# -------------------------------------------------------------------- merging


def test_receipts_of_many_runs_become_one_file_and_every_table_stays_as_it_is(lake: Path) -> None:
    before, said = all_table_hashes(lake), runs(lake)
    versions = {k: p.version for k, p in Lake.open(lake).snapshot().partitions.items() if k.dataset != "stage_runs"}
    ended = call("housekeeping", "--lake", lake)
    receipt = ended.receipt
    assert (ended.code, receipt["outcome"], receipt["crawl_id"], receipt["rows"]["written_files"]) == (
        0,
        "built",
        None,
        1,
    )
    assert receipt["rows"]["merged_files"] >= 9
    snapshot = Lake.open(lake).snapshot()
    assert len(snapshot.of("stage_runs")) == 1
    assert {k: p.version for k, p in snapshot.partitions.items() if k.dataset != "stage_runs"} == versions
    assert (all_table_hashes(lake), runs(lake)) == (before, said)
    assert call("status", "--lake", lake).code == call("verify", "--lake", lake).code == 0
    again = call("housekeeping", "--lake", lake)
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")
    assert call("run", "rank_hosts", "--lake", lake).receipt["outcome"] == "unchanged"


def test_what_is_merged_is_merged_again_with_what_came_since(lake: Path) -> None:
    call("housekeeping", "--lake", lake)
    for _ in range(8):
        assert call("run", "rank_hosts", "--force", "--crawl-id", "tiny", "--lake", lake).code == 0
    said = runs(lake)
    assert call("housekeeping", "--lake", lake).receipt["rows"]["merged_files"] == 9
    assert runs(lake) == said


def test_a_damaged_receipt_is_left_for_verify_to_name(lake: Path) -> None:
    damage(next((lake / "stage_runs").rglob("*.parquet")), "missing")
    assert call("housekeeping", "--lake", lake).code == 0
    assert "it is a receipt" in call("verify", "--lake", lake).out


def test_a_dry_run_says_the_same_numbers_and_changes_nothing(lake: Path) -> None:
    orphan(lake)
    before, number = files_of(lake), Lake.open(lake).snapshot().number
    would = tidy(lake, dry_run=True)
    assert (files_of(lake), Lake.open(lake).snapshot().number) == (before, number)
    assert (would.outcome, would.message and would.message.split()[:2]) == ("unchanged", ["would", "merge"])
    did = tidy(lake)
    old = ("older_files", "older_bytes")
    assert {k: n for k, n in would.rows.items() if k not in old} == {k: n for k, n in did.rows.items() if k not in old}


@pytest.mark.parametrize("point", ["part_written", "part_fsynced", "before_commit", "after_commit"])
def test_killed_at_a_named_point_it_ends_the_same_when_run_again(point: str, lake: Path) -> None:
    before, said = all_table_hashes(lake), runs(lake)
    with Killable(["housekeeping", "--lake", lake], kill_at=point) as process:
        process.ended()
    assert process.returncode == -signal.SIGKILL
    assert (all_table_hashes(lake), runs(lake)) == (before, said)
    assert call("housekeeping", "--lake", lake).code == 0
    assert len(Lake.open(lake).snapshot().of("stage_runs")) == 1
    assert (all_table_hashes(lake), runs(lake)) == (before, said)
    tidy(lake)
    named = {f.path for commit in Lake.open(lake).commits() for p in commit.added for f in p.files}
    assert {f for f in files_of(lake) if f.endswith(".parquet")} == named, "nothing is left of the kill"


# -------------------------------------------------------------------- deleting


def test_what_no_version_names_goes_after_a_day_and_never_before(lake: Path) -> None:
    left = orphan(lake)
    for later in (timedelta(0), DAY - timedelta(minutes=1)):
        assert tidy(lake, later=later).rows["deleted_files"] == 0
        assert left.exists()
    size = left.stat().st_size
    receipt = tidy(lake)
    assert (receipt.rows["deleted_files"], receipt.rows["deleted_bytes"]) == (1, size)
    assert not left.exists()


def test_a_web_archive_goes_with_the_last_that_knows_of_its_crawl(lake: Path) -> None:
    archives = {name: Lake.open(lake).warc(name) for name in ("tiny", "observed", "staged", "gone")}
    for path in archives.values():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"an archive")
    (lake / "_observing" / "observed").mkdir(parents=True)
    (lake / "_staging" / "settle_crawl" / "staged").mkdir(parents=True)
    retracted = call("retract", "crawls", "--crawl-id", "tiny", "--reason", "a test", "--lake", lake)
    assert retracted.code == 0, retracted.err
    assert tidy(lake, later=DAY - timedelta(minutes=1)).rows["deleted_files"] == 0
    tidy(lake)
    assert {name for name, path in archives.items() if path.exists()} == {"tiny", "observed", "staged"}


def test_readers_of_an_older_version_keep_its_files(lake: Path) -> None:
    pinned = Lake.open(lake).snapshot()
    republish(lake, "links", "tiny")
    receipt = tidy(lake)
    assert receipt.rows["deleted_files"] == 0
    assert receipt.rows["older_files"] >= len(pinned.of("links")[0].files)
    assert not [p.key for p in pinned.partitions.values() if Lake.open(lake).damage(p)]


def test_files_moved_into_place_by_a_publication_that_was_killed_wait_for_it_while_it_is_staged(tmp_path: Path) -> None:
    lake = Lake.open_or_create(tmp_path / "lake")
    publish_by_hand(lake, ["host_nodes"], "c0")
    staged = stage_by_hand(lake, ["host_nodes"], "c1")
    (file,) = staged.partitions[0].files
    origin, target = lake.staged_path(staged, file), lake.path(file)
    target.parent.mkdir(parents=True)
    origin.rename(target)
    assert tidy(lake.root).rows["deleted_files"] == 0
    assert lake.publish(staged).find("host_nodes", "c1")
    other = stage_by_hand(lake, ["host_nodes"], "c2")
    (file,) = other.partitions[0].files
    lake.path(file).parent.mkdir(parents=True)
    lake.staged_path(other, file).rename(lake.path(file))
    lake.discard(other)
    assert tidy(lake.root).rows["deleted_files"] == 1


def test_attempts_that_died_go_after_a_day_and_what_waits_or_lives_stays(tmp_path: Path) -> None:
    lake = Lake.open_or_create(tmp_path / "lake")
    waiting = stage_by_hand(lake, ["host_nodes"], "c1")
    code = f"from tests.small_lake import die_while_staging\ndie_while_staging({str(lake.root)!r}, 'c2')"
    with Popen([sys.executable, "-c", code]) as died:
        died.wait(60)
    with lake.stage_area("by_hand", "c3") as living:
        assert tidy(lake.root, later=timedelta(0)).rows["deleted_attempts"] == 0
        assert tidy(lake.root).rows["deleted_attempts"] == 1
        assert living.folder.exists()
    assert lake.staged() == (waiting,)


def test_small_files_that_never_took_their_place_go(lake: Path) -> None:
    left = [lake / "serving" / ".lake.sql.0a1b2c3d", lake / "_log" / f".{100:020d}.checkpoint.json.00000000"]
    for path in left:
        path.write_text("half of it", encoding="utf-8")
    kept = files_of(lake) - {p.relative_to(lake).as_posix() for p in left}
    tidy(lake)
    assert kept <= files_of(lake)
    assert not [path for path in left if path.exists()]


def test_while_nobody_knows_what_is_named_nothing_is_deleted(lake: Path) -> None:
    left = orphan(lake)
    (lake / "_log" / "00000000000000000003.json").write_text("{", encoding="utf-8")
    with pytest.raises(LakeError, match="is damaged"):
        tidy(lake)
    assert left.exists()


@pytest.mark.parametrize("harm", ["its manifest is damaged", "it has none, as receipts have"])
def test_files_of_an_attempt_wait_for_it_whatever_its_manifest_says(harm: str, tmp_path: Path) -> None:
    lake = Lake.open_or_create(tmp_path / "lake")
    with lake.stage_area("by_hand", "c1") as living:
        path = lake.root / "host_nodes" / "crawl=c1" / "b=00" / f"part-{living.attempt}-00.parquet"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"moved, and not committed yet")
        if "damaged" in harm:
            (living.folder / "manifest.json").write_text("{", encoding="utf-8")
        assert tidy(lake.root).rows["deleted_files"] == 0
        (living.folder / "manifest.json").unlink(missing_ok=True)
    assert not living.folder.exists()
    assert tidy(lake.root).rows["deleted_files"] == 1


def test_it_can_be_interrupted_between_any_two_deletions(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [orphan(lake, name) for name in ("links", "pages", "domains")]
    before = all_table_hashes(lake)
    unlink, done = Path.unlink, 0

    def once(path: Path, missing_ok: bool = False) -> None:
        nonlocal done
        if path in left:
            done += 1
            if done == 2:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", once)
        with pytest.raises(KeyboardInterrupt):
            tidy(lake)
    assert len([path for path in left if path.exists()]) == 2
    assert tidy(lake).rows["deleted_files"] == 2
    assert all_table_hashes(lake) == before


# -------------------------------------------------------------------- beside others


@pytest.mark.kills
def test_beside_builds_that_are_killed_and_readers_nothing_is_lost(
    lakes_before_stages: dict[str, Path], built_lake: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    lake, stop = copy_of(lakes_before_stages["dedupe_links"]), tmp_path / "stop"
    words = [sys.executable, "-m", "tests.looping_reader", str(lake), str(stop)]
    build = ["build", "--lake", lake, "--memory", MEMORY, "--threads", 2]
    with Popen(words, text=True, stdout=PIPE, stderr=PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        chance = random.Random("housekeeping")
        for _ in range(5):
            with Killable(build) as process:
                process.wait_until_ready()
                ends = time.monotonic() + chance.uniform(0.3, 1.6)
                while time.monotonic() < ends:  # as if a day had passed: whatever is unnamed goes, what waits stays
                    tidy(lake)
                process.kill()
                process.ended()
        assert call(*build).code == 0
        tidy(lake)
        stop.touch()
        _, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    expected, found = all_table_hashes(built_lake), all_table_hashes(lake)
    assert {n: h for n, h in found.items() if n != "stage_runs"} == {
        n: h for n, h in expected.items() if n != "stage_runs"
    }
    assert call("verify", "--lake", lake).code == 0
