"""Whatever moment a process dies at, running the command again gives the tables of an undisturbed run."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from linklake.pipeline import STAGES
from tests.killable import Killable
from tests.tiny_lake import CRAWL_ID, MEMORY, all_table_hashes, linklake, table_hashes

POINTS = ("part_written", "part_fsynced", "before_commit", "after_commit")
NAMES = [stage.name for stage in STAGES]
OUTPUTS = {stage.name: stage.outputs for stage in STAGES}


def stage_command(stage: str, lake: Path) -> list[object]:
    return ["run", stage, "--crawl-id", CRAWL_ID, "--lake", lake, "--memory", MEMORY, "--threads", 2]


def run_to_the_end(arguments: list[object]) -> None:
    code, _, err = linklake(*arguments)
    assert code == 0, err


def hashes_after(stage: str, lake: Path) -> dict[str, int]:
    return table_hashes(lake, (*OUTPUTS[stage], "stage_runs"))


@pytest.fixture(scope="module")
def undisturbed(lakes_before_stages: dict[str, Path]) -> dict[str, dict[str, int]]:
    """The hashes of every stage's outputs right after it, without any kill."""
    after = dict(zip(NAMES, [*NAMES[1:], ""], strict=True))
    return {stage: hashes_after(stage, lakes_before_stages[after[stage]]) for stage in NAMES}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_killed_at_a_named_point_gives_the_same_tables_when_run_again(
    stage: str,
    point: str,
    lakes_before_stages: dict[str, Path],
    undisturbed: dict[str, dict[str, int]],
    copy_of: Callable[[Path], Path],
) -> None:
    lake = copy_of(lakes_before_stages[stage])
    with Killable(stage_command(stage, lake), kill_at=point) as process:
        process.ended()
    assert process.returncode == -signal.SIGKILL
    run_to_the_end(stage_command(stage, lake))
    assert hashes_after(stage, lake) == undisturbed[stage]


def kill_at_random_moments(
    stage: str,
    times: int,
    before: Path,
    expected: dict[str, int],
    copy_of: Callable[[Path], Path],
    *,
    seed: str,
) -> None:
    """One lake, killed at so many random moments of its stage's work, then run to the end."""
    chance = random.Random(seed)
    lake = copy_of(before)
    work_seconds = seconds_of_work(stage_command(stage, copy_of(before)))
    killed = 0
    for _ in range(5 * times):
        with Killable(stage_command(stage, lake)) as process:
            process.wait_until_ready()
            time.sleep(chance.uniform(0.0, work_seconds))
            process.kill()
            process.ended()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        else:  # it ended before the kill: once more from the beginning, and sooner
            lake = copy_of(before)
            work_seconds *= 0.7
        if killed == times:
            break
    assert killed == times, f"only {killed} of {times} kills hit"
    run_to_the_end(stage_command(stage, lake))
    assert hashes_after(stage, lake) == expected


def seconds_of_work(arguments: list[object]) -> float:
    """How long a command works undisturbed, once everything is imported."""
    with Killable(arguments) as process:
        process.wait_until_ready()
        started = time.monotonic()
        process.ended()
    assert process.returncode == 0
    return time.monotonic() - started


@pytest.mark.kills
@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_killed_at_3_random_moments_gives_the_same_tables(
    stage: str,
    lakes_before_stages: dict[str, Path],
    undisturbed: dict[str, dict[str, int]],
    copy_of: Callable[[Path], Path],
) -> None:
    kill_at_random_moments(stage, 3, lakes_before_stages[stage], undisturbed[stage], copy_of, seed=f"3 {stage}")


@pytest.mark.kills
@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_killed_at_20_random_moments_gives_the_same_tables(
    stage: str,
    lakes_before_stages: dict[str, Path],
    undisturbed: dict[str, dict[str, int]],
    copy_of: Callable[[Path], Path],
) -> None:
    kill_at_random_moments(stage, 20, lakes_before_stages[stage], undisturbed[stage], copy_of, seed=f"20 {stage}")


def test_a_looping_reader_never_fails_and_never_sees_two_versions_mixed(
    lakes_before_stages: dict[str, Path], built_lake: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    lake = copy_of(lakes_before_stages["dedupe_links"])
    stop = tmp_path / "stop"
    words = [sys.executable, "-m", "tests.looping_reader", str(lake), str(stop)]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        chance = random.Random("reader")
        build = ["build", "--lake", lake, "--memory", MEMORY, "--threads", 2]
        for _ in range(6):
            with Killable(build) as process:
                process.wait_until_ready()
                time.sleep(chance.uniform(0.2, 1.6))
                process.kill()
                process.ended()
        run_to_the_end(list(build))
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    rounds, served = map(int, out.split())
    assert rounds > 20
    assert served > 0
    expected, found = all_table_hashes(built_lake), all_table_hashes(lake)
    assert {n: h for n, h in found.items() if n != "stage_runs"} == {
        n: h for n, h in expected.items() if n != "stage_runs"
    }
