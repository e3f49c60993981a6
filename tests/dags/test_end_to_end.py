"""A whole Airflow as `make airflow` starts it: the demo chain through its API, clearing, backfills, a wiped database.

The tests share one Airflow and one lake, and tell one story in the order in which they stand.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow.sdk", reason="no Airflow in this environment: make test-airflow")

from tests.dags.commands import LINKLAKE, REPOSITORY, hashes, linklake, receipt, write_archive, write_script
from tests.runbook import about

sys.path.append(str(REPOSITORY / "infra" / "airflow"))

from api import FINISHED, Airflow
from serve import password

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

CHAIN = ("crawl_cycle", "refine_links", "detect_farms", "build_authority")
ASSETS = ("link_observations", "link_classes", "farm_verdicts", "domain_authority", "marts")
ANSWER_SECONDS = 120
PATIENCE_SECONDS = 900
"""For whatever else is waited for: a machine that does other work beside is ten times slower."""
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")


@dataclass
class Site:
    """The Airflow of this story, its folders, and its process."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    seen: set[tuple[int, str]] = field(default_factory=set)

    @property
    def home(self) -> Path:
        return self.folder / "airflow"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def poison(self) -> Path:
        """While this file exists every gate finds its input altered."""
        return self.folder / "poison"

    @property
    def hold(self) -> Path:
        """While this file exists every stage waits before it begins."""
        return self.folder / "hold"

    @property
    def airflow(self) -> Airflow:
        return Airflow(f"http://127.0.0.1:{self.port}", password(self.home))

    def start(self) -> float:
        """Start it; returns the seconds until its API answered."""
        command = f"""[ "$1" = gate ] && [ -e '{self.poison}' ] && for f in "$LINKLAKE_LAKE"/_staging/*/*/*/*/*.parquet
do printf x >> "$f"; done
while [ "$1" = run ] && [ -e '{self.hold}' ]; do sleep 0.2; done
exec '{LINKLAKE}' "$@\""""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")} | {
            "LINKLAKE_COMMAND": str(write_script(self.folder / "linklake", command)),
            "LINKLAKE_LAKE": str(self.lake),
            "LINKLAKE_ARCHIVES": str(self.folder / "inbox"),
        }
        started = time.monotonic()
        self.process = subprocess.Popen(
            self.command("serve.py"), env=environment, text=True, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Airflow answers"), line + self.process.stdout.read()
        return time.monotonic() - started

    def command(self, script: str) -> list[str]:
        path = REPOSITORY / "infra" / "airflow" / script
        return [sys.executable, str(path), "--home", str(self.home), "--port", str(self.port)]

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Ask it to stop; returns the seconds until it had."""
        assert self.process is not None
        self.processes()
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        self.process = None
        return time.monotonic() - started

    def processes(self) -> dict[tuple[int, str], str]:
        """Every process of this Airflow and its tasks, by id and start: who descends from it, who did when last looked,
        and who has its home in his environment (a process that renames itself hides that)."""
        mark, table = f"AIRFLOW_HOME={self.home}\0".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, parent, *rest = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                is_marked = mark in (folder / "environ").read_bytes() + b"\0"
            except OSError:
                continue
            if state != "Z":
                table[int(folder.name), rest[17]] = (int(parent), words, is_marked)
        families = {pid for pid, _ in self.seen & table.keys()} | {self.process.pid if self.process else -1}
        families |= {pid for (pid, _), (_, _, is_marked) in table.items() if is_marked}
        while more := {pid for (pid, _), (parent, _, _) in table.items() if parent in families} - families:
            families |= more
        found = {key: words for key, (_, words, _) in table.items() if key[0] in families}
        self.seen |= found.keys()
        return found

    def wait_for_quiet(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Until no run of the chain is queued or running, and none is about to be."""
        airflow, patience, quiet = self.airflow, time.monotonic() + seconds, 0
        dag_ids = (*CHAIN, "ingest_archives")
        while time.monotonic() < patience:
            states = {state for dag_id in dag_ids for state in airflow.runs(dag_id).values()}
            is_quiet = states <= FINISHED and not any(airflow.has_queued_events(dag_id) for dag_id in dag_ids)
            quiet = quiet + 1 if is_quiet else 0
            if quiet == 2:  # what began while we looked is seen the second time
                return
            time.sleep(0.5)
        pytest.fail(f"the chain is still at work after {seconds} s")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = Site(tmp_path_factory.mktemp("site"), port)
    yield site
    if site.process is not None:
        site.stop(signal.SIGTERM)


def test_it_answers_within_two_minutes(site: Site, record: Callable[[str], None]) -> None:
    seconds = site.start()
    record(f"the API answered after {seconds:.0f} s (first start, migration included)")
    assert seconds < ANSWER_SECONDS
    assert all(site.airflow.dags().values()), "DAGs are paused at first"
    assert len(site.airflow.dags()) == 6
    assert site.airflow.ask("GET", "/importErrors")["total_entries"] == 0


def test_it_listens_on_loopback_alone_and_tells_its_password_to_the_owner(site: Site) -> None:
    handles = [handle for pid, _ in site.processes() for handle in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {os.readlink(handle) for handle in handles if handle.is_symlink()}
    tables = [Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table]
    ours = {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}
    assert ours == {f"0100007F:{site.port:04X}"}
    assert site.home.stat().st_mode & 0o077 == 0
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Airflow(site.airflow.url, "guess").dags()


def test_the_demo_chain_is_green_through_the_api(site: Site, record: Callable[[str], None]) -> None:
    done = subprocess.run(site.command("demo.py"), text=True, capture_output=True, check=False)
    record(done.stdout)
    assert done.returncode == 0, done.stdout
    assert (site.lake / "serving" / "authority.duckdb").exists()
    events = site.airflow.ask("GET", "/assets/events?limit=100")["asset_events"]
    assert {e["name"] for e in events} == {*ASSETS}
    assert all(isinstance(e["extra"]["commit"], int) and e["extra"]["crawl_id"] for e in events)


def test_clearing_any_finished_task_ends_green_with_equal_tables(site: Site, record: Callable[[str], None]) -> None:
    """One task after the other of each run; the four DAGs do so side by side, once what they woke is done."""
    airflow, before, started = site.airflow, hashes(site.lake), time.monotonic()
    runs = {dag_id: next(iter(airflow.runs(dag_id))) for dag_id in CHAIN}
    ended = {dag_id: states_of(airflow, dag_id, run_id) for dag_id, run_id in runs.items()}
    left = {dag_id: list(states) for dag_id, states in ended.items()}
    while any(left.values()):
        site.wait_for_quiet()
        cleared = {dag_id: tasks.pop() for dag_id, tasks in left.items() if tasks}
        for dag_id, task_id in cleared.items():
            clear(airflow, dag_id, runs[dag_id], task_id)
        for dag_id, task_id in cleared.items():
            assert airflow.wait_for(dag_id, runs[dag_id], seconds=PATIENCE_SECONDS) == "success", task_id
            assert states_of(airflow, dag_id, runs[dag_id]) == ended[dag_id], task_id
    site.wait_for_quiet()
    count = sum(map(len, ended.values()))
    record(f"{count} tasks cleared one by one in {time.monotonic() - started:.0f} s")
    assert count == 23
    assert sum(list(states.values()).count("success") for states in ended.values()) == 20
    assert hashes(site.lake) == before


def test_two_crawls_that_land_before_one_consumer_run_are_both_built(site: Site, record: Callable[[str], None]) -> None:
    airflow = site.airflow
    known = set(airflow.runs("refine_links"))
    site.hold.touch()
    held = airflow.trigger("refine_links")  # while it is at work no further run begins
    wait_until(lambda: "dedupe_links.run" in running(airflow, "refine_links", held))
    for crawl_id in ("both-1", "both-2"):
        run_id = airflow.trigger("crawl_cycle", {"demo": True, "crawl_id": crawl_id})
        assert airflow.wait_for("crawl_cycle", run_id, seconds=PATIENCE_SECONDS) == "success"
    site.hold.unlink()
    site.wait_for_quiet()
    runs = [r for r in airflow.runs("refine_links") if r not in {*known, held}]
    chosen = [airflow.receipt("refine_links", r, "next_crawl")["crawl_id"] for r in runs]
    assert chosen == ["both-1", "both-2"]
    record(f"crawls that woke each run: {[woken_by(airflow, 'refine_links', run_id) for run_id in runs]}")
    assert receipt("next", "--lake", site.lake)["outcome"] == "unchanged"


def test_a_stopped_gate_holds_its_crawl_until_it_is_mended(site: Site, record: Callable[[str], None]) -> None:
    airflow, before = site.airflow, hashes(site.lake)
    known = set(airflow.runs("refine_links"))
    site.poison.touch()
    airflow.pause("crawl_cycle", is_paused=False)
    linklake("crawl", "--demo", "--crawl-id", "poisoned", "--lake", site.lake)
    run_id = airflow.trigger("refine_links")
    assert airflow.wait_for("refine_links", run_id, seconds=PATIENCE_SECONDS) == "failed"
    stopped = airflow.receipt("refine_links", run_id, "dedupe_links.gate")
    assert (stopped["outcome"], stopped["crawl_id"], stopped["published"]) == ("stopped", "poisoned", False)
    log = task_log(airflow, "refine_links", run_id, "dedupe_links.gate")
    record("the log of a stopped gate ends with:\n" + "\n".join(log[-8:]))
    assert any("the gate stopped dedupe_links for crawl poisoned" in line for line in log[-8:])
    assert any(line.startswith("next: linklake ") for line in log[-4:])
    assert known | {run_id} == set(airflow.runs("refine_links"))
    assert hashes(site.lake)["links"] == before["links"]

    site.poison.unlink()
    clear(airflow, "refine_links", run_id, "dedupe_links.run", downstream=True)
    assert airflow.wait_for("refine_links", run_id, seconds=PATIENCE_SECONDS) == "success"
    site.wait_for_quiet()
    assert receipt("next", "--lake", site.lake)["outcome"] == "unchanged"


def test_a_crawl_cannot_be_backfilled(site: Site) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        backfill(site.airflow, "crawl_cycle")
    assert about("Dag with dag_id: '…' does not allow backfill runs", detail(refused.value))


@pytest.mark.parametrize("dag_id", CHAIN)
def test_what_is_no_crawl_id_is_refused_and_begins_no_run(site: Site, dag_id: str) -> None:
    before = site.airflow.runs(dag_id)
    with pytest.raises(urllib.error.HTTPError) as refused:
        site.airflow.trigger(dag_id, {"crawl_id": "$(date)"})
    assert refused.value.code in (400, 422)
    assert about("Invalid input for param …: …", detail(refused.value).splitlines()[0])
    assert site.airflow.runs(dag_id) == before


def detail(error: urllib.error.HTTPError) -> str:
    """What Airflow says of a request that it refuses."""
    return str(json.loads(str(error.reason).partition(": ")[2])["detail"])


def test_a_backfill_of_three_crawl_ids_gives_the_tables_of_three_runs(site: Site, tmp_path: Path) -> None:
    for number, day in enumerate(DAYS):
        links = "".join(f'<p><a href="http://{n}.test/{day}">words {n}</a></p>' for n in range(number + 3))
        pages = {f"http://{n}.test/": links for n in range(number + 2)}
        write_archive(site.folder / "inbox" / f"{day}-news" / "a.warc", pages, at=f"{day}T10:00:00Z")
    by_hand = tmp_path / "by hand"
    for crawl_id in (f"{day}-news" for day in DAYS):
        linklake("ingest", site.folder / "inbox" / crawl_id / "a.warc", "--crawl-id", crawl_id, "--lake", by_hand)
    linklake("build", "--lake", by_hand)

    airflow = site.airflow
    aside = site.lake.rename(site.folder / "aside")
    airflow.pause("ingest_archives", is_paused=False)
    backfill(airflow, "ingest_archives")
    wait_until(lambda: sum(s == "success" for r, s in airflow.runs("ingest_archives").items() if "backfill" in r) == 3)
    site.wait_for_quiet()
    assert hashes(site.lake) == hashes(by_hand)
    site.lake.rename(site.folder / "ingested")
    aside.rename(site.lake)


def test_a_wiped_database_loses_nothing_because_the_lake_knows(site: Site, record: Callable[[str], None]) -> None:
    airflow = site.airflow
    airflow.trigger("crawl_cycle", {"demo": True, "crawl_id": "cut-short"})
    wait_until(lambda: any("crawl" in words for words in site.processes().values() if "linklake" in words))
    assert site.process is not None
    running = len(site.processes())
    seconds = site.stop()
    record(f"stopped {running} processes with a crawl at work in {seconds:.1f} s; left: {site.processes() or 'none'}")
    assert site.processes() == {}

    for path in site.home.glob("airflow.db*"):
        path.unlink()
    linklake("crawl", "--demo", "--crawl-id", "unseen", "--lake", site.lake)
    record(f"the API answered after {site.start():.0f} s (a fresh database)")
    for dag_id in CHAIN[1:]:
        site.airflow.pause(dag_id, is_paused=False)
    site.airflow.pause("housekeeping", is_paused=False)
    run_id = site.airflow.trigger("housekeeping")
    site.airflow.wait_for("housekeeping", run_id, seconds=PATIENCE_SECONDS)
    site.wait_for_quiet()
    assert receipt("next", "--lake", site.lake)["outcome"] == "unchanged"
    found = linklake("sql", "select count(*) from link_classes where crawl_id = 'unseen'", "--lake", site.lake)
    assert "0" not in found.split()[-1:]


def test_termination_leaves_no_process(site: Site, record: Callable[[str], None]) -> None:
    seconds = site.stop(signal.SIGTERM)
    record(f"stopped idle in {seconds:.1f} s; left: {site.processes() or 'none'}")
    assert site.processes() == {}


# -------------------------------------------------------------------- asking Airflow


def woken_by(airflow: Airflow, dag_id: str, run_id: str) -> list[str]:
    run = run_id.replace("+", "%2B").replace(":", "%3A")
    events = airflow.ask("GET", f"/dags/{dag_id}/dagRuns/{run}/upstreamAssetEvents")["asset_events"]
    return [e["extra"]["crawl_id"] for e in events]


def states_of(airflow: Airflow, dag_id: str, run_id: str) -> dict[str, str]:
    return {t["task_id"]: t["state"] for t in airflow.tasks(dag_id, run_id)}


def running(airflow: Airflow, dag_id: str, run_id: str) -> set[str]:
    return {t["task_id"] for t in airflow.tasks(dag_id, run_id) if t["state"] == "running"}


def clear(airflow: Airflow, dag_id: str, run_id: str, task_id: str, *, downstream: bool = False) -> None:
    body = {
        "dry_run": False,
        "dag_run_id": run_id,
        "task_ids": [task_id],
        "only_failed": False,
        "include_downstream": downstream,
        "reset_dag_runs": True,
    }
    for _ in range(5):
        try:
            airflow.ask("POST", f"/dags/{dag_id}/clearTaskInstances", body)
            return
        except urllib.error.HTTPError as error:
            # Airflow on SQLite, while tasks report to it on a busy machine; a server's database has no such limit.
            if error.code != 500 or "Database error" not in str(error.reason):
                raise
            time.sleep(1)
    pytest.fail(f"{dag_id}.{task_id} cannot be cleared: the database stays locked")


def backfill(airflow: Airflow, dag_id: str) -> Any:
    days = {"from_date": f"{DAYS[0]}T00:00:00Z", "to_date": f"{DAYS[-1]}T00:00:00Z"}
    return airflow.ask("POST", "/backfills", {"dag_id": dag_id, **days, "max_active_runs": 2})


def task_log(airflow: Airflow, dag_id: str, run_id: str, task_id: str) -> list[str]:
    run = run_id.replace("+", "%2B").replace(":", "%3A")
    said = airflow.ask("GET", f"/dags/{dag_id}/dagRuns/{run}/taskInstances/{task_id}/logs/1?full_content=true")
    return [line["event"] for line in said["content"] if line["event"] != "::endgroup::"]


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    patience = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < patience, f"not so after {seconds} s"
        time.sleep(0.2)


@pytest.fixture
def record(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Show a measured figure, whether or not the test fails."""

    def show(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text.rstrip()}", flush=True)

    return show
