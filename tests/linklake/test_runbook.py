"""Every message of the runbook is brought about, and the commands under it are typed: then what failed succeeds.

A message is a function of its own below, with the words of the runbook over it. To add one, add both; a page without a
function fails here, and a function without a page.
"""

import ast
import errno
import fcntl
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

import linklake.runs
import schemas.errors
from crawlers.archives import ingest as read_archives
from crawlers.journal import Journal
from crawlers.sink import Sink
from linklake.observe import crawl_facts
from schemas.lake import Lake
from tests.linklake.calls import Ended, call, command_line, two_pages
from tests.linklake.test_bad_input import newer_layout, newer_schema
from tests.runbook import AIRFLOW, pages
from tests.small_lake import republish
from transforms.engines.duckdb import DuckDB

REPOSITORY: Final = Path(__file__).parents[2]
PAGES: Final = {message: page for message, page in pages().items() if page.chapter != AIRFLOW}
CRAWL: Final = "tiny"

Case = Callable[["Night"], Sequence[object]]
CASES: Final[dict[str, Case]] = {}


def produces(*messages: str) -> Callable[[Case], Case]:
    """The function under it brings those messages about: it makes a lake and returns the words that fail."""

    def keep(case: Case) -> Case:
        CASES.update(dict.fromkeys(messages, case))
        return case

    return keep


class Night:
    """One lake, the environment of its worker, and what the person on call knows."""

    def __init__(self, folder: Path, lakes: dict[str, Path], observed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.lake = folder / "lake"
        self.environment = {"LINKLAKE_LAKE": str(self.lake), "LINKLAKE_CONTACT": "mailto:us@linklake.test"}
        self.names: dict[str, str] = {"CRAWL": CRAWL}
        self.is_repeatable = True
        """Whether the call that failed is right in itself, so that it must succeed in the end."""
        self.meanwhile = ExitStack()
        """What goes away by itself: other processes, a full disk."""
        self.message = ""
        """Which message of several is wanted of a function that makes them all."""
        self._shell: tuple[str, ...] = ()
        self._lakes, self._observed = lakes, observed

    def before(self, stage: str) -> Lake:
        """Take a lake in which all before that stage is published (``""``: everything)."""
        shutil.copytree(self._lakes[stage], self.lake)
        self.names["STAGE"] = stage
        return Lake.open(self.lake)

    def observed(self) -> Lake:
        """Take a lake with a crawl that is not settled."""
        shutil.copytree(self._observed, self.lake)
        return Lake.open(self.lake)

    def staged(self, stage: str) -> Path:
        """Take a lake in which that stage waits for its gate; returns the folder of what is staged."""
        self.before(stage)
        self.well("run", stage, "--crawl-id", CRAWL, "--no-publish")
        return next((self.lake / "_staging" / stage / CRAWL).glob("*/manifest.json")).parent

    def archive(self, name: str = "a.warc.gz") -> Path:
        """A web archive of two pages, which is what ``$ARCHIVE`` means."""
        path = two_pages(self.folder / name)
        self.names["ARCHIVE"] = str(path)
        return path

    def backed_up(self, path: Path) -> Path:
        """Make a backup of a file or folder: what ``$BACKUP`` and ``$FILE`` mean."""
        backup = self.folder / "backup"
        (shutil.copytree if path.is_dir() else shutil.copy)(path, backup)
        self.names |= {"BACKUP": str(backup), "FILE": str(path)}
        return path

    def limit_files(self, half_kibibytes: int) -> None:
        """Let commands write no file of more than so many 512 bytes, for now."""
        self._shell = ("sh", "-c", 'ulimit -f "$0"; exec "$@"', str(half_kibibytes))
        self.meanwhile.callback(setattr, self, "_shell", ())

    def call(self, *words: object) -> Ended:
        """A command, as the worker starts it."""
        if not self._shell:
            return call(*words, environment=self.environment, folder=self.folder)
        command = [*self._shell, *command_line(*words)]
        # Python would leave compiled modules behind that were cut at the limit.
        environment = self.environment | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return Ended(done.returncode, done.stdout, done.stderr, done.stderr + done.stdout)

    def well(self, *words: object) -> None:
        """A command that must succeed."""
        ended = self.call(*words)
        assert ended.code == 0, ended.merged

    def types(self, line: str) -> None:
        """A line of the runbook, with its names filled in; it must succeed."""
        command, _, rest = line.partition(" ")
        if command == "linklake":
            self.well(*self._expanded(rest))
        elif command == "export":
            name, value = self._expanded(rest)[0].split("=", 1)
            self.environment[name] = value
        elif command == "unset":
            self.environment.pop(self._expanded(rest)[0])
        else:
            self._bash(line)

    def _expanded(self, words: str) -> list[str]:
        return self._bash(f"""set -- {words}; printf '%s\\0' "$@" """).split("\0")[:-1]

    def _bash(self, line: str) -> str:
        command = ["bash", "-euc", line]  # -u: a name that nobody gave fails
        done = subprocess.run(command, env=self.names | {"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def night(
    tmp_path: Path, lakes_before_stages: dict[str, Path], observed_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Night]:
    night = Night(tmp_path, lakes_before_stages, observed_lake, monkeypatch)
    with night.meanwhile:
        yield night


def test_every_message_of_the_runbook_is_brought_about_here_and_no_other() -> None:
    assert set(CASES) == set(PAGES)


@pytest.mark.slow
@pytest.mark.parametrize("message", CASES)
def test_the_log_ends_with_the_message_and_the_commands_under_it_mend_it(message: str, night: Night) -> None:
    page = PAGES[message]
    night.message = message
    words = CASES[message](night)
    ended = night.call(*words)
    last = ended.err.splitlines()[-1].removeprefix(f"linklake {words[0]}: ")
    assert page.is_about(last), last
    assert ended.code == page.code
    assert "Traceback" not in ended.err or page.message.startswith("a defect")
    if ended.code != 2:
        assert ended.receipt["message"] == last
    night.meanwhile.close()
    if not page.mend:
        return
    for line in page.mend:
        night.types(line)
    if night.is_repeatable:
        night.well(*words)


SAID_BY_TASKS: Final = (
    *("crawlers/archives.py", "crawlers/journal.py", "linklake/observe.py", "linklake/pipeline.py", "linklake/runs.py"),
    *("linklake/quarantine.py", "schemas/lake.py"),
)
"""Where the messages come from that a task can end with, for the most part; files that are not there count for none."""

LEFT_OUT: Final = {
    "cannot read … (…): let this user read the lake": "root, who runs tests, may read everything",
    "no crawl in … has anything to build from: run linklake crawl, ingest or import-graph first": "no DAG builds",
    "the archives of crawl … were named relative to …: run this there": "under Airflow a path has to be absolute",
    "the gate and Great Expectations differ on … of … for crawl …: nothing was published; this is a defect of "
    "linklake …, please report it with …": "a defect: it says so itself",
    "nothing of … for crawl … lies in quarantine: see linklake status": "no DAG discards",
    "there is no stage …: the stages are …": "a DAG that names a stage that is none fails in its tests",
    "… was staged and is gone: run the stage again": "its gate finds it first, but for one moment",
}
"""Messages without a section, and why."""


def test_every_message_that_a_task_can_end_with_has_a_section() -> None:
    raised = {text for name in SAID_BY_TASKS for text in messages_in(REPOSITORY / name)}
    unknown = {
        text for text in raised if not any(page.is_about(text) or page.is_case_of(text) for page in PAGES.values())
    }
    assert unknown - LEFT_OUT.keys() == set()


def messages_in(path: Path) -> set[str]:
    """The messages with which a module raises errors of ours; ``…`` for what is filled in."""
    if not path.exists():
        return set()
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    ours = [c for c in calls if isinstance(c.func, ast.Name) and hasattr(schemas.errors, c.func.id) and c.args]
    return {text for text in (_text_of(call.args[0]) for call in ours) if text.strip("… :")}


def _text_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text_of, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def test_a_message_is_found_whole_or_not_at_all() -> None:
    page = PAGES["nothing of … is staged for crawl …: run linklake run … --crawl-id …"]
    assert page.is_about("nothing of links is staged for crawl a: run linklake run dedupe_links --crawl-id a")
    assert not page.is_about("nothing of links is staged for crawl a: run linklake run dedupe_links")
    assert not page.is_about("oh, nothing of links is staged for crawl a: run linklake run dedupe_links --crawl-id a")


# -------------------------------------------------------------------- gates


@produces(
    "the gate stopped … for crawl …: …. It lies in quarantine, nothing was published: mend the cause, then "
    "run linklake run … --crawl-id …"
)
def an_altered_file(night: Night) -> Sequence[object]:
    part = next(night.staged("dedupe_links").rglob("*.parquet"))
    part.write_bytes(part.read_bytes() + b"x")
    return "gate", "dedupe_links", "--crawl-id", CRAWL


@produces("nothing of … is staged for crawl …: run linklake run … --crawl-id …")
def a_gate_without_its_stage(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    return "gate", "dedupe_links", "--crawl-id", CRAWL


@produces(
    "another process is at work on what … staged for crawl …: wait until it has ended, then run this again",
)
def two_gates_at_once(night: Night) -> Sequence[object]:
    night.staged("dedupe_links")
    lake = Lake.open(night.lake)
    night.meanwhile.enter_context(lake.claimed(lake.staged()[0]))
    return "gate", "dedupe_links", "--crawl-id", CRAWL


@produces(
    "the inputs of … for crawl … are others since it was staged; nothing was published: run … again",
)
def an_older_crawl_that_arrives_between_run_and_gate(night: Night) -> Sequence[object]:
    night.staged("dedupe_links")
    night.well("ingest", "--crawl-id", "older", night.archive())
    night.well("run", "dedupe_links", "--crawl-id", "older")
    return "gate", "dedupe_links", "--crawl-id", CRAWL


@produces("… changed since … for crawl … read it; nothing was published: run … again")
def an_input_that_is_built_again_between_run_and_gate(night: Night) -> Sequence[object]:
    night.staged("dedupe_links")
    republish(night.lake, "link_observations", CRAWL)
    return "gate", "dedupe_links", "--crawl-id", CRAWL


@produces("… is damaged (…): remove … and run its stage again")
def a_manifest_that_cannot_be_read(night: Night) -> Sequence[object]:
    folder = night.staged("dedupe_links")
    (folder / "manifest.json").write_bytes(b"{")
    night.names["FOLDER"] = str(folder)
    return "gate", "dedupe_links", "--crawl-id", CRAWL


# -------------------------------------------------------------------- inputs


@produces("… needs … for crawl …, which is not built: run linklake run … --crawl-id …")
def a_stage_before_its_turn(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    return "run", "classify_links", "--crawl-id", CRAWL


@produces("… for crawl … is staged but not published: run linklake gate … --crawl-id …")
def a_kill_between_run_and_gate(night: Night) -> Sequence[object]:
    night.staged("dedupe_links")
    night.names["DATASET"] = "links"
    return "run", "classify_links", "--crawl-id", CRAWL


@produces("crawl … is observed but not settled: run linklake run settle_crawl --crawl-id …")
def a_crawl_that_nobody_settled(night: Night) -> Sequence[object]:
    night.observed()
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("crawl … is settled but not published: run linklake gate settle_crawl --crawl-id …")
def a_crawl_that_waits_for_its_gate(night: Night) -> Sequence[object]:
    night.observed()
    night.well("run", "settle_crawl", "--no-publish")
    return "run", "dedupe_links", "--crawl-id", CRAWL


def an_import(night: Night) -> str:
    edges = night.folder / "edges.tsv"
    edges.write_text("source_domain\ttarget_domain\na.test\tb.test\n", encoding="utf-8")
    night.well("import-graph", edges, "--crawl-id", "imported")
    return "imported"


@produces("crawl … has no …: there is nothing for … to do")
def links_of_an_imported_graph(night: Night) -> Sequence[object]:
    night.names["CRAWL"] = an_import(night)
    night.is_repeatable = False
    return "run", "dedupe_links", "--crawl-id", "imported"


@produces("no crawl has the inputs of … (…): run linklake crawl, ingest or import-graph first")
def a_lake_without_links(night: Night) -> Sequence[object]:
    an_import(night)
    night.archive()
    return "next", "dedupe_links"


def alter(night: Night, dataset: str) -> None:
    """Remove or alter a published file, of which there is a backup."""
    path = night.backed_up(next((night.lake / dataset).rglob("*.parquet")))
    path.unlink() if "missing" in night.message else path.write_bytes(b"x")


@produces(
    "… of … is missing: restore it, or build it again: linklake run … --crawl-id … --force",
    "… of … is not what was written (…): restore it, or build it again: linklake run … --crawl-id … --force",
)
def a_file_of_a_table_that_was_altered(night: Night) -> Sequence[object]:
    night.before("classify_links")
    alter(night, "links")
    night.names["STAGE"] = "dedupe_links"
    return "run", "classify_links", "--crawl-id", CRAWL


OBSERVED: Final = (
    "what was observed cannot be built again: restore it from a backup, or retract crawl … and crawl or ingest it anew "
    "under another id"
)


@produces(f"… of … is missing: {OBSERVED}", f"… of … is not what was written (…): {OBSERVED}")
def a_file_of_observations_that_was_altered(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    alter(night, "link_observations")
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("… of … partitions are damaged, …")
def a_damage_that_nothing_has_read_yet(night: Night) -> Sequence[object]:
    night.before("classify_links")
    alter(night, "links")
    night.names["STAGE"] = "dedupe_links"
    return ("verify",)


# -------------------------------------------------------------------- crawls and archives


def held(night: Night, crawl_id: str) -> None:
    """Another process observes that crawl."""
    folder = night.lake / "_observing" / crawl_id
    folder.mkdir(parents=True)
    journal = night.meanwhile.enter_context((folder / "journal.jsonl").open("wb"))
    fcntl.flock(journal, fcntl.LOCK_EX)


@produces(
    "the crawl … was broken off (exit code …, see above); what it had acknowledged is safe: run linklake crawl "
    "--crawl-id … to carry it on"
)
def a_crawl_that_cannot_write_its_pages(night: Night) -> Sequence[object]:
    Lake.open_or_create(night.lake)
    night.limit_files(40)
    night.names |= {"CRAWL": "c", "SEEDS": "--demo"}
    return "crawl", "--demo", "--crawl-id", "c"


@produces("… is being written by another process: wait for it, or stop it")
def two_ingestions_of_one_id_at_once(night: Night) -> Sequence[object]:
    Lake.open_or_create(night.lake)
    held(night, "c")
    night.names["CRAWL"] = "c"
    return "ingest", night.archive(), "--crawl-id", "c"


def begun(night: Night, archive: Path, *, is_read: bool) -> Path:
    """An ingestion that was cut off: at once, or (``is_read``) when all was read and nothing settled."""
    folder = Lake.open_or_create(night.lake).observing("c")
    facts = crawl_facts("c", "ingest", "1 web archives", seeds=[str(archive)], config={})
    with Journal.open_or_create(folder, facts | {"archives": [str(archive)], "folder": str(night.folder)}) as journal:
        if is_read:
            read_archives([str(archive)], Sink(journal, stage="ingest"), on_progress=lambda *_: None)
    night.names |= {"CRAWL": "c", "OTHER": "d", "FOLDER": str(folder)}
    return folder


@produces("the observation of crawl … was broken off: run linklake … --crawl-id … to carry it on")
def an_ingestion_that_was_cut_off(night: Night) -> Sequence[object]:
    begun(night, night.archive(), is_read=False)
    return "run", "settle_crawl", "--crawl-id", "c"


@produces("… holds no … … to carry on: name … to begin one")
def an_ingestion_that_was_never_begun(night: Night) -> Sequence[object]:
    Lake.open_or_create(night.lake)
    night.archive()
    return "ingest", "--crawl-id", CRAWL


@produces("… was begun with …: give the same inputs and settings, or another --crawl-id")
def an_ingestion_that_is_carried_on_with_other_archives(night: Night) -> Sequence[object]:
    begun(night, night.archive("first.warc.gz"), is_read=False)
    night.is_repeatable = False
    return "ingest", night.archive(), "--crawl-id", "c"


@produces("crawl … is published already, from other input: choose another --crawl-id")
def a_crawl_id_that_is_taken(night: Night) -> Sequence[object]:
    night.well("ingest", night.archive("first.warc.gz"), "--crawl-id", "c")
    night.names["OTHER"] = "d"
    night.is_repeatable = False
    return "ingest", night.archive(), "--crawl-id", "c"


def begun_in_shards(night: Night) -> Path:
    """A crawl of which the first of two shards was read, and the archive of the other."""
    archives = [night.archive("first.warc.gz"), night.archive()]
    night.well("ingest", *archives, "--crawl-id", "c", "--shard", "1/2")
    night.names |= {"CRAWL": "c", "SHARD": "2/2", "ARCHIVE": f"{archives[0]} {archives[1]}"}
    return archives[1]


@produces("crawl … is not observed yet: … of … shards have not begun, the first is --shard …")
def a_crawl_that_is_settled_before_its_shards_are_read(night: Night) -> Sequence[object]:
    begun_in_shards(night)
    return "run", "settle_crawl", "--crawl-id", "c"


@produces("crawl … was begun …, or choose another --crawl-id")
def an_ingestion_that_is_carried_on_in_other_shards(night: Night) -> Sequence[object]:
    archive = begun_in_shards(night)
    night.is_repeatable = False
    return "ingest", archive, "--crawl-id", "c", "--shard", "2/3"


@produces(
    "… is missing or not … bytes: remove … and observe again",
    "… is damaged at line …: remove … and observe again",
    "… does not begin with what the crawl is: remove … and observe again",
    "… describes a part wrongly (…): remove … and observe again",
)
def an_observation_that_was_altered(night: Night) -> Sequence[object]:
    archive = night.archive()
    folder = begun(night, archive, is_read=True)
    journal = folder / "journal.jsonl"
    first, part, *others = journal.read_bytes().splitlines(keepends=True)
    altered = {"damaged": [b"?\n", part], "begin": [part, part], "wrongly": [first, b'{"line": "part"}\n']}
    if "missing" in night.message:
        next(folder.glob("*.parquet")).unlink()
    else:
        lines = next(lines for word, lines in altered.items() if word in night.message)
        journal.write_bytes(b"".join([*lines, *others]))
    return "ingest", archive, "--crawl-id", "c"


@produces("… holds no crawl: … is missing or empty")
def a_crawl_that_ended_before_its_first_page(night: Night) -> Sequence[object]:
    folder = begun(night, night.archive(), is_read=False)
    (folder / "journal.jsonl").write_bytes(b"")
    return "run", "settle_crawl", "--crawl-id", "c"


BAD_ARCHIVES: Final[dict[str, Callable[[Path], object]]] = {
    "cannot read … (…): check the path and its permissions": lambda path: None,
    "… is a directory: give the web archives in it, as in …/*.warc.gz": lambda path: path.mkdir(),
    "… is no WARC file: give .warc, .warc.gz or .warc.zst files": lambda path: path.write_bytes(b"<html>" * 99),
    "… is gzip, but not of WARC records: give .warc, .warc.gz or .warc.zst files": lambda path: path.write_bytes(
        gzip.compress(b"<html>" * 999)
    ),
    "… needs a zstd dictionary, which is not supported: recompress it without": lambda path: path.write_bytes(
        b"\x5d\x2a\x4d\x18" + bytes(20)
    ),
}


@produces(*BAD_ARCHIVES)
def a_file_that_is_no_archive(night: Night) -> Sequence[object]:
    bad = night.folder / "bad"
    BAD_ARCHIVES[night.message](bad)
    night.archive()
    night.is_repeatable = False
    return "ingest", "--crawl-id", CRAWL, bad


@produces("… is compressed as a whole instead of record by record: decompress it, a plain .warc is read too")
def an_archive_packed_by_plain_gzip(night: Night) -> Sequence[object]:
    archive = night.archive()
    plain = gzip.decompress(archive.read_bytes())
    archive.write_bytes(gzip.compress(plain))
    night.meanwhile.enter_context(patch("crawlers.frames.FRAME_LIMIT", len(plain) - 9))  # else 64 MiB were needed
    night.is_repeatable = False
    return "ingest", "--crawl-id", CRAWL, archive


NOBODY: Final = "http://127.0.0.1:9/"
"""Where no server listens: the crawl ends at once, with a page that could not be fetched."""


@produces("a crawl needs a contact for its User-Agent: set contact in linklake.toml, LINKLAKE_CONTACT or --contact")
def a_crawl_without_a_contact(night: Night) -> Sequence[object]:
    night.names["CONTACT"] = night.environment.pop("LINKLAKE_CONTACT")
    return "crawl", NOBODY, "--pages", 1


BAD_SEEDS: Final[dict[str, bytes | None]] = {
    "cannot read the seed file … (…): check the path": None,
    "… holds no seed: name URLs to start from, such as https://example.org/": b"# none yet\n",
    "the seed … (…) is no http(s) URL (…): write one like https://a.example/": b"example.org\n",
    "the seed file … is not UTF-8 text: give one with a URL a line": b"\xff\xfe",
}


@produces(*BAD_SEEDS)
def a_bad_file_of_seeds(night: Night) -> Sequence[object]:
    path, content = night.folder / "seeds.txt", BAD_SEEDS[night.message]
    if content is not None:
        path.write_bytes(content)
    night.names |= {"FILE": str(path), "URL": NOBODY}
    return "crawl", "--seeds", path, "--pages", 1


# -------------------------------------------------------------------- the call


@produces(
    "the lake … is relative, and this task runs in a temporary folder: set LINKLAKE_LAKE to an absolute path",
)
def a_task_without_a_lake(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.names["LAKE"] = night.environment.pop("LINKLAKE_LAKE")
    night.environment["AIRFLOW_CTX_DAG_ID"] = "refine_links"
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("there is no lake at …: make one with linklake crawl, ingest or import-graph")
def a_volume_that_is_not_mounted(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.names["LAKE"] = str(night.lake)
    night.environment["LINKLAKE_LAKE"] = str(night.folder / "elsewhere")
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces(
    "… is not empty and no lake: choose another folder with --lake",
    "cannot make a lake at … (…): choose another folder with --lake",
)
def a_folder_that_holds_something_else(night: Night) -> Sequence[object]:
    archive = night.archive()
    is_a_file = "cannot make" in night.message
    night.names["LAKE"] = str(night.lake)
    night.environment["LINKLAKE_LAKE"] = str(archive if is_a_file else night.folder)
    return "ingest", archive, "--crawl-id", CRAWL


@produces(
    "there is no crawl … in …: the newest are …",
    "… is no crawl id: use 1-63 of a-z 0-9 . - with at least one letter, such as 2026-w46",
)
def a_crawl_id_that_was_mistyped(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.is_repeatable = False
    return "run", "dedupe_links", "--crawl-id", "tyni" if "newest" in night.message else "2026-11-20"


@produces("… from LINKLAKE_… is …: …", "… from LINKLAKE_… is …, not a whole number")
def a_setting_that_cannot_be_used(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    name, value = ("LINKLAKE_THREADS", "all") if "whole" in night.message else ("LINKLAKE_MEMORY", "much")
    night.environment[name] = value
    night.names["VARIABLE"] = name
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("DuckDB cannot start with memory …, threads …: …")
def more_threads_than_there_can_be(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.environment["LINKLAKE_THREADS"] = str(10**22)
    night.names["VARIABLE"] = "LINKLAKE_THREADS"
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces(
    "the lake … was written by linklake … (format …), this is linklake … (format …): upgrade linklake",
    "… in … was written by linklake … with a newer schema, this is linklake …: upgrade linklake",
)
def a_worker_that_is_older_than_the_lake(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    (newer_layout if "format" in night.message else newer_schema)(night.lake)
    return "run", "dedupe_links", "--crawl-id", CRAWL


# -------------------------------------------------------------------- the lake


@produces(
    "… is damaged (…): restore it from a backup",
    "the log of … has no version …: restore … from a backup",
    "cannot read the log of … (…): restore … from a backup",
)
def a_log_that_was_altered(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    log = night.lake / "_log"
    if "cannot read" in night.message:
        shutil.rmtree(night.backed_up(log))
    else:
        commit = night.backed_up(sorted(log.glob("*.json"))[0])
        if "damaged" in night.message:
            commit.write_bytes(b"{")
        else:
            shutil.copy(commit, log / f"{2:020d}.json")
            said = json.loads(commit.read_text(encoding="utf-8")) | {"number": 2, "added": []}
            (log / f"{2:020d}.json").write_text(json.dumps(said), encoding="utf-8")
            commit.unlink()
    return "run", "dedupe_links", "--crawl-id", CRAWL


# -------------------------------------------------------------------- the machine


@produces("… needs more than … of memory, or more disk to spill: raise --memory or free some space (…)")
def too_little_memory(night: Night) -> Sequence[object]:
    """The stage asks for some 160 MB in one piece, beside what it does."""
    night.before("dedupe_links")
    night.environment["LINKLAKE_MEMORY"] = "100MB"
    night.names["MEMORY"] = "2GB"
    write = DuckDB.write

    def greedy(engine: DuckDB, *given: Any, **named: Any) -> Any:
        engine.rows("select len(list(range)) from range(20000000)")
        return write(engine, *given, **named)

    night.monkeypatch.setattr(DuckDB, "write", greedy)
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces(
    "… reads … MiB and may need … MiB of disk, but only … MiB are free at …: free some space and run it again",
)
def a_disk_that_is_nearly_full(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    usage = shutil.disk_usage(night.lake)._replace(free=0)
    night.meanwhile.enter_context(patch.object(shutil, "disk_usage", lambda place: usage))
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("… could not read or write a file, what was published stays: …")
def a_disk_that_takes_no_more_of_duckdb(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.limit_files(1)
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("…: No space left on device")
def a_disk_that_takes_no_more_of_us(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(night.lake))
    night.meanwhile.enter_context(patch("schemas.lake.fsync_path", side_effect=full))
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("stopped by …: nothing published or acknowledged is lost, run the same command again to go on")
def a_stop_by_hand(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.meanwhile.enter_context(patch.object(linklake.runs, "run_stage", side_effect=KeyboardInterrupt))
    return "run", "dedupe_links", "--crawl-id", CRAWL


@produces("a defect of linklake … (…): please report the lines above")
def a_defect(night: Night) -> Sequence[object]:
    night.before("dedupe_links")
    night.meanwhile.enter_context(patch.object(linklake.runs, "run_stage", side_effect=ZeroDivisionError))
    return "run", "dedupe_links", "--crawl-id", CRAWL
