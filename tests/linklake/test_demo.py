"""`linklake demo`: two words in an empty folder show a crawl, five answered questions and where to look.

The web is the smallest there is; tests/generated_web holds the tables to its truth.
"""

import re
import shlex
from pathlib import Path

import duckdb
import pytest

from linklake.demo.generated.web import GeneratedWeb
from linklake.demo.show import questions
from schemas.lake import Lake
from tests.linklake.calls import Ended, call, process

SITES = 60
WEB = GeneratedWeb(sites=SITES)
SMALL, FARMED = WEB.plot.small.domain, WEB.plot.farmed.domain
QUESTIONS = questions(SMALL, FARMED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with a blank in its name."""
    return tmp_path_factory.mktemp("an empty folder")


@pytest.fixture(scope="module")
def first(folder: Path) -> Ended:
    """The first demo in the folder."""
    return process("demo", "--sites", SITES, folder=folder)


@pytest.fixture(scope="module")
def second(folder: Path, first: Ended) -> Ended:
    """The second one, in the same folder, of somebody who has a lake of real crawls."""
    return process("demo", "--sites", SITES, environment={"LINKLAKE_LAKE": str(folder / "real-lake")}, folder=folder)


def answers(ended: Ended) -> dict[str, list[str]]:
    """Question -> lines of its answer, without head and rule."""
    found = {}
    for question, _ in QUESTIONS:
        answer = ended.out.split(f"\n{question}\n\n", 1)[1].split("\n\n", 1)[0].splitlines()
        assert re.fullmatch(r"[- ]+", answer[1])
        found[question] = answer[2:]
    return found


def test_it_ends_well_and_answers_five_questions_with_rows(first: Ended) -> None:
    assert first.code == 0, first.merged
    assert "Traceback" not in first.merged
    assert len(QUESTIONS) == 5
    assert all(answers(first).values())


def test_its_answers_tell_the_plot(first: Ended) -> None:
    rows = list(answers(first).values())
    (good, bad) = (row.split() for row in rows[0])
    assert [good[0], bad[0]] == [SMALL, FARMED]
    assert [int(good[3]) < 6, int(good[4]), int(bad[3]) > 12, int(bad[4]) > 8] == [True, 2, True, True]
    assert {row.split()[0] for row in rows[1]} >= {"gov.test"}
    assert len(rows[1]) == 2
    boosters = {s.domain for s in WEB.truth.sites if s.role == "booster"}
    assert {row.split()[0] for row in rows[2]} < boosters
    assert all(row.split()[1] == "booster" for row in rows[2])
    assert {row.split()[0] for row in rows[4]} <= {"rel_ugc", "rel_sponsored", "rel_nofollow"}


def test_it_ends_by_naming_the_report_that_it_wrote(first: Ended, folder: Path) -> None:
    page = folder / "demo-lake" / "report.html"
    assert first.out.splitlines()[-1].startswith("Now open ")
    assert str(page.relative_to(folder)) in first.out.splitlines()[-1]
    assert FARMED in page.read_text(encoding="utf-8"), "the farm's members are named there"


def test_every_place_that_it_mentions_is_there_and_every_command_runs(first: Ended, folder: Path) -> None:
    told = first.out.split("Where to look:\n")[1].split("\n\n")[0].splitlines()
    places = [re.split(r" {2,}", line.strip())[0] for line in told]
    assert len(places) == 5
    marts = folder / places[0]
    with duckdb.connect(str(marts), read_only=True) as connection:
        (count,) = connection.execute("select count(*) from backlinks").fetchone() or (0,)
    assert count > 0
    views = shlex.split(places[1])
    assert views[:2] == ["duckdb", "-init"]
    with duckdb.connect() as connection:
        connection.execute((folder / views[2]).read_text(encoding="utf-8"))
        assert connection.execute("select count(*) from link_observations").fetchone() != (0,)
    for line in places[2:4]:
        words = shlex.split(line)
        ended = call(*words[1:], folder=folder)
        assert (words[0], ended.code) == ("linklake", 0), ended.err
        assert ended.out
    assert Path(places[4]).is_file()


@pytest.mark.slow
def test_a_second_run_adds_a_crawl_and_answers_the_same(first: Ended, second: Ended, folder: Path) -> None:
    assert second.code == 0, second.merged
    crawls = [crawl.crawl_id for crawl in Lake.open(folder / "demo-lake").snapshot().crawls()]
    assert len(crawls) == 2
    assert f"crawl_id {crawls[0]}" in first.merged
    assert f"crawl_id {crawls[1]}" in second.merged
    assert answers(second) == answers(first)


@pytest.mark.slow
def test_nothing_is_left_beside_its_lake_and_nothing_goes_into_the_real_one(second: Ended, folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == ["demo-lake"]
    assert call("status", "--lake", folder / "demo-lake").code == 0


@pytest.mark.parametrize(
    ("words", "said"), [(["--sites", 9], "60 or more"), (["--sites", "many"], "invalid int value")]
)
def test_a_web_that_cannot_be_is_refused_and_nothing_is_written(words: list[object], said: str, tmp_path: Path) -> None:
    ended = call("demo", *words, folder=tmp_path)
    assert ended.code == 2
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []
