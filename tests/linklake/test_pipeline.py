"""Whatever order stages and crawls run in, at once, on a full disk or over damaged files: the lake says the same."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from linklake.config import Settings, load
from linklake.pipeline import STAGES, newest_crawl, progress, resolve, stage_named
from linklake.runs import run_stage
from schemas import identity
from schemas import lake as lake_module
from schemas.catalog import DATASETS, MARTS
from schemas.catalog import dataset as dataset_named
from schemas.errors import LinklakeError, NoInput
from schemas.lake import Lake
from schemas.ledger import Partition, PartitionKey, Snapshot
from schemas.render import lake_sql, readable
from tests.killable import Killable
from tests.small_lake import DAMAGES, STAGE, damage, publish_by_hand, republish
from tests.tiny_lake import CRAWL_ID, MEMORY, all_table_hashes, linklake, table_hashes
from transforms.engines.duckdb import DuckDB, Resources
from transforms.stage import Input, Query, Stage, Tables

DEMO_WEB = Path(__file__).parents[2] / "linklake" / "demo" / "web"
RECORDS = ("stage_runs", "gate_findings")
OF_RUNS = (*RECORDS, "crawl_runs")
"""What says how often, and in which order, stages ran."""

BUILT = [d.name for d in DATASETS if d.name not in OF_RUNS]
"""Every dataset but those."""

Copy = Callable[[Path], Path]
Observe = Callable[[Path, str], None]


def words(*arguments: object, lake: Path, crawl_id: str | None = CRAWL_ID) -> list[object]:
    named = ["--crawl-id", crawl_id] if crawl_id else []
    return [*arguments, *named, "--lake", lake, "--memory", MEMORY, "--threads", 2]


def run(*arguments: object, lake: Path, crawl_id: str | None = CRAWL_ID) -> tuple[int, dict[str, Any]]:
    """Exit code and receipt of a command that never shows a traceback and says one line when it fails."""
    code, out, err = linklake(*words(*arguments, lake=lake, crawl_id=crawl_id))
    assert "Traceback" not in err
    receipt: dict[str, Any] = json.loads(out.splitlines()[-1])
    if code:
        assert "\n" not in receipt["message"]
        assert receipt["message"] in err.splitlines()[-1]
    return code, receipt


def well(*arguments: object, lake: Path, crawl_id: str | None = CRAWL_ID) -> dict[str, Any]:
    code, receipt = run(*arguments, lake=lake, crawl_id=crawl_id)
    assert code == 0, receipt
    return receipt


def published(lake: Path) -> dict[PartitionKey, Partition]:
    """All partitions but records of runs; their files are what was written."""
    opened = Lake.open(lake)
    found = {k: p for k, p in opened.snapshot().partitions.items() if k.dataset not in RECORDS}
    for partition in found.values():
        opened.verify(partition)
    return found


def settings(**values: object) -> Settings:
    return load({"memory": MEMORY, "threads": 2, **values}, environment={}, folder=Path("/nowhere"))


# -------------------------------------------------------------------- two at once


@pytest.mark.parametrize("stage", ["dedupe_links", "build_edges", "build_marts"])
def test_of_two_processes_that_run_a_stage_at_once_one_wins_and_the_other_has_nothing_to_do(
    stage: str, lakes_before_stages: dict[str, Path], copy_of: Copy, built_lake: Path
) -> None:
    lake = copy_of(lakes_before_stages[stage])
    running = [Killable(words("run", stage, lake=lake)) for _ in range(2)]
    receipts = []
    for process in running:
        with process:
            said = process.ended(seconds=120)
        assert process.returncode == 0, said
        receipts.append(json.loads(said.splitlines()[-1]))
    assert sorted(r["outcome"] for r in receipts) == ["built", "unchanged"]
    outputs = stage_named(stage).outputs
    assert table_hashes(lake, outputs) == table_hashes(built_lake, outputs)
    published(lake)
    runs = [p for p in Lake.open(lake).snapshot().of("stage_runs", CRAWL_ID) if p.stage == stage]
    assert len(runs) == 1
    assert not Lake.open(lake).staged()


def overtake(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], point: str = "before_commit") -> None:
    """Do something the next time that a writer reaches that point."""

    def reached(name: str) -> None:
        if name == point:
            monkeypatch.setattr(lake_module, "reached", lambda _: None)
            act()

    monkeypatch.setattr(lake_module, "reached", reached)


def test_a_run_overtaken_by_an_equal_one_ends_unchanged(
    lakes_before_stages: dict[str, Path], copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(lakes_before_stages["classify_links"])
    overtake(monkeypatch, lambda: well("run", "classify_links", lake=lake))
    receipt = well("run", "classify_links", lake=lake)
    assert receipt["outcome"] == "unchanged"
    assert receipt["message"] == "another run published the same just before"
    assert not Lake.open(lake).staged()
    assert linklake("status", "--lake", lake)[0] == 0


@pytest.mark.parametrize("point", ["part_written", "before_commit"])
def test_a_run_whose_input_is_replaced_meanwhile_publishes_nothing_and_says_what_to_do(
    point: str, lakes_before_stages: dict[str, Path], copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = copy_of(lakes_before_stages["classify_links"])
    overtake(monkeypatch, lambda: republish(lake, "links", CRAWL_ID), point)
    code, receipt = run("run", "classify_links", lake=lake)
    assert code == 1
    assert receipt["outcome"] == "failed"
    assert re.search(
        r"links/tiny changed since .*; nothing was published: run classify_links again", receipt["message"]
    )
    assert PartitionKey("link_classes", CRAWL_ID) not in published(lake)
    assert not Lake.open(lake).staged()
    assert linklake("status", "--lake", lake)[0] == 1
    assert well("run", "classify_links", lake=lake)["outcome"] == "built"
    assert linklake("status", "--lake", lake)[0] == 0


# -------------------------------------------------------------------- staging and its gate


def test_the_gate_publishes_what_was_staged_last_and_then_says_that_it_is_published(
    lakes_before_stages: dict[str, Path], copy_of: Copy, built_lake: Path
) -> None:
    lake = copy_of(lakes_before_stages["build_edges"])
    for _ in range(3):
        receipt = well("run", "build_edges", "--no-publish", lake=lake)
        assert (receipt["outcome"], receipt["published"]) == ("staged", False)
        assert receipt["next"].startswith("linklake gate build_edges --crawl-id tiny")
    newest = Lake.open(lake).staged("build_edges")[-1].attempt
    before = published(lake)
    assert not {k.dataset for k in before} & set(stage_named("build_edges").outputs)
    assert well("gate", "host_edges", lake=lake)["outcome"] == "built"
    assert {p.attempt for k, p in published(lake).items() if k not in before} == {newest}
    assert not Lake.open(lake).staged()
    assert table_hashes(lake, stage_named("build_edges").outputs) == table_hashes(
        built_lake, stage_named("build_edges").outputs
    )
    again = well("gate", "build_edges", lake=lake)
    assert (again["outcome"], again["message"]) == ("unchanged", "build_edges for crawl tiny is already published")


def test_a_run_that_publishes_takes_away_what_waited_for_the_gate(
    lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["build_edges"])
    well("run", "build_edges", "--no-publish", lake=lake)
    well("run", "build_edges", lake=lake)
    assert not Lake.open(lake).staged()
    assert well("gate", "build_edges", lake=lake)["outcome"] == "unchanged"
    assert not [p for p in (lake / "_staging").rglob("*") if p.is_file()]


def test_what_was_staged_from_an_input_that_has_changed_is_refused_explained_and_built_again(
    lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["build_edges"])
    well("run", "build_edges", "--no-publish", lake=lake)
    republish(lake, "link_classes", CRAWL_ID)
    before = published(lake)
    code, receipt = run("gate", "build_edges", lake=lake)
    assert code == 1
    assert re.search(r"link_classes/tiny changed since build_edges .*: run build_edges again", receipt["message"])
    code, receipt = run("gate", "build_edges", lake=lake)
    assert code == 1
    assert "nothing of build_edges is staged for crawl tiny: run linklake run build_edges" in receipt["message"]
    assert published(lake) == before
    assert well("run", "build_edges", lake=lake)["outcome"] == "built"


@pytest.mark.parametrize("how", DAMAGES)
def test_the_gate_stops_staged_output_that_was_damaged(
    how: str, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["build_edges"])
    well("run", "build_edges", "--no-publish", lake=lake)
    opened = Lake.open(lake)
    (staged,) = opened.staged()
    damage(opened.staged_path(staged, staged.partitions[1].files[0]), how)
    before = published(lake)
    code, receipt = run("gate", "build_edges", lake=lake)
    assert (code, receipt["outcome"], receipt["published"]) == (1, "stopped", False)
    assert re.search(r"stopped build_edges .*host_edges\.(checksum|file_present)", receipt["message"])
    assert "then run linklake run build_edges --crawl-id tiny" in receipt["message"]
    assert published(lake) == before
    assert well("run", "build_edges", lake=lake)["outcome"] == "built"
    assert not Lake.open(lake).staged()


def test_a_gate_that_another_process_holds_is_not_opened_twice(
    lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages["classify_links"])
    well("run", "classify_links", "--no-publish", lake=lake)
    opened = Lake.open(lake)
    (staged,) = opened.staged()
    with opened.claimed(staged):
        code, receipt = run("gate", "classify_links", lake=lake)
        assert code == 1
        assert "another process is at work on what classify_links staged" in receipt["message"]
    assert well("gate", "classify_links", lake=lake)["outcome"] == "built"


# -------------------------------------------------------------------- damage


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("stage", [s.name for s in STAGES[1:]])
def test_a_damaged_input_is_found_before_anything_is_built(
    stage: str, how: str, lakes_before_stages: dict[str, Path], copy_of: Copy
) -> None:
    lake = copy_of(lakes_before_stages[stage])
    before = published(lake)
    found = resolve(Lake.open(lake).snapshot(), stage_named(stage), CRAWL_ID)
    file = next(f for partitions in reversed(found.values()) for p in partitions for f in p.files)
    path = lake / file.path
    whole = path.read_bytes()
    damage(path, how)
    code, receipt = run("run", stage, lake=lake)
    assert (code, receipt["outcome"]) == (1, "failed")
    assert str(path) in receipt["message"]
    assert DAMAGES[how] in receipt["message"]
    path.write_bytes(whole)
    assert published(lake) == before
    assert not [p for p in (lake / "_staging").rglob("*") if p.is_file()]
    assert well("run", stage, lake=lake)["outcome"] == "built"


@pytest.mark.parametrize(
    "crawl_id",
    ["../../escaped", "a/b", "2026-11-20", "x';drop table links;--", "$(touch escaped)", "a\nb", "x" * 64, "*"],
)
@pytest.mark.parametrize("command", [("run", "dedupe_links"), ("gate", "links"), ("build",), ("status",)])
def test_what_is_no_crawl_id_is_misuse_and_reaches_no_path(
    command: tuple[str, ...], crawl_id: str, built_lake: Path, tmp_path: Path
) -> None:
    before = sorted(built_lake.parent.rglob("*"))
    code, out, err = linklake(*command, "--crawl-id", crawl_id, "--lake", built_lake)
    assert (code, out) == (2, "")
    assert "is no crawl id: use 1-63 of a-z 0-9 . -" in err
    assert len(err.splitlines()) == 1
    assert sorted(built_lake.parent.rglob("*")) == before


def test_a_crawl_that_is_not_settled_is_no_input_yet(observed_lake: Path, copy_of: Copy) -> None:
    lake = copy_of(observed_lake)
    for command in (("run", "dedupe_links"), ("run", "build_marts"), ("build",)):
        code, receipt = run(*command, lake=lake)
        assert (code, receipt["outcome"]) == (1, "failed")
        assert "run linklake run settle_crawl --crawl-id tiny" in receipt["message"]


# -------------------------------------------------------------------- crawls in time


def archive(path: Path, when: datetime, pages: Mapping[str, str]) -> Path:
    """A web archive of HTML pages, all fetched at that time."""
    with path.open("wb") as stream:
        for number, (url, html) in enumerate(pages.items()):
            answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
            head = {
                "WARC-Type": "response",
                "WARC-Record-ID": f"<urn:uuid:{path.stem}-{number}>",
                "WARC-Target-URI": url,
                "WARC-Date": f"{when:%Y-%m-%dT%H:%M:%SZ}",
                "Content-Type": "application/http; msgtype=response",
                "Content-Length": str(len(answer)),
            }
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            stream.write(b"WARC/1.0\r\n" + lines.encode() + b"\r\n" + answer + b"\r\n\r\n")
    return path


def page(*targets: str, rel: str = "") -> str:
    links = "".join(f"<p>see <a href='https://{t}/' rel='{rel}'>{t} of all</a></p>" for t in targets)
    return f"<html><head><title>page</title></head><body><main>{links}</main></body></html>"


NOVEMBER = datetime(2025, 11, 1, tzinfo=UTC)
"""Long past: dates ahead of the clock are rejected."""

# Links that come, go, come back and change their rel; sites that only one crawl saw.
WEEKS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    # The ids sort the other way round than the times.
    "c-first": (1, {"https://a.example/": page("b.example", "c.example"), "https://d.example/": page("b.example")}),
    "b-second": (8, {"https://a.example/": page("b.example"), "https://e.example/": page("a.example", "b.example")}),
    "a-third": (15, {"https://a.example/": page("c.example", "f.example", rel="nofollow")}),
    "0z-fourth": (22, {"https://a.example/": page("b.example", "c.example"), "https://f.example/": page("a.example")}),
}


@pytest.fixture(scope="module")
def observe(tmp_path_factory: pytest.TempPathFactory) -> Observe:
    """Ingests a week's archive; every lake reads the same file, whose path is part of the evidence."""
    folder = tmp_path_factory.mktemp("archives")
    for crawl_id, (day, pages) in WEEKS.items():
        archive(folder / f"{crawl_id}.warc", NOVEMBER + timedelta(days=day), pages)
    return lambda lake, crawl_id: _ingest(lake, crawl_id, folder / f"{crawl_id}.warc")


def _ingest(lake: Path, crawl_id: str, path: Path) -> None:
    code, _, err = linklake("ingest", path, "--crawl-id", crawl_id, "--lake", lake, "--memory", MEMORY)
    assert code == 0, err


def hashes_of_every_crawl(lake: Path) -> dict[str, int]:
    """Table hashes of every crawl's partitions, by dataset and crawl."""
    opened = Lake.open(lake)
    engine = DuckDB(Resources(MEMORY, 2, lake.parent / "hash-tmp"))
    hashes = {}
    for partition in opened.snapshot().partitions.values():
        if partition.key.dataset not in OF_RUNS:
            dataset = dataset_named(partition.key.dataset)
            engine.bind(dataset.name, dataset, [opened.path(f) for f in partition.files])
            hashes[str(partition.key)] = engine.table_hash(dataset)
    engine.close()
    return hashes


@pytest.fixture(scope="module")
def in_order(observe: Observe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of all four weeks, each built as soon as it was observed."""
    lake = tmp_path_factory.mktemp("in_order") / "lake"
    for crawl_id in WEEKS:
        observe(lake, crawl_id)
        well("build", lake=lake, crawl_id=None)
    return lake


@pytest.mark.parametrize(
    "steps",
    [
        "0z-fourth build b-second build a-third build c-first build",
        "c-first build a-third 0z-fourth build b-second build",
        "a-third b-second 0z-fourth c-first build",
    ],
)
def test_crawls_that_arrive_in_any_order_give_the_tables_of_those_in_order(
    steps: str, in_order: Path, observe: Observe, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    for step in steps.split():
        if step == "build":
            well("build", lake=lake, crawl_id=None)
        else:
            observe(lake, step)
    assert hashes_of_every_crawl(lake) == hashes_of_every_crawl(in_order)
    assert table_hashes(lake, BUILT) == table_hashes(in_order, BUILT)
    assert well("build", lake=lake, crawl_id=None)["outcome"] == "unchanged"
    with duckdb.connect(str(lake / "serving" / "authority.duckdb"), read_only=True) as connection:
        (served,) = connection.execute("select crawl_id from index_info").fetchall()
    assert served == ("0z-fourth",)


def test_a_crawl_that_arrives_late_makes_the_stages_of_later_ones_outdated_and_no_earlier_ones(
    observe: Observe, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    for crawl_id in ("c-first", "a-third"):
        observe(lake, crawl_id)
    well("build", lake=lake, crawl_id=None)
    well("run", "dedupe_links", lake=lake, crawl_id=None)
    observe(lake, "b-second")
    well("build", lake=lake, crawl_id="b-second")
    opened = Lake.open(lake)
    states = {c: {p.stage: p.state for p in progress(opened, opened.snapshot(), c)} for c in WEEKS if c != "0z-fourth"}
    assert set(states["c-first"].values()) == set(states["b-second"].values()) == {"published"}
    assert states["a-third"]["dedupe_links"] == states["a-third"]["build_edges"] == "outdated"
    code, out, _ = linklake("status", "--lake", lake)
    assert code == 0
    assert "next: linklake build --crawl-id a-third" in out
    well("build", lake=lake, crawl_id=None)
    opened = Lake.open(lake)
    assert {p.state for p in progress(opened, opened.snapshot(), "a-third")} == {"published"}


def test_what_was_staged_before_an_earlier_crawl_arrived_is_refused_by_its_gate(
    observe: Observe, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    for crawl_id in ("c-first", "a-third"):
        observe(lake, crawl_id)
    well("run", "dedupe_links", lake=lake, crawl_id="c-first")
    well("run", "dedupe_links", "--no-publish", lake=lake, crawl_id="a-third")
    observe(lake, "b-second")
    well("run", "dedupe_links", lake=lake, crawl_id="b-second")
    code, receipt = run("gate", "links", lake=lake, crawl_id="a-third")
    assert code == 1
    assert "inputs of dedupe_links for crawl a-third are others since it was staged" in receipt["message"]
    assert well("run", "dedupe_links", lake=lake, crawl_id="a-third")["outcome"] == "built"


def test_without_a_crawl_id_the_newest_crawl_is_meant_and_an_import_only_where_no_other_has_the_inputs(
    tmp_path: Path,
) -> None:
    lake = Lake.open_or_create(tmp_path / "lake")
    publish_by_hand(lake, ["host_nodes", "host_edges"], "imported")
    publish_by_hand(lake, ["host_nodes", "host_edges"], "crawled")
    snapshot = lake.snapshot()

    def crawl(crawl_id: str, kind: str, day: int) -> Partition:
        at = (NOVEMBER + timedelta(days=day)).isoformat()
        facts = {"kind": kind, "observed_to": at, "started_at": at}
        return Partition(PartitionKey("crawls", crawl_id), STAGE, "a", 1, 1, "0.1.0", (), facts=facts)

    def among(*crawls: Partition) -> str:
        given = {p.key: p for p in crawls}
        return newest_crawl(Snapshot(9, {**snapshot.partitions, **given}), stage_named("rank_hosts"))

    imported, crawled, empty = crawl("imported", "import", 9), crawl("crawled", "crawl", 1), crawl("empty", "crawl", 5)
    assert among(imported, crawled, empty) == "crawled"
    assert among(imported, empty) == "imported"
    with pytest.raises(NoInput, match=r"no crawl has the inputs of rank_hosts \(host_nodes, host_edges\)"):
        among(empty)


# -------------------------------------------------------------------- the same again


def test_threads_and_memory_change_no_table(observed_lake: Path, tmp_path: Path, built_lake: Path) -> None:
    for threads in (1, 3):
        lake = tmp_path / f"{threads}" / "lake"
        shutil.copytree(observed_lake, lake)
        for command in (("run", "settle_crawl"), ("build",)):
            code, _, err = linklake(
                *command, "--crawl-id", CRAWL_ID, "--lake", lake, "--memory", "1GB", "--threads", threads
            )
            assert code == 0, err
        assert all_table_hashes(lake) == all_table_hashes(built_lake)


def demo_archive(path: Path) -> Path:
    pages = {}
    for file in sorted(DEMO_WEB.rglob("*.html")):
        host, _, place = file.relative_to(DEMO_WEB).as_posix().partition("/")
        pages[f"http://{host}/{place.removesuffix('.html').removesuffix('index')}"] = file.read_text("utf-8", "replace")
    return archive(path, NOVEMBER, pages)


def test_ids_of_few_bits_change_no_row_of_a_mart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 12 bits some of the built-in web's URLs share an id, with 3 every eighth of anything does."""
    path = demo_archive(tmp_path / "demo.warc")
    found = []
    for bits in (64, 12, 3):
        monkeypatch.setattr(identity, "ID_BITS", bits)
        lake = tmp_path / f"lake-{bits}"
        for command in (("ingest", path), ("build",)):
            code, _, err = linklake(*command, "--crawl-id", "c1", "--lake", lake, "--memory", MEMORY)
            assert code == 0, err
        found.append({mart.name: _rows(lake, mart.name) for mart in MARTS if mart.name not in OF_RUNS})
    assert len(found[0]["backlinks"]) > 50
    assert found[1] == found[0]
    assert found[2] == found[0]


def _rows(lake: Path, mart: str) -> list[str]:
    """The rows of a mart without ids, in a fixed order."""
    opened = Lake.open(lake)
    columns = [
        c.name
        for c in dataset_named(mart).columns
        if not re.search(r"_(url|host|domain)_id$|^(domain|farm)_id$", c.name)
    ]
    with duckdb.connect() as connection:
        connection.execute(lake_sql(opened.snapshot(), lake.resolve()))
        return sorted(map(repr, connection.execute(f"select {', '.join(columns)} from {mart}").fetchall()))


# -------------------------------------------------------------------- memory and disk


def by_sql(sql: str) -> Stage:
    """A stage that writes ``metric_catalog`` by one SELECT."""

    def build(run: object, tables: Tables) -> Mapping[str, Query]:
        return {"metric_catalog": Query(sql, {})}

    return Stage("greedy", "For tests.", inputs=(Input("links"),), outputs=("metric_catalog",), build=build)


def test_what_spilled_stays_until_its_audit_is_done_and_goes_then(built_lake: Path, copy_of: Copy) -> None:
    lake = copy_of(built_lake)
    greedy = by_sql(
        "select 'm' as mart, cast(range as varchar) as metric, repeat(md5(cast(range as varchar)), 9) as meaning, "
        "'p' as counting_policy from range(700000)"
    )
    spilled: list[int] = []

    def look(point: str) -> None:
        if point == "part_written":
            spilled.extend(p.stat().st_size for p in (lake / "_staging" / "greedy").glob("*/*/tmp/*"))

    with pytest.MonkeyPatch.context() as context:
        context.setattr(lake_module, "reached", look)
        receipt = run_stage(Lake.open(lake), greedy, CRAWL_ID, settings(memory="250MB", threads=1))
    assert sum(spilled) > 10_000_000
    assert (receipt.outcome, receipt.rows["out"]) == ("built", 700_000)
    assert not [p for p in (lake / "_staging").rglob("*") if p.is_file()]


def test_too_little_memory_is_one_line_that_names_the_flag_and_leaves_nothing(built_lake: Path, copy_of: Copy) -> None:
    lake = copy_of(built_lake)
    before = published(lake)
    greedy = by_sql(
        "select 'm' as mart, 'n' as metric, cast(len(list(range)) as varchar) as meaning, 'p' as counting_policy "
        "from range(100000000)"
    )
    with pytest.raises(LinklakeError, match=r"greedy needs more than 100MB of memory.*: raise --memory") as refused:
        run_stage(Lake.open(lake), greedy, CRAWL_ID, settings(memory="100MB"))
    assert "\n" not in str(refused.value)
    assert published(lake) == before
    assert list((lake / "_staging" / "greedy" / CRAWL_ID).iterdir()) == []


def limited(arguments: Sequence[object], *, half_kibibytes: int) -> tuple[int | None, str]:
    """Run a command that may write no file of more than so many 512 bytes: its exit code and what it says."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (half_kibibytes * 512, half_kibibytes * 512))
    with Killable(arguments, first=limit) as process:
        said = process.ended(seconds=120)
    return process.returncode, said


def test_when_the_disk_takes_no_more_a_build_fails_in_one_line_and_goes_on_when_it_does(
    lakes_before_stages: dict[str, Path], copy_of: Copy, built_lake: Path
) -> None:
    lake = copy_of(lakes_before_stages["rank_domains"])
    failures = 0
    for half_kibibytes in (1, 4, 8, 16, 24, 32, 64, 512, 4096):
        code, said = limited(words("build", lake=lake), half_kibibytes=half_kibibytes)
        assert "Traceback" not in said
        receipt = json.loads(said.splitlines()[-1])
        published(lake)
        assert linklake("sql", "select count(*) from links", "--lake", lake)[0] == 0
        if code:
            failures += 1
            assert code == 1
            last = said.splitlines()[-2]
            assert last == f"linklake build: {receipt['message']}"
            assert re.search(r"File too large|[Cc]ould not write|write a file", last), last
    assert failures > 3
    well("build", lake=lake)
    assert table_hashes(lake, BUILT) == table_hashes(built_lake, BUILT)
    assert (lake / "serving" / "authority.duckdb").exists()
    assert not [p for p in (lake / "_staging").rglob("*") if p.is_file()]
    assert not [p for p in lake.rglob(".*") if p.is_file() and not p.name.endswith(".lock")]


@pytest.mark.parametrize("command", ["status", "sql"])
def test_a_lake_on_a_read_only_disk_can_be_asked(command: str, built_lake: Path, copy_of: Copy) -> None:
    """What only reads, writes nothing: no lock, no folder, no file."""
    lake = copy_of(built_lake)
    before = {p: p.stat().st_mtime_ns for p in [lake, *lake.rglob("*")]}
    question = ["select count(*) from links"] if command == "sql" else []
    assert linklake(command, *question, "--lake", lake)[0] == 0
    assert {p: p.stat().st_mtime_ns for p in [lake, *lake.rglob("*")]} == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_lake_that_may_not_be_written_is_one_line(
    lakes_before_stages: dict[str, Path], copy_of: Copy, tmp_path: Path
) -> None:
    lake = copy_of(lakes_before_stages["dedupe_links"])
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("test_", "popen-", "pytest-")):
            folder.chmod(0o755)
    # What a stage imports is loaded first: nobody may not read the installation either.
    code = "import os, sys, tests.imported, pytz; from linklake.cli import main\n"
    code += "os.setuid(65534); sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *map(str, words("run", "dedupe_links", lake=lake))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.fullmatch(r"linklake run: /.*/_staging/.*: Permission denied", done.stderr.splitlines()[-1])
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "failed"


# -------------------------------------------------------------------- receipts


def runs(lake: Path) -> list[dict[str, Any]]:
    opened = Lake.open(lake)
    files = [opened.path(f) for p in readable(opened.snapshot(), dataset_named("stage_runs")) for f in p.files]
    rows = [row for path in files for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: row["started_at"])


def test_every_stage_leaves_one_row_of_stage_runs_that_says_what_it_did(built_lake: Path) -> None:
    rows = runs(built_lake)
    assert [r["stage"] for r in rows] == [s.name for s in STAGES]
    snapshot = Lake.open(built_lake).snapshot()
    for row, stage in zip(rows, STAGES, strict=True):
        assert (row["outcome"], row["is_published"], row["message"]) == ("built", True, None)
        made = [
            p for p in snapshot.partitions.values() if p.attempt == row["attempt"] and p.key.dataset != "stage_runs"
        ]
        assert {p.key.dataset for p in made} == set(stage.outputs)
        assert row["rows_out"] + row["rows_rejected"] == sum(p.rows for p in made)
        assert row["rows_rejected"] == sum(p.rows for p in made if p.key.dataset == "rejected_records")
        assert 30 << 20 < row["peak_rss_bytes"] < 8 << 30
        assert 0 < row["duration_seconds"] < 60
    assert rows[1]["rows_in"] == sum(p.rows for p in snapshot.of("link_observations"))


def test_a_receipt_counts_rows_by_fate(lakes_before_stages: dict[str, Path], copy_of: Copy) -> None:
    lake = copy_of(lakes_before_stages["settle_crawl"])
    rows = well("run", "settle_crawl", lake=lake)["rows"]
    outputs = stage_named("settle_crawl").outputs
    assert rows["in"] == rows["link_observations"] > 100
    assert rows["rejected"] == rows["rejected_records"] > 0
    assert rows["out"] + rows["rejected"] == sum(rows[name] for name in outputs)


def test_a_failure_is_recorded_shown_by_status_and_gone_once_the_stage_succeeds(
    built_lake: Path, copy_of: Copy
) -> None:
    lake = copy_of(built_lake)
    republish(lake, "links", CRAWL_ID)
    path = lake / Lake.open(lake).snapshot().partitions[PartitionKey("links", CRAWL_ID)].files[0].path
    whole = path.read_bytes()
    damage(path, "bit_flip")
    code, receipt = run("run", "classify_links", lake=lake)
    assert code == 1
    row = runs(lake)[-1]
    assert (row["stage"], row["outcome"], row["is_published"]) == ("classify_links", "failed", False)
    assert receipt["message"] == f"{row['message']} --lake {lake}", "what is typed now names the lake"
    code, out, _ = linklake("status", "--lake", lake)
    assert code == 1
    assert re.search(r"classify_links +failed +.*\(checksum\)", out)
    path.write_bytes(whole)
    well("run", "classify_links", lake=lake)
    code, out, _ = linklake("status", "--lake", lake)
    assert code == 0
    assert "failed" not in out


def test_lake_sql_reads_every_dataset_of_a_built_lake_as_it_was_whatever_is_published_later(
    built_lake: Path, copy_of: Copy
) -> None:
    lake = copy_of(built_lake)
    republish(lake, "links", CRAWL_ID)  # so that lake.sql names the copy
    said = (lake / "serving" / "lake.sql").read_text()
    expected = _counts(said)
    assert all(expected[name] == count for name, count in _counts_in_log(lake).items())
    for name in ("links", "domains"):
        republish(lake, name, CRAWL_ID)
    well("build", lake=lake)
    assert _counts(said) == expected
    now = _counts((lake / "serving" / "lake.sql").read_text())
    assert {n: c for n, c in now.items() if n != "stage_runs"} == {
        n: c for n, c in expected.items() if n != "stage_runs"
    }
    assert now["stage_runs"] > expected["stage_runs"]


def _counts(said: str) -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.execute(said)
        return {d.name: connection.execute(f"select count(*) from {d.name}").fetchall()[0][0] for d in DATASETS}


def _counts_in_log(lake: Path) -> dict[str, int]:
    snapshot = Lake.open(lake).snapshot()
    return {d.name: sum(p.rows for p in snapshot.of(d.name)) for d in DATASETS}


def test_a_stage_of_a_newer_version_is_built_again(built_lake: Path, copy_of: Copy) -> None:
    lake = Lake.open(copy_of(built_lake))
    stage = stage_named("classify_links")
    assert run_stage(lake, stage, CRAWL_ID, settings()).outcome == "unchanged"
    assert run_stage(lake, replace(stage, version=99), CRAWL_ID, settings()).outcome == "built"
