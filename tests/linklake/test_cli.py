"""Every command keeps its word: what it prints where, its receipt as the last line, its exit code, what is next."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import linklake.runs
from linklake import cli
from linklake.demo.server import DemoServer
from linklake.pipeline import STAGES
from schemas.lake import Lake
from schemas.vocabulary import OUTCOME
from tests.linklake.calls import Ended, call, command_line, process, two_pages
from tests.tiny_lake import all_table_hashes

CommandLine = list[Any]

COMMANDS = tuple(command[0] for command in cli._COMMANDS)
WITH_RECEIPT = (
    "crawl", "check", "ingest", "import-graph", "build", "run", "gate", "next", "retract", "verify", "housekeeping",
)  # fmt: skip


def next_command(receipt: dict[str, Any]) -> list[str]:
    words = shlex.split(receipt["next"])
    assert words[0] == "linklake"
    return words[1:]


# -------------------------------------------------------------------- receipts


def test_whoever_follows_what_is_next_gets_from_an_observation_to_an_answer(
    observed_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(observed_lake)
    command = ["run", "settle_crawl", "--crawl-id", "tiny", "--lake", str(lake)]
    walked = []
    for _ in range(2 * len(STAGES)):
        ended = call(*command, *(["--no-publish"] if command[0] == "run" else []))
        assert ended.code == 0, ended.err
        assert ended.err.splitlines()[0] == "crawl_id tiny"
        receipt = ended.receipt
        is_gate = command[0] == "gate"
        assert (receipt["outcome"], receipt["published"]) == (("built", True) if is_gate else ("staged", False))
        assert receipt["rows"]["out"] >= 0
        assert receipt["seconds"] > 0
        assert receipt["peak_rss_bytes"] > 10 << 20
        walked.append((command[0], receipt["stage"]))
        command = next_command(receipt)
        assert command[-2:] == ["--lake", str(lake)]
    assert walked == [(door, stage.name) for stage in STAGES for door in ("run", "gate")]
    assert command[0] == "sql"
    answer = call(*command, "--format", "json")
    assert answer.code == 0
    assert [row["crawl_id"] for row in answer.rows] == ["tiny"]


def test_a_receipt_counts_rows_in_rejected_and_out_and_those_of_every_output(
    lakes_before_stages: dict[str, Path], tmp_path: Path
) -> None:
    for stage in STAGES:
        lake = tmp_path / stage.name
        shutil.copytree(lakes_before_stages[stage.name], lake)
        rows = call("run", stage.name, "--lake", lake, "--crawl-id", "tiny").receipt["rows"]
        by_dataset = {name: rows[name] for name in stage.outputs}
        assert sum(n for name, n in by_dataset.items() if name != "rejected_records") == rows["out"], stage.name
        assert rows["rejected"] == by_dataset.get("rejected_records", 0)
        assert rows["in"] > 0
        shutil.rmtree(lake)


def test_a_crawl_prints_its_id_first_and_its_receipt_last(tmp_path: Path) -> None:
    with DemoServer() as server:
        address, port = server.address
        place = f"*.test={address}:{port}"
        words = ["crawl", "http://heron-oars.test/", "--connect-to", place, "--contact", "https://me.invalid/"]
        ended = process(*words, "--delay", 0, "--pages", 5, "--crawl-id", "c1", "--lake", "lake", folder=tmp_path)
        again = process(*words, "--delay", 0, "--pages", 5, "--crawl-id", "c1", "--lake", "lake", folder=tmp_path)
    assert ended.code == 0, ended.merged
    assert ended.merged.splitlines()[0] == "crawl_id c1"
    receipt = ended.receipt
    assert (receipt["stage"], receipt["outcome"], receipt["published"]) == ("crawl", "built", True)
    assert receipt["rows"]["page_fetches"] == receipt["rows"]["fetched"] == 2
    assert next_command(receipt) == ["build", "--crawl-id", "c1", "--lake", "lake"]
    assert process(*next_command(receipt), folder=tmp_path).code == 0
    assert (again.code, again.receipt["outcome"]) == (0, "unchanged")
    assert again.merged.splitlines()[-2] == "crawl c1 is already published"


def test_a_crawl_that_reaches_nobody_says_so(tmp_path: Path) -> None:
    """Exit code 0: the crawl did what it could, and the next stages have a state to build from."""
    words = ["crawl", "http://nobody.test/", "--connect-to", "*.test=127.0.0.1:1", "--contact", "https://me.invalid/"]
    ended = process(*words, "--delay", 0, "--crawl-id", "c1", "--lake", "lake", folder=tmp_path)
    assert ended.code == 0, ended.merged
    said = ended.receipt["message"]
    assert said.startswith("no page was read (robots_unreachable 1)")
    question = shlex.split(said.split("; ")[1])[1:]
    assert "robots_unreachable" in process(*question, "--lake", "lake", folder=tmp_path).out


def test_an_ingest_an_import_and_a_build_leave_receipts(tmp_path: Path) -> None:
    lake, edges = tmp_path / "lake", tmp_path / "edges.tsv"
    archive = two_pages(tmp_path / "a.warc.gz")
    edges.write_text("source_domain\ttarget_domain\na.test\tb.test\n", encoding="utf-8")
    ingested = call("ingest", archive, "--crawl-id", "i", "--lake", lake)
    assert ingested.code == 0, ingested.err
    assert (
        ingested.receipt["rows"] | {"page_fetches": 2, "link_observations": 3, "fetched": 2, "records": 2}
        == (ingested.receipt["rows"])
    )
    built = call(*next_command(ingested.receipt))
    assert (built.code, built.receipt["stage"], built.receipt["crawl_id"]) == (0, "build", "i")
    assert (built.receipt["outcome"], built.receipt["published"]) == ("built", True)
    assert [line.split()[0] for line in built.err.splitlines()] == ["crawl_id", *(s.name for s in STAGES[1:])]
    assert call("build", "--lake", lake).receipt["outcome"] == "unchanged"
    imported = call("import-graph", edges, "--crawl-id", "g", "--lake", lake)
    assert (imported.code, imported.receipt["stage"], imported.receipt["rows"]["domain_edges"]) == (
        0,
        "import-graph",
        1,
    )
    assert call(*next_command(imported.receipt)).receipt["stage"] == "rank_domains"


def test_a_second_run_of_anything_says_that_it_is_there_already(built_lake: Path, tmp_path: Path) -> None:
    before = all_table_hashes(built_lake)
    for stage in STAGES:
        for door in ("run", "gate"):
            ended = call(door, stage.name, "--lake", built_lake, "--crawl-id", "tiny")
            assert (ended.code, ended.receipt["outcome"], ended.receipt["published"]) == (0, "unchanged", True)
            assert "is already published" in ended.receipt["message"]
            assert ended.merged.splitlines()[-2] == ended.receipt["message"]
    assert all_table_hashes(built_lake) == before


def test_without_a_crawl_id_a_stage_takes_the_newest_crawl_and_says_which(built_lake: Path) -> None:
    ended = call("run", "rank_hosts", "--lake", built_lake)
    assert (ended.code, ended.err.splitlines()[0]) == (0, "crawl_id tiny")


def test_the_receipt_is_written_to_a_file_too(built_lake: Path, tmp_path: Path) -> None:
    path = tmp_path / "return.json"
    ended = call("run", "rank_hosts", "--lake", built_lake, "--receipt", path)
    assert json.loads(path.read_text(encoding="utf-8")) == ended.receipt
    failed = call("run", "rank_hosts", "--lake", tmp_path / "none", "--receipt", path)
    assert json.loads(path.read_text(encoding="utf-8")) == failed.receipt


def test_receipts_use_the_words_of_the_vocabulary_and_are_kept_in_stage_runs(built_lake: Path) -> None:
    runs = call("sql", "select stage, outcome, is_published from stage_runs", "--format", "json", "--lake", built_lake)
    assert {row["stage"] for row in runs.rows} >= {stage.name for stage in STAGES}
    assert {row["outcome"] for row in runs.rows} <= set(OUTCOME)


@pytest.mark.parametrize(
    "words",
    [
        ["sql", "select 1 as one"],
        ["sql", "select 1 as one", "--format", "json"],
        ["status"],
        ["config"],
        ["doctor"],
        ["stages"],
        ["schema"],
        ["schema", "links"],
        ["schema", "links", "--format", "ddl"],
        ["canonicalize"],
        ["extract", "--url", "http://a.test/"],
    ],
    ids=" ".join,
)
def test_a_command_whose_stdout_is_data_prints_no_receipt(words: CommandLine, built_lake: Path) -> None:
    has_lake = words[0] not in ("stages", "schema", "canonicalize", "extract")
    ended = call(*words, *(["--lake", built_lake] if has_lake else []), stdin=b"<a href=/x>x</a>\n")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out
    assert not ended.has_receipt


# -------------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["run"],
        ["run", "no_such_stage"],
        ["run", "rank_hosts", "--no-pub"],  # no abbreviations: a later flag would change what they mean
        ["run", "rank_hosts", "--crawl-id", "no-such-crawl"],
        ["run", "rank_hosts", "--crawl-id", "2026-11-20"],
        ["run", "rank_hosts", "--crawl-id", "../x"],
        ["run", "rank_hosts", "--threads", "0"],
        ["run", "rank_hosts", "--receipt", "/dev/null/receipt.json"],
        ["run", "rank_hosts", "--receipt", "."],
        ["gate", "no_such_dataset"],
        ["gate", "links", "--crawl-id", "no-such-crawl"],
        ["build", "--crawl-id", "no-such-crawl"],
        ["ingest"],
        ["ingest", "a.warc.gz", "--crawl-id", "Capitals"],
        ["import-graph", "edges.tsv", "--as", "page"],
        ["crawl"],
        ["crawl", "http://a.test/"],  # no contact
        ["status", "--crawl-id", "no-such-crawl"],
        ["schema", "no_such_dataset"],
        ["extract"],
        ["extract", "--url", "mailto:someone@example.org"],
        ["sql", "drop table links"],
    ],
    ids=" ".join,
)
def test_misuse_exits_2_without_a_receipt(words: CommandLine, built_lake: Path) -> None:
    has_lake = words[0] not in ("frobnicate", "schema", "extract")
    ended = call(*words, *(["--lake", built_lake] if has_lake else []))
    assert ended.code == 2
    assert ended.err
    assert not ended.has_receipt
    assert "Traceback" not in ended.err


def test_no_command_at_all_shows_the_usage_as_misuse() -> None:
    ended = call()
    assert (ended.code, ended.out) == (2, "")
    assert all(f"    {name}" in ended.err for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    ended = call(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ("--receipt" in ended.out) == (name in WITH_RECEIPT)
    assert ("--lake" in ended.out) == (name not in ("init", "stages", "schema", "canonicalize", "extract"))


def test_the_version_is_that_of_the_distribution() -> None:
    assert call("--version").out == f"linklake {version('linklake')}\n"


@pytest.mark.parametrize("words", [["build"], ["run", "rank_hosts"], ["run", "settle_crawl"]], ids=" ".join)
def test_where_there_is_no_crawl_at_all_it_exits_99(words: CommandLine, tmp_path: Path) -> None:
    Lake.open_or_create(tmp_path / "lake")
    ended = call(*words, "--lake", tmp_path / "lake")
    assert (ended.code, ended.receipt["outcome"], ended.receipt["published"]) == (99, "no_input", False)


def test_a_stage_that_an_import_by_nature_has_no_input_for_exits_99(tmp_path: Path) -> None:
    lake, edges = tmp_path / "lake", tmp_path / "edges.tsv"
    edges.write_text("source_host\ttarget_host\na\tb\n", encoding="utf-8")
    call("import-graph", edges, "--crawl-id", "g", "--lake", lake)
    for stage in ("dedupe_links", "rank_domains", "score_farms", "build_marts"):
        ended = call("run", stage, "--crawl-id", "g", "--lake", lake)
        assert (ended.code, ended.receipt["outcome"]) == (99, "no_input")
        assert "there is nothing for" in ended.receipt["message"]


@pytest.mark.parametrize("words", [["build"], ["run", "rank_hosts"], ["gate", "links"]], ids=" ".join)
def test_a_lake_that_is_not_there_fails_with_a_receipt(words: CommandLine, tmp_path: Path) -> None:
    ended = call(*words, "--lake", tmp_path / "none")
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    assert "there is no lake at" in ended.receipt["message"]
    assert call(*next_command(ended.receipt)).code == 0, "doctor finds nothing wrong with this installation"
    assert not (tmp_path / "none").exists()


def test_a_defect_exits_1_with_its_traceback_and_still_a_receipt(
    built_lake: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect for this test")

    monkeypatch.setattr(linklake.runs, "run_stage", broken)
    ended = call("run", "rank_hosts", "--crawl-id", "tiny", "--lake", copy_of(built_lake))
    assert (ended.code, ended.receipt["outcome"]) == (1, "failed")
    assert "a defect for this test" in ended.err
    assert ended.err.splitlines()[-1].startswith("linklake run: a defect of linklake")


def test_an_interrupt_is_no_defect_and_leaves_a_receipt(
    built_lake: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(linklake.runs, "run_stage", interrupted)
    ended = call("run", "rank_hosts", "--crawl-id", "tiny", "--lake", copy_of(built_lake))
    assert (ended.code, ended.receipt["outcome"]) == (130, "failed")
    assert ended.err.splitlines()[-1].startswith(
        "linklake run: stopped by SIGINT: nothing published or acknowledged is lost"
    )


def test_a_gate_that_stops_says_why_directly_before_the_receipt_and_publishes_nothing(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["rank_hosts"])
    before = all_table_hashes(lake)
    assert call("run", "rank_hosts", "--no-publish", "--lake", lake).code == 0
    part = next((lake / "_staging" / "rank_hosts").rglob("*.parquet"))
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.write_bytes(damaged)
    stopped = call("gate", "rank_hosts", "--lake", lake)
    assert (stopped.code, stopped.receipt["outcome"], stopped.receipt["published"]) == (1, "stopped", False)
    assert stopped.merged.splitlines()[-2].startswith("linklake gate: the gate stopped rank_hosts for crawl tiny: ")
    assert "host_ranks.checksum" in stopped.receipt["message"]
    after = all_table_hashes(lake)
    records = ("stage_runs", "gate_findings")
    assert {n: h for n, h in after.items() if n not in records} == {n: h for n, h in before.items() if n not in records}
    looked = call("status", "--lake", lake)
    assert looked.code == 1
    assert "quarantined: rank_hosts for crawl tiny: host_ranks.checksum" in looked.out
    assert next_command(stopped.receipt)[:2] == ["run", "rank_hosts"]
    assert call(*next_command(stopped.receipt)).receipt["outcome"] == "built"
    assert call("status", "--lake", lake).code == 0


def test_under_airflow_a_relative_lake_is_refused(built_lake: Path) -> None:
    airflow = {"AIRFLOW_CTX_DAG_ID": "refine_links"}
    for words in (["build"], ["run", "rank_hosts"], ["status"], ["build", "--lake", "lakes/a"]):
        ended = call(*words, environment=airflow)
        assert ended.code == 2
        assert not ended.has_receipt
        assert "LINKLAKE_LAKE" in ended.err
    assert call("run", "rank_hosts", "--lake", built_lake, environment=airflow).code == 0
    assert call("run", "rank_hosts", environment={**airflow, "LINKLAKE_LAKE": str(built_lake)}).code == 0
    assert call("stages", environment=airflow).code == 0, "what needs no lake asks for none"


# -------------------------------------------------------------------- pipes


@pytest.mark.parametrize("words", [["stages"], ["schema", "links"], ["canonicalize"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_failure(words: CommandLine, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(b"http://a.test/\n" * 10_000)
    with lines.open() as stdin, subprocess.Popen(command_line(*words), stdin=stdin, stdout=-1, stderr=-1) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, b"")


def test_work_goes_on_when_nobody_reads_what_is_said_about_it(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    """``linklake build 2>&1 | head -1``"""
    lake = copy_of(lakes_before_stages["dedupe_links"])
    words = command_line("build", "--lake", lake)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"crawl_id tiny\n"
        running.stdout.close()
    assert running.returncode == 0
    assert is_all_published(call("status", "--lake", lake))


def is_all_published(status: Ended) -> bool:
    return [line.split()[1] for line in status.out.splitlines() if line.startswith("  ")] == ["published"] * len(STAGES)
