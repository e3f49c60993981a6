"""`linklake next` names the crawl that a scheduler builds next; `crawl --demo` gives it one to build."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from linklake.pipeline import STAGES
from tests.linklake.calls import Ended, call

REPOSITORY = Path(__file__).parents[2]
REFINE = ("dedupe_links", "classify_links")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with two crawls of the built-in web, the first observed with the greater id."""
    for crawl_id in ("z-first", "a-second"):
        ended = call("crawl", "--demo", "--crawl-id", crawl_id, "--lake", tmp_path / "lake")
        assert ended.code == 0, ended.err
    return tmp_path / "lake"


def ask(lake: Path, *words: str) -> Ended:
    return call("next", *words, "--lake", lake)


def test_crawls_are_named_in_the_lakes_order_until_none_waits(lake: Path) -> None:
    chosen = []
    for _ in range(3):
        receipt = ask(lake, *REFINE).receipt
        chosen.append((receipt["crawl_id"], receipt["outcome"], receipt["rows"]["crawls"]))
        for stage in REFINE:
            assert call("run", stage, "--crawl-id", receipt["crawl_id"], "--lake", lake).code == 0
    assert chosen == [("z-first", "pending", 2), ("a-second", "pending", 1), ("a-second", "unchanged", 0)]


def test_a_stage_that_waits_for_its_gate_is_not_done(lake: Path) -> None:
    call("run", "dedupe_links", "--crawl-id", "z-first", "--lake", lake)
    call("run", "classify_links", "--crawl-id", "z-first", "--lake", lake, "--no-publish")
    assert ask(lake, *REFINE).receipt["crawl_id"] == "z-first"


def test_only_the_named_stages_count(lake: Path) -> None:
    call("run", "dedupe_links", "--crawl-id", "z-first", "--lake", lake)
    assert ask(lake, "dedupe_links").receipt["crawl_id"] == "a-second"
    assert ask(lake).receipt["crawl_id"] == "z-first"


def test_the_one_that_was_asked_for_is_named(lake: Path) -> None:
    assert ask(lake, *REFINE, "--crawl-id", "a-second").receipt["crawl_id"] == "a-second"
    assert ask(lake, *REFINE, "--crawl-id", "c-third").code == 2


def test_an_import_is_left_to_build(lake: Path, tmp_path: Path) -> None:
    edges = tmp_path / "edges.tsv"
    edges.write_text("source_domain\ttarget_domain\na.test\tb.test\n", encoding="utf-8")
    call("import-graph", edges, "--crawl-id", "imported", "--lake", lake)
    call("build", "--lake", lake, "--crawl-id", "z-first")
    call("build", "--lake", lake, "--crawl-id", "a-second")
    for stages in ((), *((s.name,) for s in STAGES[1:4])):
        assert ask(lake, *stages).receipt["outcome"] == "unchanged"
    assert ask(lake, "rank_domains").receipt["crawl_id"] == "imported"


def test_a_lake_without_anything_to_build_from_is_no_input(lake: Path) -> None:
    ended = ask(lake, "score_farms")
    assert ended.code == 99
    assert ended.receipt["outcome"] == "no_input"


def test_a_demo_crawl_takes_no_seeds(tmp_path: Path) -> None:
    assert call("crawl", "--demo", "https://example.org/", "--lake", tmp_path / "lake").code == 2


def test_what_is_said_at_exit_stands_nowhere(lake: Path, tmp_path: Path) -> None:
    code = "import atexit, sys\natexit.register(lambda: print('a warning at exit', file=sys.stderr))\n"
    (tmp_path / "sitecustomize.py").write_text(code, encoding="utf-8")
    words = [sys.executable, "-m", "linklake", "next", "--lake", str(lake)]
    path = os.pathsep.join(str(folder) for folder in (tmp_path, REPOSITORY))
    done = subprocess.run(
        words, env=os.environ | {"PYTHONPATH": path}, stdout=-1, stderr=subprocess.STDOUT, check=False
    )
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "pending"
