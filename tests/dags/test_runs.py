"""Runs of the DAGs against real lakes: each DAG green, receipts in XCom however a task ends, text stays text."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow.sdk", reason="no Airflow in this environment: make test-airflow")

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.dags.commands import (
    LANDED,
    LINKLAKE,
    REPOSITORY,
    hashes,
    linklake,
    receipt,
    write_archive,
    write_script,
)
from tests.runbook import about

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow_database")]

CHAIN = ("crawl_cycle", "refine_links", "detect_farms", "build_authority", "housekeeping", "ingest_archives")
PAGE = '<title>t</title><p><a href="http://two.test/">two</a> <a href="/three" rel="nofollow">three</a></p>'


class Run:
    """A finished `dag.test()`."""

    def __init__(self, dag_id: str, conf: dict[str, Any] | None = None, *, retries: int | None = None) -> None:
        # Read anew each time: dag.test() leaves the params of its run in the DAG.
        dag = BundleDagBag(str(REPOSITORY), bundle_path=REPOSITORY, bundle_name="linklake").dags[dag_id]
        for task in dag.tasks if retries is not None else ():
            task.retries = retries  # dag.test() would sit out the back-off
        run = dag.test(run_conf=conf)
        self.state = str(run.state)
        self.tasks = {t.task_id: str(t.state) for t in run.get_task_instances() if t.state and t.map_index < 0}
        self.mapped = [str(t.state) for t in run.get_task_instances() if t.state and t.map_index >= 0]
        with create_session() as session:
            found = session.scalars(select(XComModel).where(XComModel.run_id == run.run_id, XComModel.dag_id == dag_id))
            rows = [(x.task_id, x.map_index, x.value) for x in found if x.key == "return_value"]
        self.receipts = {task_id: said for task_id, index, said in rows if index < 0}
        self.mapped_receipts = [said for _, index, said in sorted(rows, key=lambda r: r[1]) if index >= 0]


def test_every_dag_is_green_and_a_second_time_changes_nothing(lake: Path) -> None:
    conf = {"crawl_cycle": {"demo": True, "crawl_id": "one"}}
    runs = {dag_id: Run(dag_id, conf.get(dag_id)) for dag_id in CHAIN}
    for dag_id, run in runs.items():
        assert run.state == "success", dag_id
        quiet = {"more_crawls", "ingest", "ingest_shard", "settle_crawl.run", "settle_crawl.gate"}
        assert {t: s for t, s in run.tasks.items() if s != "success" and t not in quiet} == {}, dag_id
    outcomes = {t: r["outcome"] for run in runs.values() for t, r in run.receipts.items() if isinstance(r, dict)}
    assert {o for t, o in outcomes.items() if t.endswith(".run")} == {"staged"}
    assert {o for t, o in outcomes.items() if t.endswith(".gate")} == {"built"}
    gates = [r for run in runs.values() for t, r in run.receipts.items() if t.endswith(".gate")]
    assert sorted(r["commit"] for r in gates) == list(range(2, 10))
    assert (lake / "serving" / "authority.duckdb").exists()
    before = hashes(lake)

    for dag_id in CHAIN[:4]:
        again = Run(dag_id, conf.get(dag_id))
        assert again.state == "success"
        assert {r["outcome"] for r in again.receipts.values()} == {"unchanged"}
    assert hashes(lake) == before


def test_two_crawls_that_landed_together_are_both_refined_oldest_first(landed: Path) -> None:
    first, second = Run("refine_links"), Run("refine_links")
    assert first.receipts["classify_links.gate"]["crawl_id"] == LANDED[0]
    assert first.tasks["more_crawls"] == "success"
    assert first.receipts["more_crawls"]["crawl_id"] == LANDED[1]
    assert second.receipts["classify_links.gate"]["crawl_id"] == LANDED[1]
    assert second.tasks["more_crawls"] == "skipped"


def test_an_older_crawl_that_arrives_late_has_the_newer_ones_built_again(lake: Path, tmp_path: Path) -> None:
    new = write_archive(tmp_path / "new.warc", {"http://one.test/": PAGE}, at="2026-11-19T00:00:00Z")
    old = write_archive(tmp_path / "old.warc", {"http://one.test/": PAGE}, at="2026-11-18T00:00:00Z")
    linklake("ingest", new, "--crawl-id", "new")
    linklake("build")
    linklake("ingest", old, "--crawl-id", "old")
    chosen = [Run("refine_links").receipts["next_crawl"]["crawl_id"] for _ in range(2)]
    assert chosen == ["old", "new"]
    assert receipt("next", "dedupe_links", "classify_links")["outcome"] == "unchanged"


def test_the_param_chooses_another_crawl(landed: Path) -> None:
    run = Run("refine_links", {"crawl_id": LANDED[1]})
    assert run.receipts["dedupe_links.gate"]["crawl_id"] == LANDED[1]
    assert run.receipts["more_crawls"]["crawl_id"] == LANDED[0]


def test_a_lake_without_links_skips_the_whole_run(lake: Path) -> None:
    linklake("import-graph", edges(lake.parent), "--crawl-id", "imported")
    run = Run("refine_links")
    assert run.state == "success"
    assert set(run.tasks.values()) == {"skipped"}
    assert run.receipts["next_crawl"]["outcome"] == "no_input"


def edges(folder: Path) -> Path:
    path = folder / "edges.tsv"
    path.write_text("source_domain\ttarget_domain\na.test\tb.test\n", encoding="utf-8")
    return path


# -------------------------------------------------------------------- how a task ends


AT_EXIT = "import atexit, sys, warnings\natexit.register(lambda: print('said at exit', file=sys.stderr))\n"
WARNS = "import atexit, warnings\natexit.register(lambda: warnings.warn('warned at exit', UserWarning))\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("env PYTHONPATH='{folder}' '{linklake}'", AT_EXIT),
        ("env PYTHONPATH='{folder}' '{linklake}'", WARNS),
        ("sh '{folder}/wrapper'", "'{linklake}' \"$@\"; code=$?; echo 'WARNING: cleaning up' >&2; exit $code\n"),
        ("sh '{folder}/wrapper'", "( sleep 1; echo late >&2 ) & exec '{linklake}' \"$@\"\n"),
    ],
    ids=["at_exit", "python_warning", "wrapper", "background"],
)
def test_what_is_said_after_the_receipt_does_not_hide_it(
    command: str, code: str, landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sitecustomize.py", "wrapper"):
        (tmp_path / name).write_text(code.replace("{linklake}", str(LINKLAKE)), encoding="utf-8")
    monkeypatch.setenv("LINKLAKE_COMMAND", command.format(folder=tmp_path, linklake=LINKLAKE))
    run = Run("refine_links")
    assert run.state == "success"
    assert run.receipts["dedupe_links.run"]["outcome"] == "staged"
    assert run.receipts["dedupe_links.gate"]["outcome"] == "built"


@pytest.mark.parametrize("given", [None, "lake", "./lake"])
def test_a_task_without_an_absolute_lake_fails_at_once_and_says_why(
    given: str | None, lake: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LINKLAKE_LAKE")
    if given:
        monkeypatch.setenv("LINKLAKE_LAKE", given)
    run = Run("refine_links")  # with its retries: misuse is not tried again
    assert run.state == "failed"
    assert run.tasks["next_crawl"] == "failed"
    assert "set LINKLAKE_LAKE to an absolute path" in run.receipts["next_crawl"]["message"]
    assert "next: linklake status (docs/runbook.md" in "".join(capfd.readouterr())


def test_a_missing_lake_leaves_a_receipt(lake: Path) -> None:
    run = Run("refine_links", retries=0)
    assert run.state == "failed"
    assert run.receipts["next_crawl"]["outcome"] == "failed"
    assert "there is no lake at" in run.receipts["next_crawl"]["message"]


def test_a_crawl_that_the_lake_does_not_know_is_misuse(landed: Path) -> None:
    run = Run("refine_links", {"crawl_id": "two"})
    assert run.state == "failed"
    assert "there is no crawl two" in run.receipts["next_crawl"]["message"]


def test_a_stopped_gate_leaves_its_receipt_and_publishes_nothing(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, POISON))
    run = Run("refine_links")
    assert run.state == "failed"
    assert run.tasks["dedupe_links.gate"] == "failed"
    assert run.tasks["classify_links.run"] == "upstream_failed"
    assert run.receipts["more_crawls"]["crawl_id"] == LANDED[1], "the DAG is woken for the other crawl alone"
    stopped = run.receipts["dedupe_links.gate"]
    assert (stopped["outcome"], stopped["published"], stopped["crawl_id"]) == ("stopped", False, LANDED[0])
    log = "".join(capfd.readouterr())
    assert f"dedupe_links.gate stopped for crawl {LANDED[0]}: the gate stopped dedupe_links" in log

    monkeypatch.setenv("LINKLAKE_COMMAND", f"'{LINKLAKE}'")
    other = Run("refine_links")
    assert (other.state, other.receipts["next_crawl"]["crawl_id"]) == ("success", LANDED[1])
    assert other.tasks["more_crawls"] == "skipped", "nothing wakes the DAG for the crawl that was stopped"


@pytest.mark.parametrize(("waiting", "state"), [("other", "success"), ("stopped", "skipped")])
def test_a_crawl_that_was_stopped_does_not_hold_the_others_and_wakes_nobody_itself(
    waiting: str, state: str, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"""say() {{ echo '{{"stage": "s", "crawl_id": "'"$1"'", "outcome": "'"$2"'", "message": "m"}}'; }}
case "$1" in
  run) say stopped staged ;;
  gate) say stopped stopped; exit 1 ;;
  next) if mkdir '{tmp_path}/asked'; then say stopped pending; else say {waiting} pending; fi ;;
esac"""
    monkeypatch.setenv("LINKLAKE_COMMAND", str(write_script(tmp_path / "fake", script)))
    run = Run("refine_links")
    assert run.state == "failed"
    assert run.tasks["dedupe_links.gate"] == "failed"
    assert run.tasks["more_crawls"] == state
    assert run.receipts["more_crawls"]["crawl_id"] == waiting


POISON = 'for f in "$LINKLAKE_LAKE"/_staging/*/*/*/*/*.parquet; do printf x >> "$f"; done'


def at_gates(folder: Path, line: str) -> str:
    """A command that is linklake, but for a line of shell before each gate."""
    return str(write_script(folder / "at-gates", f'if [ "$1" = gate ]; then {line}; fi\nexec \'{LINKLAKE}\' "$@"'))


# -------------------------------------------------------------------- what goes wrong between tasks


def test_a_task_that_is_killed_between_a_stage_and_its_gate_loses_nothing(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, "kill -9 $$"))
    run = Run("refine_links")
    assert (run.state, run.tasks["dedupe_links.gate"]) == ("failed", "failed")
    assert run.tasks["more_crawls"] == "skipped"
    said = run.receipts["dedupe_links.gate"]["message"]
    assert about("killed by signal … and left no receipt; its last line was: …", said)
    assert said in "".join(capfd.readouterr())
    staged = next((landed / "_staging" / "dedupe_links" / LANDED[0]).glob("*/manifest.json")).read_bytes()

    monkeypatch.setenv("LINKLAKE_COMMAND", f"'{LINKLAKE}'")
    again = Run("refine_links")
    assert again.state == "success"
    assert again.receipts["dedupe_links.gate"]["crawl_id"] == LANDED[0]
    assert again.receipts["dedupe_links.gate"]["outcome"] == "built"
    assert staged
    assert not list((landed / "_staging").rglob("manifest.json"))


def test_a_worker_that_cannot_start_linklake_says_so(landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKLAKE_COMMAND", "/nowhere/linklake")
    run = Run("refine_links", retries=0)
    assert run.state == "failed"
    said = run.receipts["next_crawl"]["message"]
    assert about("failed with exit code … and left no receipt; its last line was: …", said)
    assert "exit code 127" in said
    assert said.endswith("No such file or directory")


def of_version(folder: Path, version: str) -> str:
    """A line of shell that makes linklake take itself for another version from here on."""
    code = (
        "import importlib.metadata as m\nreal = m.version\n"
        f"m.version = lambda name: '{version}' if name == 'linklake' else real(name)\n"
    )
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return f"export PYTHONPATH='{folder}'"


def test_workers_of_two_versions_work_together_and_the_receipts_say_which_did_what(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, of_version(tmp_path, "9.1.0")))
    run = Run("refine_links")
    assert run.state == "success"
    ours = linklake("--version").split()[-1]
    assert run.receipts["dedupe_links.run"]["code_version"] == ours
    assert run.receipts["dedupe_links.gate"]["code_version"] == "9.1.0"
    asked = linklake("sql", "select distinct code_version from stage_runs where stage = 'dedupe_links'", "--format=csv")
    assert asked.split() == ["code_version", "9.1.0"]


def test_a_gate_of_another_version_that_stops_says_that_the_workers_differ(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, f"{POISON}; {of_version(tmp_path, '9.1.0')}"))
    run = Run("refine_links")
    assert run.state == "failed"
    log = "".join(capfd.readouterr())
    ours = linklake("--version").split()[-1]
    assert f"workers differ: linklake 9.1.0 here, {ours} before" in log
    assert about("workers differ: linklake … here, … before", f"workers differ: linklake 9.1.0 here, {ours} before")


def test_a_worker_that_is_older_than_the_lake_changes_nothing_and_says_upgrade(landed: Path) -> None:
    newest = sorted((landed / "_log").glob("*.json"))[-1]
    said = json.loads(newest.read_text(encoding="utf-8"))
    said["added"][0] |= {"schema_version": 99, "code_version": "9.1.0"}
    newest.write_text(json.dumps(said), encoding="utf-8")
    before = sorted(landed.rglob("*"))
    run = Run("refine_links", retries=0)
    assert (run.state, run.receipts["next_crawl"]["outcome"]) == ("failed", "failed")
    assert "was written by linklake 9.1.0 with a newer schema" in run.receipts["next_crawl"]["message"]
    assert run.receipts["next_crawl"]["message"].endswith("upgrade linklake")
    assert sorted(landed.rglob("*")) == before


def test_two_runs_of_one_stage_at_once_give_one_result(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Path(shutil.copytree(landed, tmp_path / "alone"))
    for stage in ("dedupe_links", "classify_links"):
        linklake("run", stage, "--crawl-id", LANDED[0], "--lake", alone)
    by_hand = f'{LINKLAKE} run "$2" "$3" >/dev/null 2>&1'  # the same stage, published just before our gate
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, by_hand))
    run = Run("refine_links")
    assert run.state == "success"
    assert run.receipts["dedupe_links.run"]["outcome"] == "staged"
    assert run.receipts["dedupe_links.gate"]["outcome"] == "unchanged"
    count = "select count(*) from stage_runs where outcome = 'built'"
    assert linklake("sql", count, "--lake", landed) == linklake("sql", count, "--lake", alone)
    assert hashes(landed) == hashes(alone)


def test_an_older_crawl_that_lands_between_a_stage_and_its_gate_is_built_by_the_next_run(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_archive(tmp_path / "old.warc", {"http://one.test/": PAGE}, at="2020-01-01T00:00:00Z")
    lands = f"{{ {LINKLAKE} ingest {old} --crawl-id old; {LINKLAKE} run dedupe_links --crawl-id old; }} >/dev/null 2>&1"
    monkeypatch.setenv("LINKLAKE_COMMAND", at_gates(tmp_path, lands))
    run = Run("refine_links")
    assert run.tasks["dedupe_links.gate"] == "failed"
    message = "the inputs of … for crawl … are others since it was staged; nothing was published: run … again"
    assert about(message, run.receipts["dedupe_links.gate"]["message"])

    monkeypatch.setenv("LINKLAKE_COMMAND", f"'{LINKLAKE}'")
    again = [Run("refine_links") for _ in range(3)]
    assert [r.state for r in again] == ["success"] * 3
    assert [r.receipts["next_crawl"]["crawl_id"] for r in again] == ["old", *LANDED]


# -------------------------------------------------------------------- text stays text

HOSTILE = (
    *("$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "${HOME}", "'", "\\"),
    *("{{ 1 ÷ 0 }}", "{% raw %}", "{{ ti }}", "-rf", "é  ü", "x.sh"),
)


def test_hostile_seeds_reach_the_command_as_they_were_typed(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = [f"http://a.test/{text.replace(' ', '')}" for text in HOSTILE]
    monkeypatch.setenv("LINKLAKE_COMMAND", recorder(tmp_path))
    assert Run("crawl_cycle", {"seeds": seeds, "crawl_id": "one", "pages": 7}).state == "success"
    assert recorded(tmp_path) == [["crawl", "--crawl-id=one", "--pages=7", "--", *seeds]]


def test_hostile_names_of_archives_are_names_of_archives(lake: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in box"
    archives: dict[str, list[str]] = {}
    for n, text in enumerate(HOSTILE):
        path = write_archive(folder / text, {f"http://{n}.test/": PAGE}, at="2026-11-18T00:00:00Z")
        archives.setdefault(f"set-{n % 3}", []).append(str(path))
    run = Run("ingest_archives", {"archive_sets": archives})
    assert run.state == "success"
    assert run.mapped == ["success"] * 3
    assert [r["crawl_id"] for r in run.mapped_receipts] == sorted(archives)
    pages = linklake("sql", "select count(*) as pages from page_fetches", "--format", "csv")
    assert pages.split() == ["pages", str(len(HOSTILE))]
    assert not list(Path("/tmp").glob("airflowtmp*/pwned"))


def path_list(folder: Path, names: str) -> dict[str, Any]:
    """The trigger form for a path list of small archives, as one crawl by three tasks."""
    for name in names:
        write_archive(folder / f"{name}.warc", {f"http://{name}.test/": PAGE}, at="2026-11-18T00:00:00Z")
    (folder / "warc paths").write_text("".join(f"{name}.warc\n" for name in names), encoding="utf-8")
    return {"paths": f"{folder}/warc paths", "prefix": str(folder), "shards": 3, "crawl_id": "big"}


def test_a_path_list_is_read_by_several_tasks_and_settled_as_one_crawl(lake: Path, tmp_path: Path) -> None:
    conf = path_list(tmp_path / "it's $(here)", "ab")
    run = Run("ingest_archives", conf)
    assert run.state == "success"
    assert sorted(run.mapped) == ["skipped", "success", "success"], "two archives for three"
    assert [said["outcome"] for said in run.mapped_receipts] == ["staged", "staged", "no_input"]
    assert (run.tasks["ingest"], run.tasks["settle_crawl.gate"]) == ("skipped", "success")
    assert run.receipts["settle_crawl.gate"]["outcome"] == "built"
    crawls = linklake(
        "sql", "select crawl_id, (select count(*) from page_fetches) as pages from crawls", "--format", "csv"
    )
    assert crawls.split() == ["crawl_id,pages", "big,2"]
    again = Run("ingest_archives", conf)
    assert again.state == "success"
    ends = [said["outcome"] for said in (*again.mapped_receipts, again.receipts["settle_crawl.gate"])]
    assert ends == ["unchanged"] * 4


def test_a_shard_that_failed_holds_its_crawl_and_the_next_attempt_settles_it(lake: Path, tmp_path: Path) -> None:
    conf = path_list(tmp_path, "abc")
    (tmp_path / "b.warc").rename(tmp_path / "elsewhere")
    run = Run("ingest_archives", conf, retries=0)
    assert run.state == "failed"
    assert run.mapped == ["success", "failed", "success"]
    assert run.tasks["settle_crawl.run"] == run.tasks["settle_crawl.gate"] == "upstream_failed"
    (tmp_path / "elsewhere").rename(tmp_path / "b.warc")
    again = Run("ingest_archives", conf)
    assert again.state == "success"
    pages = linklake("sql", "select source_host from page_fetches order by 1", "--format", "csv")
    assert pages.split() == ["source_host", "a.test", "b.test", "c.test"]


def test_a_day_reads_the_sets_of_that_day(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dags.stage_task import sets_that_arrived

    inbox = tmp_path / "inbox"
    for name in ("2026-11-18-a", "20261118b", "2026-11-19-c", "2026-11-18", "2026-11-18-Bad", "2026-11-18-empty"):
        (inbox / name).mkdir(parents=True)
    for name in ("2026-11-18-a/2.warc", "2026-11-18-a/1.warc", "20261118b/1.warc", "2026-11-19-c/1.warc"):
        write_archive(inbox / name, {"http://one.test/": PAGE}, at="2026-11-18T00:00:00Z")
    monkeypatch.setenv("LINKLAKE_ARCHIVES", str(inbox))
    found = sets_that_arrived(datetime(2026, 11, 18, tzinfo=UTC))
    assert {name: [Path(p).name for p in paths] for name, paths in found.items()} == {
        "2026-11-18-a": ["1.warc", "2.warc"],
        "20261118b": ["1.warc"],
    }


def test_a_crawl_without_seeds_is_skipped_and_says_what_is_missing(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINKLAKE_SEEDS", raising=False)
    run = Run("crawl_cycle")
    assert run.tasks == {"crawl": "skipped"}
    message = "no seeds: trigger with the param seeds, or give the worker LINKLAKE_SEEDS, a file of seeds"
    assert about("no seeds: trigger with the param seeds, or give the worker LINKLAKE_SEEDS, a file of seeds", message)
    assert run.receipts["crawl"]["message"] == message


def test_a_folder_of_archives_that_is_not_there_fails_and_says_so(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINKLAKE_ARCHIVES", str(tmp_path / "none"))
    run = Run("ingest_archives")
    assert run.state == "failed"
    message = f"LINKLAKE_ARCHIVES names {tmp_path / 'none'}, which is no folder on this worker: mount it"
    assert about("LINKLAKE_ARCHIVES names …, which is no folder on this worker: mount it", message)
    assert f"archive_sets failed: {message}" in "".join(capfd.readouterr())


def test_scheduled_crawls_take_the_file_of_seeds(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKLAKE_SEEDS", "/etc/seeds of ours")
    monkeypatch.setenv("LINKLAKE_COMMAND", recorder(tmp_path))
    Run("crawl_cycle", {"crawl_id": "one"})
    assert recorded(tmp_path) == [["crawl", "--crawl-id=one", "--seeds=/etc/seeds of ours"]]


def recorder(folder: Path) -> str:
    """A command that writes down how it was called, and prints a receipt."""
    code = (
        "import json, sys; print(json.dumps(sys.argv[1:]), file=open('{0}/calls', 'a')); "
        "print(json.dumps(dict(stage='crawl', crawl_id='one', outcome='built')))"
    )
    return f'''python3 -c "{code.format(folder)}"'''


def recorded(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]
