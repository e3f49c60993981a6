"""SIGINT and SIGTERM end every command in a few seconds, with one line, a receipt, and no process left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from crawlers.journal import Journal
from schemas.lake import Lake
from tests.crawlers.small_web import SmallWeb, page
from tests.linklake.calls import call, command_line
from tests.tiny_lake import all_table_hashes

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECONDS = 8.0
"""Grace of five, and what the machine needs to start and end processes."""

ENDLESS = "select count(*) from range(100000000000) as a"
STREAMED = "select * from range(100000000000) as a where range % 1000000007 = 5"

# What a stage may be busy with, in place of its own work.
BUSY = {
    "DuckDB": "import duckdb; from transforms.engines.duckdb import interruptible; "
    "interruptible(duckdb.connect()).execute('create temp table t as select a.range as x from range(1000000) as a, "
    "range(1000000) as b where a.range * b.range % 7 = 9')",
    "Python": "\n while True: pass",
    "an except block": "\n try: 1 / 0\n except ZeroDivisionError:\n  while True: pass",
    "a callback of a weak reference": "\n import weakref\n def late(_):\n  while True: pass\n class Thing: pass\n"
    " thing = Thing()\n kept = weakref.ref(thing, late)\n del thing\n while True: pass",
    "a compiled kernel": "import numba, numpy as np\n f = numba.njit(nogil=True)(_spin)\n f(np.ones(2))",
}


@contextmanager
def running(words: list[str], **more: object) -> Iterator["Popen[str]"]:
    """A process with its streams merged; whatever happens it does not outlive the test."""
    with Popen(words, text=True, stdout=PIPE, stderr=subprocess.STDOUT, **more) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def stopped(process: "Popen[str]", number: signal.Signals) -> str:
    """What a process says once it was asked to stop; it has to be quick."""
    asked = time.monotonic()
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert time.monotonic() - asked < SECONDS
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert "defect" not in said
    return str(said)


def is_last_line(said: str, command: str, number: signal.Signals) -> bool:
    line = f"linklake {command}: stopped by {number.name}: nothing published or acknowledged is lost"
    return said.splitlines()[-1].startswith(line)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("query", [ENDLESS, STREAMED])
def test_a_question_ends_with_one_line(query: str, number: signal.Signals, built_lake: Path) -> None:
    with running(command_line("sql", query, "--lake", built_lake)) as process:
        time.sleep(3.0)
        said = stopped(process, number)
    assert is_last_line(said, "sql", number)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(("what", "number"), [*((what, signal.SIGTERM) for what in BUSY), ("DuckDB", signal.SIGINT)])
def test_a_stage_ends_with_its_receipt_whatever_it_is_busy_with(
    what: str,
    number: signal.Signals,
    lakes_before_stages: dict[str, Path],
    copy_of: Callable[[Path], Path],
    tmp_path: Path,
) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    before = all_table_hashes(lake)
    code = (
        "import sys, linklake.runs\nfrom linklake import __main__\n"
        "def _spin(x):\n while x[0] > 0: x[1] += 1\n"
        f"def run_stage(*_, **__):\n print('busy', flush=True); {BUSY[what]}\n"
        "linklake.runs.run_stage = run_stage\n"
        "__main__.main()\n"
    )
    script = tmp_path / "busy.py"
    script.write_text(code, encoding="utf-8")
    words = [sys.executable, str(script), "run", "rank_hosts", "--crawl-id", "tiny", "--lake", str(lake)]
    with running(words, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["crawl_id tiny\n", "busy\n"]
        time.sleep(2.0 if "kernel" in what else 0.3)
        said = stopped(process, number)
    *lines, last = said.splitlines()
    receipt = json.loads(last)
    assert (receipt["outcome"], receipt["published"]) == ("failed", False)
    assert receipt["message"].startswith(f"stopped by {number.name}: ")
    assert lines == [f"linklake run: {receipt['message']}"]
    after = all_table_hashes(lake)
    assert {n: h for n, h in after.items() if n != "stage_runs"} == {
        n: h for n, h in before.items() if n != "stage_runs"
    }
    assert call("run", "rank_hosts", "--crawl-id", "tiny", "--lake", lake).receipt["outcome"] == "built"


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_a_signal_while_the_command_is_still_starting_is_one_line_too(seconds: float, built_lake: Path) -> None:
    number = signal.SIGTERM
    with running(command_line("sql", ENDLESS, "--lake", built_lake)) as process:
        time.sleep(seconds)
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    if process.returncode == 128 + number:
        assert re.match(r"linklake( sql)?: stopped by ", said.splitlines()[-1])
    else:  # Python itself was still starting
        assert process.returncode == -number


# -------------------------------------------------------------------- crawls


@pytest.fixture
def slow_web() -> Iterator[SmallWeb]:
    """A site of many pages, a few a second."""
    with SmallWeb({"a.test/": page(*(f"/{n}" for n in range(500)))}) as web:
        yield web


def crawl_words(web: SmallWeb, lake: Path) -> list[str]:
    place = f"a.test={web.address}"
    words = ["crawl", "http://a.test/", "--connect-to", place, "--contact", "https://me.invalid/", "--delay", 0.1]
    return command_line(*words, "--crawl-id", "c1", "--lake", lake)


def crawler_of(process: "Popen[str]") -> int:
    """The id of the process that a command crawls in."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for _ in range(1000):
        if children := path.read_text(encoding="ascii").split():
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("no crawl was started")


def wait_until_gone(pid: int) -> None:
    for _ in range(800):
        if not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="ascii"):
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"process {pid} went on")


def wait_for_pages(web: SmallWeb, count: int) -> None:
    for _ in range(3000):
        if len(web.requests) > count:
            return
        time.sleep(0.01)
    raise AssertionError(f"only {len(web.requests)} requests")


def rows_kept(lake: Path) -> int:
    state = Journal.read(Lake.open(lake).observing("c1"))
    return sum(part.files["page_fetches"].rows for part in state.parts)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_crawl_that_is_stopped_keeps_what_it_saw_and_leaves_no_process(
    number: signal.Signals, slow_web: SmallWeb, tmp_path: Path
) -> None:
    with running(crawl_words(slow_web, tmp_path / "lake")) as process:
        wait_for_pages(slow_web, 8)
        crawler = crawler_of(process)
        said = stopped(process, number)
        wait_until_gone(crawler)
    receipt = json.loads(said.splitlines()[-1])
    assert (receipt["outcome"], receipt["crawl_id"]) == ("failed", "c1")
    assert receipt["message"].startswith(f"stopped by {number.name}: ")
    assert rows_kept(tmp_path / "lake") >= 6


def test_a_crawl_ends_when_the_command_that_started_it_is_killed(slow_web: SmallWeb, tmp_path: Path) -> None:
    with running(crawl_words(slow_web, tmp_path / "lake")) as process:
        wait_for_pages(slow_web, 8)
        crawler = crawler_of(process)
        process.kill()
        wait_until_gone(crawler)
    assert rows_kept(tmp_path / "lake") >= 6


def test_a_crawl_does_not_begin_when_the_command_that_started_it_was_killed_meanwhile(
    slow_web: SmallWeb, tmp_path: Path
) -> None:
    with running(crawl_words(slow_web, tmp_path / "lake")) as process:
        crawler = crawler_of(process)
        process.kill()
        wait_until_gone(crawler)
    assert not slow_web.requests
