"""What was published is withdrawn with all that was built from it, serving falls back, and undo puts it back."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas.lake as lake_module
from linklake.findings import user
from linklake.pipeline import STAGES, progress
from schemas.lake import Lake
from tests.killable import Killable
from tests.linklake.calls import Ended, call
from tests.linklake.poison import KINDS, Poison
from tests.linklake.test_quarantine import RECORDS, following, gate, hashes, sql, staged_and_poisoned, watched
from tests.small_lake import damage, republish
from tests.tiny_lake import CRAWL_ID, linklake

Copy = Callable[[Path], Path]
NAMES = [stage.name for stage in STAGES]
REASON = "the archive was of another site"


def retract(lake: Path, name: str, *, crawl_id: str = CRAWL_ID) -> Ended:
    return call("retract", name, "--crawl-id", crawl_id, "--reason", REASON, "--lake", lake)


def undo(lake: Path, number: int) -> Ended:
    return call("retract", "--undo", number, "--lake", lake)


def published(lake: Path) -> dict[str, int]:
    """The version of every partition but the records of runs."""
    found = Lake.open(lake).snapshot().partitions
    return {str(k): p.version for k, p in found.items() if k.dataset not in RECORDS}


def states(lake: Path, crawl_id: str) -> dict[str, str]:
    opened = Lake.open(lake)
    return {p.stage: p.state for p in progress(opened, opened.snapshot(), crawl_id)}


def served(lake: Path) -> list[dict[str, Any]]:
    with duckdb.connect(str(lake / "serving" / "authority.duckdb"), read_only=True) as connection:
        return [{"crawl_id": row[0]} for row in connection.execute("select crawl_id from index_info").fetchall()]


@pytest.fixture(scope="module")
def two_crawls(built_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with two crawls, ``tiny`` and then ``later``, and everything built: copy it, don't change it."""
    lake = tmp_path_factory.mktemp("two") / "lake"
    shutil.copytree(built_lake, lake)
    assert call("crawl", "--demo", "--crawl-id", "later", "--lake", lake).code == 0
    assert call("build", "--lake", lake).code == 0
    return lake


# -------------------------------------------------------------------- what is withdrawn


@pytest.mark.parametrize(
    ("name", "of_tiny", "of_later"),
    [
        ("domain_authority", NAMES[7:], []),
        ("rank_hosts", ["rank_hosts"], []),
        ("links", NAMES[1:], NAMES[1:]),
        ("page_fetches", NAMES, NAMES[1:]),
    ],
)
def test_all_that_was_built_from_it_is_withdrawn_and_nothing_else(
    name: str, of_tiny: list[str], of_later: list[str], two_crawls: Path, copy_of: Copy
) -> None:
    lake = copy_of(two_crawls)
    before = published(lake)
    outputs = {stage.name: stage.outputs for stage in STAGES}
    ended = retract(lake, name)
    assert (ended.code, ended.receipt["outcome"]) == (0, "retracted"), ended.err
    expected = {f"{d}/tiny" for s in of_tiny for d in outputs[s]} | {f"{d}/later" for s in of_later for d in outputs[s]}
    gone = {key.removesuffix("/settle_crawl") for key in before.keys() - published(lake).keys()}
    assert gone == expected
    assert ended.receipt["rows"]["partitions"] == len(expected)


def test_serving_falls_back_to_the_last_good_state(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    assert served(lake) == [{"crawl_id": "later"}]
    assert retract(lake, "links", crawl_id="later").code == 0
    assert served(lake) == sql(lake, "select crawl_id from index_info") == [{"crawl_id": "tiny"}]
    assert retract(lake, "domain_edges").code == 0
    assert served(lake) == sql(lake, "select crawl_id from index_info") == []


def test_later_crawls_are_built_again_as_if_it_had_never_been(
    observed_lake: Path, two_crawls: Path, copy_of: Copy
) -> None:
    lake = copy_of(two_crawls)
    assert retract(lake, "crawls").receipt["next"].startswith("linklake build")
    assert call("next", "--lake", lake).receipt["crawl_id"] == "later"
    assert call("build", "--lake", lake).code == 0
    assert states(lake, "later") == dict.fromkeys(NAMES, "published")
    assert sql(lake, "select crawl_count from index_info") == [{"crawl_count": 1}]
    assert sql(lake, "select count(*) as n from links where first_seen < (select min(observed_from) from crawls)") == [
        {"n": 0}
    ]
    assert sql(lake, "select distinct crawl_id from page_fetches") == [{"crawl_id": "later"}]


def test_what_was_retracted_is_not_built_again_by_itself(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    retract(lake, "links", crawl_id="later")
    assert states(lake, "later")["dedupe_links"] == "retracted"
    asked = call("next", "dedupe_links", "--lake", lake).receipt
    assert (asked["crawl_id"], asked["outcome"], asked["rows"]) == ("tiny", "unchanged", {"crawls": 0, "held": 1})
    built = call("build", "--lake", lake)
    assert built.receipt["message"].startswith(
        "left out: dedupe_links for crawl later (retracted); see linklake status"
    )
    assert "links/later" not in published(lake)
    by_hand = call("run", "dedupe_links", "--crawl-id", "later", "--lake", lake)
    assert (by_hand.code, by_hand.receipt["outcome"]) == (0, "built"), "a person may"
    assert states(lake, "later")["dedupe_links"] == "published"
    assert Lake.open(lake).snapshot().retractions == ()


# -------------------------------------------------------------------- undo


@pytest.mark.parametrize(("name", "crawl_id"), [("link_classes", "later"), ("crawls", "tiny"), ("domains", "later")])
def test_undo_puts_the_very_same_partitions_back(name: str, crawl_id: str, two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    before, tables = published(lake), hashes(lake)
    receipt = retract(lake, name, crawl_id=crawl_id).receipt
    assert hashes(lake) != tables
    undone = undo(lake, receipt["commit"])
    assert (undone.code, undone.receipt["outcome"], undone.receipt["published"]) == (0, "restored", True), undone.err
    assert published(lake) == before
    assert hashes(lake) == tables
    assert served(lake) == [{"crawl_id": "later"}]
    assert {*states(lake, "later").values()} == {"published"}, "nothing is to be built again"
    again = undo(lake, receipt["commit"])
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")
    assert call("status", "--lake", lake).code == 0


def test_undo_replaces_what_was_built_without_it_meanwhile(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    before, tables = published(lake), hashes(lake)
    number = retract(lake, "crawls").receipt["commit"]
    assert call("build", "--lake", lake).code == 0
    assert hashes(lake)["links"] != tables["links"]
    assert undo(lake, number).code == 0
    assert published(lake) == before
    assert hashes(lake) == tables


def test_undo_of_what_was_built_anew_is_refused(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    number = retract(lake, "host_ranks").receipt["commit"]
    assert call("run", "rank_hosts", "--crawl-id", "tiny", "--lake", lake).code == 0
    ended = undo(lake, number)
    assert ended.code == 1
    assert f"what commit {number} withdrew was built anew since" in ended.receipt["message"]


def test_undo_in_the_wrong_order_is_refused_and_names_the_right_one(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    before = published(lake)
    first = retract(lake, "link_classes").receipt["commit"]
    second = retract(lake, "links").receipt["commit"]
    ended = undo(lake, first)
    assert ended.code == 1
    assert f"undo commit {second} first" in ended.receipt["message"]
    assert undo(lake, second).code == 0
    assert undo(lake, first).code == 0
    assert published(lake) == before


def test_undo_needs_the_files(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    number = retract(lake, "host_ranks").receipt["commit"]
    damage(next((lake / "host_ranks" / "crawl=tiny").rglob("*.parquet")), "missing")
    ended = undo(lake, number)
    assert ended.code == 1
    assert "is missing: restore it" in ended.receipt["message"]
    assert "host_ranks/tiny" not in published(lake)


def test_the_files_of_what_can_be_undone_are_named_by_every_version(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    files = {f.path for p in Lake.open(lake).snapshot().of("host_ranks", "tiny") for f in p.files}
    retract(lake, "host_ranks")
    snapshot = Lake.open(lake).snapshot()
    assert files <= {f.path for r in snapshot.retractions for p in r.partitions for f in p.files}


def test_a_retraction_outlives_a_checkpoint(two_crawls: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = copy_of(two_crawls)
    before = published(lake)
    monkeypatch.setattr(lake_module, "CHECKPOINT_EVERY", 1)
    number = retract(lake, "host_ranks").receipt["commit"]
    assert (lake / "_log" / f"{number:020d}.checkpoint.json").exists()
    assert undo(lake, number).code == 0
    assert published(lake) == before


# -------------------------------------------------------------------- what makes no sense


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["retract", "links", "--crawl-id", "nobody", "--reason", "x"], 2, "there is no crawl nobody in"),
        (["retract", "nothing", "--crawl-id", "tiny", "--reason", "x"], 2, "there is no dataset nothing"),
        (["retract", "links", "--crawl-id", "tiny"], 2, "say why it is withdrawn"),
        (["retract", "links", "--reason", "x"], 2, "say what to withdraw"),
        (["retract", "--reason", "x"], 2, "say what to withdraw"),
        (["retract", "stage_runs", "--crawl-id", "tiny", "--reason", "x"], 2, "is a record of what happened"),
        (["retract", "rejected_records", "--crawl-id", "tiny", "--reason", "x"], 2, "goes with what was made"),
        (["retract", "links", "--crawl-id", "tiny", "--undo", "3"], 2, "--undo COMMIT stands alone"),
        (["retract", "--undo", "3"], 2, "commit 3 is no retraction: those that can be undone are none"),
        (["retract", "--undo", "999"], 2, "commit 999 is no retraction"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], code: int, says: str, built_lake: Path) -> None:
    ended = call(*words, "--lake", built_lake)
    assert ended.code == code
    assert says in ended.err


def test_what_is_not_published_cannot_be_retracted(lakes_before_stages: dict[str, Path], copy_of: Copy) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    ended = retract(lake, "host_ranks")
    assert ended.code == 1
    assert "nothing of host_ranks is published for crawl tiny: there is nothing to withdraw" in ended.receipt["message"]
    staged_and_poisoned(lake, KINDS[0])
    gate(lake, "rank_hosts")
    assert "it lies in quarantine" in retract(lake, "host_ranks").receipt["message"]
    retract(lake, "build_edges")
    number = retract(lake, "links").receipt["commit"]
    assert f"it went with links/tiny, linklake retract --undo {number}" in retract(lake, "link_classes").err


# -------------------------------------------------------------------- on record


def test_a_retraction_says_who_when_why_in_the_commit_in_sql_and_in_status(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    ended = retract(lake, "links", crawl_id="later")
    receipt = ended.receipt
    assert ended.merged.splitlines()[-2] == receipt["message"]
    number = receipt["commit"]
    assert receipt["message"].endswith(f"linklake retract --undo {number} puts it back")
    log = json.loads((lake / "_log" / f"{number:020d}.json").read_text(encoding="utf-8"))
    assert log["notes"] == {
        "retracted": {"roots": ["links/later", "host_blocks/later"], "by": user(), "reason": REASON}
    }
    query = "select stage, is_published, message from stage_runs where outcome = 'retracted'"
    row = {"stage": "dedupe_links", "is_published": False, "message": f"retracted by {user()}: {REASON}"}
    assert sql(lake, query) == [row]
    looked = call("status", "--lake", lake)
    assert looked.code == 0
    assert "retracted: links, host_blocks for crawl later at " in looked.out
    assert f"by {user()}: {REASON} (" in looked.out
    assert f"linklake retract --undo {number} puts it back)" in looked.out
    again = retract(lake, "links", crawl_id="later")
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")
    assert "is retracted already" in again.receipt["message"]
    undo(lake, number)
    assert "retracted:" not in call("status", "--lake", lake).out
    assert sql(lake, "select stage from stage_runs where outcome = 'restored'") == [{"stage": "dedupe_links"}]


def test_a_crawl_that_is_retracted_as_a_whole_is_still_explained(two_crawls: Path, copy_of: Copy) -> None:
    lake = copy_of(two_crawls)
    number = retract(lake, "settle_crawl").receipt["commit"]
    assert "retracted: crawls" in call("status", "--crawl-id", "tiny", "--lake", lake).out
    ended = call("run", "dedupe_links", "--crawl-id", "tiny", "--lake", lake)
    assert ended.code == 1
    assert f"crawl tiny is retracted: linklake retract --undo {number} puts it back" in ended.receipt["message"]


# -------------------------------------------------------------------- poison that was published


@pytest.mark.parametrize("poison", [k for k in KINDS if k.is_acceptable], ids=str)
def test_poison_that_was_let_through_is_withdrawn_by_one_command(
    poison: Poison, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages[poison.stage])
    before = hashes(lake)
    staged_and_poisoned(lake, poison)
    assert following(gate(lake, poison.stage).receipt["next"]).code == 0
    poisoned = hashes(lake)
    assert poisoned != before
    number = retract(lake, poison.dataset).receipt["commit"]
    assert hashes(lake) == before
    assert undo(lake, number).code == 0
    assert hashes(lake) == poisoned


@pytest.mark.parametrize("how", ["bit_flip", "missing"])
def test_a_published_file_that_was_altered_is_retracted_and_built_again(
    how: str, built_lake: Path, copy_of: Copy
) -> None:
    lake = copy_of(built_lake)
    before = hashes(lake)
    path = next((lake / "link_classes").rglob("*.parquet"))
    damage(path, how)
    number = retract(lake, "link_classes").receipt["commit"]
    assert undo(lake, number).code == 1, "an altered file is never put back"
    assert call("run", "classify_links", "--crawl-id", "tiny", "--lake", lake).receipt["outcome"] == "built"
    assert call("build", "--lake", lake).code == 0
    assert hashes(lake) == before


# -------------------------------------------------------------------- kills, races and readers


@pytest.mark.kills
@pytest.mark.parametrize("point", ["part_written", "before_commit", "after_commit"])
@pytest.mark.parametrize("door", ["retract", "undo"])
def test_killed_at_any_point_the_same_command_finishes_it(
    door: str, point: str, two_crawls: Path, copy_of: Copy
) -> None:
    lake = copy_of(two_crawls)
    before, tables = published(lake), hashes(lake)
    words: list[object] = ["retract", "links", "--crawl-id", "later", "--reason", REASON, "--lake", lake]
    number = Lake.open(lake).snapshot().number + 1
    if door == "undo":
        assert call(*words).receipt["commit"] == number
        words = ["retract", "--undo", number, "--lake", lake]
    with Killable(words, kill_at=point) as process:
        process.ended()
    assert process.returncode == -signal.SIGKILL
    ended = call(*words)
    done = "retracted" if door == "retract" else "restored"
    assert (ended.code, ended.receipt["outcome"]) == (0, "unchanged" if point == "after_commit" else done)
    assert served(lake) == [{"crawl_id": "tiny" if door == "retract" else "later"}]
    if door == "retract":
        assert undo(lake, Lake.open(lake).snapshot().retractions[0].number).code == 0
    assert published(lake) == before
    assert hashes(lake) == tables


def overtaken(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something the next time that a commit is about to be made."""

    def reached(name: str) -> None:
        if name == "before_commit":
            monkeypatch.setattr(lake_module, "reached", lambda _: None)
            act()

    monkeypatch.setattr(lake_module, "reached", reached)


def test_what_is_built_from_it_at_that_moment_is_withdrawn_too(
    two_crawls: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(two_crawls)
    retract(lake, "host_ranks", crawl_id="later")
    build = ("run", "rank_hosts", "--crawl-id", "later", "--lake", lake)
    overtaken(monkeypatch, lambda: linklake(*build))
    assert retract(lake, "host_edges", crawl_id="later").code == 0
    assert "host_ranks/later" not in published(lake)


def test_what_is_published_anew_at_that_moment_is_not_withdrawn(
    two_crawls: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(two_crawls)
    overtaken(monkeypatch, lambda: republish(lake, "host_ranks", "later"))
    ended = retract(lake, "host_ranks", crawl_id="later")
    assert ended.code == 1
    assert "was published anew meanwhile; nothing was withdrawn" in ended.receipt["message"]
    assert "host_ranks/later" in published(lake)


def test_a_run_that_had_read_it_publishes_nothing(
    two_crawls: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(two_crawls)
    retract(lake, "host_ranks", crawl_id="later")
    words = ("retract", "host_edges", "--crawl-id", "later", "--reason", REASON, "--lake", lake)
    overtaken(monkeypatch, lambda: linklake(*words))
    ended = call("run", "rank_hosts", "--crawl-id", "later", "--lake", lake)
    assert ended.code == 1
    assert "changed since rank_hosts for crawl later read it" in ended.receipt["message"]
    assert "host_ranks/later" not in published(lake)


def test_a_looping_reader_sees_one_state_or_the_other(two_crawls: Path, copy_of: Copy, tmp_path: Path) -> None:
    lake = copy_of(two_crawls)
    with watched(lake, "select 1 where (select count(*) from index_info) <> 1", tmp_path / "stop"):
        for _ in range(3):
            number = retract(lake, "links", crawl_id="later").receipt["commit"]
            assert undo(lake, number).code == 0
    assert served(lake) == [{"crawl_id": "later"}]
