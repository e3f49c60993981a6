"""Runs of the DAGs against real lakes: each DAG green, receipts in XCom however a task ends, text stays text."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow.sdk", reason="no Airflow in this environment: make test-airflow")

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.dags.commands import LINKLAKE, REPOSITORY, hashes, linklake, receipt, write_archive, write_script

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow_database")]

CHAIN = ("crawl_cycle", "refine_links", "detect_farms", "build_authority", "housekeeping", "ingest_archives")
PAGE = '<title>t</title><p><a href="http://two.test/">two</a> <a href="/three" rel="nofollow">three</a></p>'


class Run:
    """A finished `dag.test()`."""

    def __init__(self, dag_id: str, conf: dict[str, Any] | None = None, *, retries: int | None = None) -> None:
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
        quiet = {"more_crawls", "ingest"}
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


def test_two_crawls_that_landed_together_are_both_refined_oldest_first(lake: Path) -> None:
    for crawl_id in ("landed-first", "a-landed-second"):
        linklake("crawl", "--demo", "--crawl-id", crawl_id)
    first, second = Run("refine_links"), Run("refine_links")
    assert first.receipts["classify_links.gate"]["crawl_id"] == "landed-first"
    assert first.tasks["more_crawls"] == "success"
    assert first.receipts["more_crawls"]["crawl_id"] == "a-landed-second"
    assert second.receipts["classify_links.gate"]["crawl_id"] == "a-landed-second"
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


def test_the_param_chooses_another_crawl(lake: Path) -> None:
    for crawl_id in ("one", "two"):
        linklake("crawl", "--demo", "--crawl-id", crawl_id)
    run = Run("refine_links", {"crawl_id": "two"})
    assert run.receipts["dedupe_links.gate"]["crawl_id"] == "two"
    assert run.receipts["more_crawls"]["crawl_id"] == "one"


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


def test_what_a_library_says_at_exit_does_not_hide_the_receipt(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linklake("crawl", "--demo", "--crawl-id", "one")
    code = "import atexit, sys\natexit.register(lambda: print('a warning at exit', file=sys.stderr))\n"
    (tmp_path / "sitecustomize.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("LINKLAKE_COMMAND", f"env PYTHONPATH='{tmp_path}' '{LINKLAKE}'")
    run = Run("refine_links")
    assert run.state == "success"
    assert run.receipts["dedupe_links.run"]["outcome"] == "staged"


def test_a_task_without_a_lake_fails_at_once_and_says_why(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LINKLAKE_LAKE")
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


def test_a_crawl_that_the_lake_does_not_know_is_misuse(lake: Path) -> None:
    linklake("crawl", "--demo", "--crawl-id", "one")
    run = Run("refine_links", {"crawl_id": "two"})
    assert run.state == "failed"
    assert "there is no crawl two" in run.receipts["next_crawl"]["message"]


def test_a_stopped_gate_leaves_its_receipt_and_publishes_nothing(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    linklake("crawl", "--demo", "--crawl-id", "one")
    poison = f"""[ "$1" = gate ] && for f in "$LINKLAKE_LAKE"/_staging/*/*/*/*/*.parquet; do printf x >> "$f"; done
exec '{LINKLAKE}' "$@\""""
    monkeypatch.setenv("LINKLAKE_COMMAND", str(write_script(tmp_path / "poison", poison)))
    run = Run("refine_links")
    assert run.state == "failed"
    assert run.tasks["dedupe_links.gate"] == "failed"
    assert run.tasks["classify_links.run"] == "upstream_failed"
    stopped = run.receipts["dedupe_links.gate"]
    assert (stopped["outcome"], stopped["published"], stopped["crawl_id"]) == ("stopped", False, "one")
    log = "".join(capfd.readouterr())
    assert "dedupe_links.gate stopped for crawl one: the gate stopped dedupe_links" in log

    monkeypatch.setenv("LINKLAKE_COMMAND", f"'{LINKLAKE}'")
    assert Run("refine_links").state == "success"


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
    archives = {}
    for n, text in enumerate(HOSTILE):
        path = write_archive(folder / text, {f"http://{n}.test/": PAGE}, at="2026-11-18T00:00:00Z")
        archives[f"set-{n:02d}"] = [str(path)]
    run = Run("ingest_archives", {"archive_sets": archives})
    assert run.state == "success"
    assert run.mapped == ["success"] * len(HOSTILE)
    assert [r["crawl_id"] for r in run.mapped_receipts] == sorted(archives)
    pages = linklake("sql", "select count(*) as pages from page_fetches", "--format", "csv")
    assert pages.split() == ["pages", str(len(HOSTILE))]
    assert not list(Path("/tmp").glob("airflowtmp*/pwned"))


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
    assert "LINKLAKE_SEEDS" in run.receipts["crawl"]["message"]


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
