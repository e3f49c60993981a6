"""What a gate stops lies in quarantine with what was found, until it is let through, built anew or discarded."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from linklake import runs
from linklake.findings import user
from linklake.pipeline import STAGES, progress
from linklake.receipts import Clock, Receipt, record_run
from schemas.lake import Lake
from tests.killable import Killable
from tests.linklake.calls import Ended, call
from tests.linklake.poison import KINDS, Poison, doubled, null_first, poison_staged, renamed_first
from tests.small_lake import republish
from tests.tiny_lake import CRAWL_ID, all_table_hashes
from transforms.gates import Finding

Copy = Callable[[Path], Path]
RECORDS = ("stage_runs", "gate_findings")
DUPLICATES = KINDS[0]
REASON = "the twin is known, see the mail of Monday"
ACCEPTED = ("--accept", "duplicate_keys", "--accept", "pagerank_sums_to_one", "--reason", REASON)
"""What lets ``DUPLICATES`` through: a host that is ranked twice counts twice."""


def hashes(lake: Path) -> dict[str, int]:
    """Every table but the records of runs."""
    return {name: value for name, value in all_table_hashes(lake).items() if name not in RECORDS}


def staged_and_poisoned(lake: Path, poison: Poison, crawl_id: str = CRAWL_ID) -> None:
    assert call("run", poison.stage, "--crawl-id", crawl_id, "--no-publish", "--lake", lake).code == 0
    poison_staged(lake, poison, crawl_id)


def gate(lake: Path, stage: str, *words: object, crawl_id: str = CRAWL_ID) -> Ended:
    return call("gate", stage, "--crawl-id", crawl_id, *words, "--lake", lake)


def also_finds(monkeypatch: pytest.MonkeyPatch, stage: str, crawl_id: str, finding: Finding) -> None:
    """Let the gate of a stage find something more for a crawl."""
    let_through = runs._let_through

    def stricter(lake: Any, stage_: Any, staged: Any, findings: Any, *others: Any) -> Any:
        more = (finding,) if (stage_.name, staged.crawl_id) == (stage, crawl_id) else ()
        return let_through(lake, stage_, staged, (*findings, *more), *others)

    monkeypatch.setattr(runs, "_let_through", stricter)


def following(command: str) -> Ended:
    """Run a command as it was printed, with a reason where it asks for one."""
    return call(*shlex.split(command.replace("'…'", f"'{REASON}'"))[1:])


def sql(lake: Path, query: str) -> list[dict[str, Any]]:
    return call("sql", query, "--format", "json", "--lake", lake).rows


@pytest.fixture
def stopped(lakes_before_stages: dict[str, Path], copy_of: Copy) -> Path:
    """A lake in which the gate stopped duplicate keys in host_ranks."""
    lake = copy_of(lakes_before_stages["rank_hosts"])
    staged_and_poisoned(lake, DUPLICATES)
    assert gate(lake, "rank_hosts").code == 1
    return lake


# -------------------------------------------------------------------- each kind of poison


@pytest.mark.great_expectations
@pytest.mark.parametrize("poison", KINDS, ids=str)
def test_every_kind_of_poison_is_stopped_held_shown_and_ended_by_one_command(
    poison: Poison, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages[poison.stage])
    before = hashes(lake)
    staged_and_poisoned(lake, poison)
    ended = gate(lake, poison.stage)
    receipt = ended.receipt
    assert (ended.code, receipt["outcome"], receipt["published"]) == (1, "stopped", False)
    assert ended.merged.splitlines()[-2] == f"linklake gate: {receipt['message']}"
    assert poison.rule in {fact["rule"] for fact in receipt["findings"]}
    assert hashes(lake) == before

    (held,) = Lake.open(lake).quarantined()
    said = json.loads((Lake.open(lake).area_of(held).folder / "findings.json").read_text(encoding="utf-8"))
    assert said["findings"] == receipt["findings"]
    assert set(said["findings"][0]) == {"dataset", "rule", "severity", "failed", "detail", "examples", "accepted"}
    assert not Lake.open(lake).staged()
    found = sql(lake, f"select stage, failed_count from gate_findings where rule = '{poison.rule}'")
    assert [row["stage"] for row in found] == [poison.stage]
    assert found[0]["failed_count"] > 0

    run = sql(lake, f"select outcome, stopped_rules, next_command from crawl_runs where stage = '{poison.stage}'")
    assert [(row["outcome"], poison.rule in row["stopped_rules"]) for row in run] == [("stopped", True)]
    assert receipt["next"].startswith(run[0]["next_command"])

    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert f"quarantined: {poison.stage} for crawl tiny since " in looked.out
    assert re.search(rf"quarantined: {poison.stage} for crawl tiny: \w+\.{poison.rule}: .", looked.out)
    assert f"next: {receipt['next']}" in looked.out
    mended = following(receipt["next"])
    assert (mended.code, mended.receipt["outcome"]) == (0, "built"), mended.err
    assert not Lake.open(lake).quarantined()
    assert not [path for path in (lake / "_quarantine").rglob("*") if path.is_file()]
    assert call("status", "--lake", lake).code == 0
    accepted = {fact["rule"] for fact in mended.receipt["findings"] if fact["accepted"]}
    assert (poison.rule in accepted) is poison.is_acceptable


@pytest.mark.parametrize("poison", [k for k in KINDS if not k.is_acceptable], ids=str)
def test_what_no_stage_wrote_or_no_reader_can_read_is_never_accepted(
    poison: Poison, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages[poison.stage])
    staged_and_poisoned(lake, poison)
    gate(lake, poison.stage)
    before = hashes(lake)
    ended = gate(lake, poison.stage, "--accept", poison.rule, "--reason", REASON)
    assert ended.code == 2
    assert f"{poison.dataset}.{poison.rule} of {poison.stage} for crawl tiny can never be accepted" in ended.err
    assert hashes(lake) == before
    assert Lake.open(lake).quarantined()


# -------------------------------------------------------------------- letting through


def test_an_acceptance_says_who_when_why_and_how_much_in_the_commit_in_sql_and_in_status(stopped: Path) -> None:
    ended = gate(stopped, "rank_hosts", *ACCEPTED)
    receipt = ended.receipt
    assert (ended.code, receipt["outcome"]) == (0, "built")
    assert f"(accepted by {user()}: {REASON})" in receipt["message"]
    log = json.loads((stopped / "_log" / f"{receipt['commit']:020d}.json").read_text(encoding="utf-8"))
    fact = next(f for f in log["notes"]["accepted"] if f["rule"] == "duplicate_keys")
    assert (fact["failed"], fact["accepted"]) == (1, {"by": user(), "reason": REASON})
    query = "select accepted_by, accepted_reason, failed_count from gate_findings join stage_runs using (attempt) "
    rows = sql(stopped, query + "where is_published and rule = 'duplicate_keys'")
    assert rows == [{"accepted_by": user(), "accepted_reason": REASON, "failed_count": 1}]
    looked = call("status", "--lake", stopped)
    assert looked.code == 0
    assert "accepted: rank_hosts for crawl tiny: host_ranks.duplicate_keys: 1 of 58 rows repeat a key" in looked.out
    assert f"(by {user()}: {REASON})" in looked.out
    again = gate(stopped, "rank_hosts", "--accept", "duplicate_keys", "--reason", REASON)
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")


def test_a_rule_that_nobody_named_still_stops(stopped: Path) -> None:
    since = Lake.open(stopped).stopped(Lake.open(stopped).quarantined()[0])[0]
    ended = gate(stopped, "rank_hosts", "--accept", "host_ranks.pagerank_sums_to_one", "--reason", REASON)
    assert (ended.code, ended.receipt["outcome"]) == (1, "stopped")
    assert "host_ranks.duplicate_keys" in ended.receipt["message"]
    (held,) = Lake.open(stopped).quarantined()
    assert Lake.open(stopped).stopped(held)[0] == since, "it lies there since it was first stopped"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--accept", "duplicate_keys"], "say why it is let through"),
        (["--accept", "duplicate_keys", "--reason", "…"], "say why it is let through"),
        (["--discard"], "say why it is thrown away"),
        (["--discard", "--accept", "duplicate_keys", "--reason", "x"], "give --accept or --discard, not both"),
        (["--reason", "x"], "--reason goes with --accept RULE or --discard"),
        (["--accept", "no_such_rule", "--reason", "x"], "no_such_rule does not stop rank_hosts for crawl tiny: accept"),
    ],
)
def test_a_decision_that_makes_no_sense_is_misuse_and_changes_nothing(
    words: list[str], says: str, stopped: Path
) -> None:
    ended = gate(stopped, "rank_hosts", *words)
    assert (ended.code, ended.has_receipt) == (2, False)
    assert says in ended.err
    assert Lake.open(stopped).quarantined()


def test_nulls_that_the_serving_file_cannot_take_are_never_accepted(
    lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["build_marts"])
    poison = Poison("", "build_marts", "domains", "null_domain", null_first("domain"))
    staged_and_poisoned(lake, poison)
    assert gate(lake, "build_marts").receipt["next"].startswith("linklake run build_marts --crawl-id tiny")
    ended = gate(lake, "build_marts", "--accept", "null_domain", "--reason", REASON)
    assert ended.code == 2
    assert "the serving file takes no NULL there" in ended.err


# -------------------------------------------------------------------- other ends


def test_a_new_run_takes_the_place_of_what_was_stopped(stopped: Path) -> None:
    ended = call("run", "rank_hosts", "--crawl-id", "tiny", "--lake", stopped)
    assert (ended.code, ended.receipt["findings"]) == (0, [])
    assert not Lake.open(stopped).quarantined()


def test_a_new_run_that_is_stopped_again_takes_the_place_of_the_first(stopped: Path) -> None:
    (first,) = Lake.open(stopped).quarantined()
    staged_and_poisoned(stopped, DUPLICATES)
    assert gate(stopped, "rank_hosts").code == 1
    (second,) = Lake.open(stopped).quarantined()
    assert first.attempt != second.attempt


def test_what_is_discarded_is_gone_on_record_and_built_again_by_the_next_build(stopped: Path) -> None:
    ended = gate(stopped, "rank_hosts", "--discard", "--reason", "made by a broken disk")
    assert (ended.code, ended.receipt["outcome"]) == (0, "discarded")
    assert not Lake.open(stopped).quarantined()
    query = "select message from stage_runs where outcome = 'discarded'"
    assert sql(stopped, query) == [{"message": f"discarded by {user()}: made by a broken disk"}]
    assert call("status", "--lake", stopped).code == 0
    again = gate(stopped, "rank_hosts", "--discard", "--reason", "made by a broken disk")
    assert again.code == 1
    assert "nothing of rank_hosts for crawl tiny lies in quarantine" in again.receipt["message"]
    assert call("build", "--lake", stopped).code == 0


def test_what_was_stopped_from_inputs_that_have_changed_since_can_only_be_built_again(stopped: Path) -> None:
    assert call("run", "build_edges", "--lake", stopped).receipt["outcome"] == "unchanged"
    republish(stopped, "host_edges", CRAWL_ID)
    looked = call("status", "--lake", stopped)
    assert "its inputs have changed since, it can only be built again" in looked.out
    assert f"next: linklake run rank_hosts --crawl-id tiny --lake {stopped}" in looked.out
    ended = gate(stopped, "rank_hosts", "--accept", "duplicate_keys", "--reason", REASON)
    assert ended.code == 1
    assert "changed since rank_hosts for crawl tiny read it; nothing was published" in ended.receipt["message"]
    assert not Lake.open(stopped).quarantined()


def test_an_observation_that_is_stopped_can_be_let_through_too(observed_lake: Path, copy_of: Copy) -> None:
    lake = copy_of(observed_lake)
    poison = Poison("", "settle_crawl", "link_observations", "duplicate_keys", doubled)
    staged_and_poisoned(lake, poison)
    ended = gate(lake, "settle_crawl")
    assert ended.code == 1
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert "tiny (crawl): settled, stopped by its gate" in looked.out
    mended = following(ended.receipt["next"])
    assert (mended.code, mended.receipt["outcome"]) == (0, "built"), mended.err
    assert call("status", "--lake", lake).code == 0
    assert not Lake.open(lake).unsettled()


# -------------------------------------------------------------------- what schedulers do meanwhile


def test_a_crawl_in_quarantine_is_not_next_not_forgotten_and_does_not_hold_the_others(
    lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["dedupe_links"])
    staged_and_poisoned(lake, KINDS[3])
    gate(lake, "dedupe_links")
    alone = call("next", "dedupe_links", "--lake", lake)
    assert alone.code == 99, "no crawl is left to build"
    later = call("crawl", "--demo", "--crawl-id", "later", "--lake", lake)
    assert later.code == 0, later.err
    asked = call("next", "dedupe_links", "--lake", lake).receipt
    assert (asked["crawl_id"], asked["outcome"], asked["rows"]) == ("later", "pending", {"crawls": 1, "held": 1})
    assert "1 are left alone (tiny): see linklake status" in asked["message"]
    built = call("build", "--lake", lake)
    assert built.code == 0
    assert built.receipt["message"].startswith(
        "left out: dedupe_links for crawl tiny (quarantined); see linklake status"
    )
    asked = call("next", "dedupe_links", "--lake", lake).receipt
    assert (asked["crawl_id"], asked["outcome"]) == ("later", "unchanged")
    opened = Lake.open(lake)
    states = {p.stage: p.state for p in progress(opened, opened.snapshot(), "tiny")}
    assert (states["dedupe_links"], states["classify_links"]) == ("quarantined", "waiting")

    released = gate(lake, "dedupe_links", "--accept", "no_link_vanishes", "--reason", REASON)
    assert released.code == 0, released.err
    asked = call("next", "dedupe_links", "--lake", lake).receipt
    assert (asked["crawl_id"], asked["rows"]["crawls"]) == ("later", 1), "its links follow those of tiny"


def test_a_build_goes_on_with_other_crawls_when_a_gate_stops_one(
    observed_lake: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(observed_lake)
    assert call("run", "settle_crawl", "--lake", lake).code == 0
    assert call("crawl", "--demo", "--crawl-id", "later", "--lake", lake).code == 0
    also_finds(monkeypatch, "dedupe_links", CRAWL_ID, Finding("links", "made_up", "stop", 1, "for this test"))
    ended = call("build", "--lake", lake)
    assert (ended.code, ended.receipt["outcome"]) == (1, "stopped")
    assert ended.receipt["next"].startswith(
        "linklake gate dedupe_links --crawl-id tiny --accept links.made_up --reason"
    )
    opened = Lake.open(lake)
    snapshot = opened.snapshot()
    assert {p.state for p in progress(opened, snapshot, "later")} == {"published"}
    assert sql(lake, "select stage from stage_runs where outcome = 'stopped'") == [{"stage": "dedupe_links"}]


@pytest.mark.parametrize(
    ("harm", "said"), [("missing", "is missing"), ("garbage", "is not what was written (checksum)")]
)
def test_a_gate_that_stumbles_over_a_damaged_input_names_it(
    harm: str, said: str, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    assert call("run", "rank_hosts", "--no-publish", "--lake", lake).code == 0
    (partition,) = Lake.open(lake).snapshot().of("host_nodes")
    path = Lake.open(lake).path(partition.files[0])
    sound = path.read_bytes()
    path.unlink()
    if harm == "garbage":
        path.write_bytes(b"?" * len(sound))
    ended = gate(lake, "rank_hosts")
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    assert f"{path} of {partition.key} {said}" in ended.receipt["message"]
    path.write_bytes(sound)
    assert gate(lake, "rank_hosts").receipt["outcome"] == "built"


# -------------------------------------------------------------------- crawl_runs


def test_the_served_runs_are_those_before_the_marts_and_sql_knows_those_since(built_lake: Path, copy_of: Copy) -> None:
    lake = copy_of(built_lake)
    stages = [stage.name for stage in STAGES]
    failed = Receipt("rank_hosts", CRAWL_ID, "failed", published=False, message="no disk", next="linklake doctor")
    record_run(Lake.open(lake), failed, Clock())
    assert call("build", "--lake", lake).receipt["outcome"] == "unchanged", "a record makes nothing outdated"
    query = "select stage, outcome from crawl_runs order by started_at"
    with duckdb.connect(str(lake / "serving" / "authority.duckdb"), read_only=True) as connection:
        assert connection.execute(query).fetchall() == [(stage, "built") for stage in stages[:-1]]
    found = {row["stage"]: row["outcome"] for row in sql(lake, query)}
    assert found == dict.fromkeys(stages, "built") | {"rank_hosts": "failed"}
    row = sql(
        lake, "select run_count, failed_run_count, message, next_command from crawl_runs where outcome = 'failed'"
    )
    assert row == [{"run_count": 2, "failed_run_count": 1, "message": "no disk", "next_command": "linklake doctor"}]


# -------------------------------------------------------------------- warnings


def test_a_warning_is_published_counted_and_shown(
    lakes_before_stages: dict[str, Path], copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    warning = Finding("host_ranks", "row_delta", "warn", 1, "a tenth of the rows of the crawl before")
    also_finds(monkeypatch, "rank_hosts", CRAWL_ID, warning)
    ended = call("run", "rank_hosts", "--lake", lake)
    assert (ended.code, ended.receipt["outcome"]) == (0, "built")
    assert [fact["rule"] for fact in ended.receipt["findings"]] == ["row_delta"]
    assert ended.receipt["message"].startswith("published with 1 warnings: host_ranks.row_delta: a tenth of")
    looked = call("status", "--lake", lake)
    assert looked.code == 0
    assert "warning: rank_hosts for crawl tiny: host_ranks.row_delta: a tenth of the rows" in looked.out
    rows = sql(lake, "select severity, accepted_by from gate_findings")
    assert rows == [{"severity": "warn", "accepted_by": None}]


# -------------------------------------------------------------------- kills, and readers meanwhile


@pytest.mark.kills
@pytest.mark.parametrize("point", ["before_quarantine", "after_quarantine", "part_written", "before_commit"])
def test_a_gate_killed_while_it_stops_something_stops_it_again(
    point: str, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    before = hashes(lake)
    staged_and_poisoned(lake, DUPLICATES)
    words = ["gate", "rank_hosts", "--crawl-id", CRAWL_ID, "--lake", lake]
    with Killable(words, kill_at=point) as process:
        process.ended()
    assert process.returncode == -signal.SIGKILL
    looked = call("status", "--lake", lake)
    assert ("quarantined: rank_hosts" in looked.out) is (point != "before_quarantine")
    assert hashes(lake) == before
    ended = gate(lake, "rank_hosts")
    assert (ended.code, ended.receipt["outcome"]) == (1, "stopped")
    assert len(Lake.open(lake).quarantined()) == 1
    assert hashes(lake) == before


@pytest.mark.kills
@pytest.mark.parametrize("point", ["part_written", "before_commit", "after_commit"])
def test_a_release_killed_at_any_point_is_finished_by_the_same_command(point: str, stopped: Path) -> None:
    words = ["gate", "rank_hosts", "--crawl-id", CRAWL_ID, *ACCEPTED, "--lake", stopped]
    with Killable(words, kill_at=point) as process:
        process.ended()
    assert process.returncode == -signal.SIGKILL
    ended = gate(stopped, "rank_hosts", *ACCEPTED)
    assert (ended.code, ended.receipt["outcome"]) == (0, "unchanged" if point == "after_commit" else "built")
    looked = call("status", "--lake", stopped)
    assert looked.code == 0
    assert "accepted: rank_hosts for crawl tiny: host_ranks.duplicate_keys" in looked.out


@contextmanager
def watched(lake: Path, never: str, stop: Path) -> Iterator[None]:
    """A process reads the lake and its serving file over and over meanwhile; no read may answer ``never``."""
    words = [sys.executable, "-m", "tests.looping_reader", str(lake), str(stop), never]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        yield
        time.sleep(0.5)
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    rounds, served = map(int, out.split())
    assert rounds >= served > 0


def test_serving_never_shows_what_was_stopped(built_lake: Path, copy_of: Copy, tmp_path: Path) -> None:
    lake = copy_of(built_lake)
    assert call("crawl", "--demo", "--crawl-id", "later", "--lake", lake).code == 0
    poison = Poison("", "build_marts", "domains", "backlinks_add_up", renamed_first("domain", "poison.invalid"))
    twice = Poison("", "build_marts", "domains", "duplicate_keys", lambda table: doubled(poison.change(table)))  # type: ignore[misc]
    with watched(lake, "from domains where domain = 'poison.invalid'", tmp_path / "stop"):
        for stage in [s.stage for s in progress(Lake.open(lake), Lake.open(lake).snapshot(), "later")][1:-1]:
            assert call("run", stage, "--crawl-id", "later", "--lake", lake).code == 0
        for _ in range(2):
            staged_and_poisoned(lake, twice, "later")
            assert gate(lake, "build_marts", crawl_id="later").code == 1
        assert sql(lake, "select crawl_id from index_info") == [{"crawl_id": CRAWL_ID}]
        assert call("run", "build_marts", "--crawl-id", "later", "--lake", lake).code == 0
        assert sql(lake, "select crawl_id from index_info") == [{"crawl_id": "later"}]
