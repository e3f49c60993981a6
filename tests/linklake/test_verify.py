"""Damaged files are found and named with what mends them, and only what reads them fails."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from linklake.pipeline import STAGES
from schemas.lake import Lake
from tests.linklake.calls import Ended, call
from tests.linklake.test_status import next_commands
from tests.small_lake import DAMAGES, damage
from tests.tiny_lake import all_table_hashes


@pytest.fixture
def lake(built_lake: Path, copy_of: Callable[[Path], Path]) -> Path:
    return copy_of(built_lake)


def file_of(lake: Path, dataset: str) -> Path:
    return next(iter(sorted((lake / dataset).rglob("*.parquet"))))


def without_receipts(lake: Path) -> dict[str, int]:
    return {name: found for name, found in all_table_hashes(lake).items() if name != "stage_runs"}


def mending_commands(ended: Ended) -> list[list[str]]:
    """The commands that the lines of ``verify`` name."""
    lines = [line for line in ended.out.splitlines()[:-1] if "build it again: " in line]
    return [shlex.split(line.split("build it again: ")[1])[1:] for line in lines]


def test_a_sound_lake_is_said_to_be_sound_with_numbers(built_lake: Path) -> None:
    for flags in ([], ["--quick"], ["--crawl-id", "tiny"]):
        ended = call("verify", *flags, "--lake", built_lake)
        assert (ended.code, ended.receipt["outcome"]) == (0, "unchanged")
        assert ended.receipt["rows"]["files"] > len(STAGES)
        assert ended.receipt["message"].startswith("every file of ")


@pytest.mark.parametrize("how", DAMAGES)
def test_what_is_damaged_is_named_and_built_again_by_the_command_that_is_named(how: str, lake: Path) -> None:
    before = without_receipts(lake)
    path = file_of(lake, "link_classes")
    damage(path, how)
    found = call("verify", "--lake", lake)
    assert (found.code, found.receipt["outcome"]) == (1, "failed")
    assert f"{path} of link_classes/tiny is" in found.out
    assert mending_commands(found) == [["run", "classify_links", "--crawl-id", "tiny", "--force", "--lake", str(lake)]]
    assert shlex.split(found.receipt["next"])[1:] == mending_commands(found)[0]
    assert call("verify", "--quick", "--lake", lake).code == (0 if how == "bit_flip" else 1)
    assert call("run", "classify_links", "--crawl-id", "tiny", "--lake", lake).receipt["outcome"] == "unchanged"
    assert call(*mending_commands(found)[0]).receipt["outcome"] == "built"
    assert call("verify", "--lake", lake).code == 0
    assert call("build", "--lake", lake).code == 0
    assert without_receipts(lake) == before
    assert call("status", "--lake", lake).code == 0


@pytest.mark.parametrize("name", [s.outputs[0] for s in STAGES[1:]])
def test_every_table_that_is_built_can_be_built_again(name: str, lake: Path) -> None:
    damage(file_of(lake, name), "missing")
    (command,) = mending_commands(call("verify", "--quick", "--lake", lake))
    assert call(*command).receipt["outcome"] == "built"
    assert call("verify", "--quick", "--lake", lake).code == 0


def test_a_stage_whose_input_is_damaged_says_what_mends_that(lake: Path) -> None:
    damage(file_of(lake, "links"), "cut")
    ended = call("run", "classify_links", "--force", "--crawl-id", "tiny", "--lake", lake)
    assert ended.code == 1
    assert f"linklake run dedupe_links --crawl-id tiny --force --lake {lake}" in ended.receipt["message"]


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("link_observations", "what was observed cannot be built again: restore it from a backup"),
        ("stage_runs", "it is a receipt, nothing is built from it"),
    ],
)
def test_what_cannot_be_built_again_is_said_to_be_so(dataset: str, said: str, lake: Path) -> None:
    damage(file_of(lake, dataset), "missing")
    for command in ("verify", "status"):
        ended = call(command, "--lake", lake)
        assert ended.code == 1
        assert said in ended.out
        assert "Traceback" not in ended.err
    forced = call("run", "settle_crawl", "--crawl-id", "tiny", "--force", "--lake", lake)
    assert (forced.code, forced.has_receipt) == (2, False)


def test_status_and_doctor_see_what_is_missing(lake: Path) -> None:
    path = file_of(lake, "domain_ranks")
    damage(path, "missing")
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert f"  damaged          {path} of domain_ranks/tiny is missing" in looked.out
    assert next_commands(looked.out) == [["run", "rank_domains", "--crawl-id", "tiny", "--force", "--lake", str(lake)]]
    examined = call("doctor", "--lake", lake)
    assert examined.code == 1
    assert "1 partitions are damaged, see linklake verify" in examined.out


@pytest.mark.parametrize("how", ["cut", "missing"])
def test_only_questions_to_the_damaged_dataset_fail_and_say_what_mends_it(how: str, lake: Path) -> None:
    path = file_of(lake, "links")
    damage(path, how)
    for sound in ("select count(*) from domains", "select 1", "with links as (select 1) select * from links"):
        assert call("sql", sound, "--lake", lake).code == 0
    for damaged in (
        "select count(*) from links",
        "select domain from domains where exists (from LINKS)",
        "select domain from domains where domain not in (select target_domain from links)",
        "select count(*) from page_fetches join links using (source_url)",
        "from query_table('links')",
    ):
        ended = call("sql", damaged, "--lake", lake)
        assert (ended.code, len(ended.err.splitlines())) == (1, 1)
        assert str(path) in ended.err
        assert f"build it again: linklake run dedupe_links --crawl-id tiny --force --lake {lake}" in ended.err


# -------------------------------------------------------------------- the serving file


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b"no database"), "cannot be read"),
    ],
)
def test_a_serving_file_that_is_gone_or_broken_is_shown_and_made_again(
    harm: Callable[[Path], object], said: str, lake: Path
) -> None:
    path = lake / "serving" / "authority.duckdb"
    harm(path)
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert f"{path} {said}: make it again: " in looked.out
    (command,) = next_commands(looked.out)
    assert call(*command).code == 0
    assert call("status", "--lake", lake).code == 0


def test_a_serving_file_of_older_marts_is_shown(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its swap failed after the marts were published: a full disk, a kill."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("linklake.runs.refresh_serving", refused)
        assert call("run", "build_marts", "--force", "--crawl-id", "tiny", "--lake", lake).code == 1
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert "is not of the newest marts, those of crawl tiny" in looked.out
    assert call(*next_commands(looked.out)[0]).code == 0
    assert call("status", "--lake", lake).code == 0


def test_before_the_first_marts_no_serving_file_is_missed(lakes_before_stages: dict[str, Path]) -> None:
    assert call("status", "--lake", lakes_before_stages["build_marts"]).code == 0
    assert not (lakes_before_stages["build_marts"] / "serving" / "authority.duckdb").exists()
    assert Lake.open(lakes_before_stages["build_marts"]).snapshot().number > 0
