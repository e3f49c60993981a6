"""What the docs say is so: commands, datasets, stages, links and SQL."""

import argparse
import re
from pathlib import Path

import pytest

from linklake.cli import _parser, command_names
from linklake.config import SETTINGS
from linklake.pipeline import STAGES
from schemas.catalog import DATASETS, VIEWS
from schemas.render import markdown
from tests import questions_page
from tests.tiny_lake import linklake
from transforms.rules import rules_of
from transforms.rules_page import markdown as rules_page

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = sorted(p for p in REPOSITORY.rglob("*.md") if "/." not in p.as_posix().removeprefix(REPOSITORY.as_posix()))
DAGS_PAGE = (REPOSITORY / "dags" / "README.md").read_text(encoding="utf-8")
DAGS = sorted(p for p in (REPOSITORY / "dags").glob("*.py") if "with DAG(" in p.read_text(encoding="utf-8"))
TABLES = (*DATASETS, *VIEWS)
QUERIES = sorted((REPOSITORY / "docs" / "queries").glob("*.sql"))


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (doors,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(doors.choices)


@pytest.mark.parametrize("name", [d.name for d in TABLES])
def test_the_page_of_a_dataset_is_what_its_schema_renders(name: str) -> None:
    page = REPOSITORY / "docs" / "datasets" / f"{name}.md"
    expected = next(markdown(d) for d in TABLES if d.name == name)
    assert page.read_text(encoding="utf-8").strip() == expected.strip(), "run make docs"


def test_no_page_describes_a_dataset_that_does_not_exist() -> None:
    assert {p.stem for p in (REPOSITORY / "docs" / "datasets").glob("*.md")} == {d.name for d in TABLES}


def test_the_page_of_the_gates_lists_every_rule_with_its_severity_and_meaning() -> None:
    page = (REPOSITORY / "docs" / "gates.md").read_text(encoding="utf-8")
    assert page == rules_page(), "run make docs"
    sections = dict(re.findall(r"\n### (\w+)\n(.*?)(?=\n### |\Z)", page, flags=re.DOTALL))
    assert sections.keys() == {d.name for d in DATASETS}
    for dataset in DATASETS:
        for rule in rules_of(dataset):
            severity = {"stop": "stops", "warn": "warns"}[rule.severity]
            assert f"| `{rule.name}` | {severity} | {rule.meaning}" in sections[dataset.name], rule


@pytest.mark.parametrize("command", command_names())
def test_the_readme_names_every_command(command: str) -> None:
    assert re.search(rf"linklake (?:[a-z-]+ \| )*{command}\b|\| {command}\b", README), command


@pytest.mark.parametrize("stage", [s.name for s in STAGES])
def test_the_readme_names_every_stage(stage: str) -> None:
    assert f"`{stage}`" in README


@pytest.mark.parametrize("setting", [s.name for s in SETTINGS])
def test_the_readme_names_every_setting(setting: str) -> None:
    assert f"`{setting}`" in README


@pytest.mark.parametrize("dag", [p.stem for p in DAGS])
def test_every_dag_is_described_and_the_readme_names_it(dag: str) -> None:
    assert f"\n| `{dag}` |" in DAGS_PAGE
    assert f"`{dag}`" in README


@pytest.mark.parametrize("dag", DAGS, ids=[p.stem for p in DAGS])
def test_the_page_of_the_dags_names_every_stage_that_a_dag_runs(dag: Path) -> None:
    (row,) = (line for line in DAGS_PAGE.splitlines() if line.startswith(f"| `{dag.stem}` |"))
    named = set(re.findall(r'stage_task\("(\w+)"', dag.read_text(encoding="utf-8")))
    assert {stage for stage in named if f"`{stage}`" not in row} == set()


def test_every_stage_after_observation_is_run_by_exactly_one_dag() -> None:
    run = [stage for dag in DAGS for stage in re.findall(r'stage_task\("(\w+)"', dag.read_text(encoding="utf-8"))]
    assert sorted(run) == sorted(s.name for s in STAGES[1:])


def test_the_page_of_the_dags_names_every_variable_of_a_worker() -> None:
    code = (REPOSITORY / "dags" / "stage_task.py").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"LINKLAKE_[A-Z]+", code) if f"`{name}`" not in DAGS_PAGE} == set()


def test_every_make_target_about_airflow_is_explained_on_the_page_of_the_dags() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]*airflow[a-z-]*): .*##", makefile, flags=re.MULTILINE)
    assert len(targets) >= 4
    assert {target for target in targets if f"make {target}" not in DAGS_PAGE} == set()


@pytest.mark.parametrize("command", command_names())
def test_no_page_calls_a_command_or_flag_that_does_not_exist(command: str) -> None:
    """Every ``linklake COMMAND … --flag`` in a page is one that the command line takes."""
    parser = subcommands()[command]
    known = {flag for action in parser._actions for flag in action.option_strings}
    for page in PAGES:
        for call in re.findall(rf"linklake {command}\b([^`\n|#;)\"']*)", page.read_text(encoding="utf-8")):
            given = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", call))
            assert given <= known, f"{page.name}: linklake {command}{call}"


def test_no_page_calls_a_command_that_does_not_exist() -> None:
    calls = {
        word
        for page in PAGES
        for word in re.findall(r"(?:^|[`\s/])linklake ([a-z][a-z-]+) (?:--|\$|[A-Z])", page.read_text(encoding="utf-8"))
    }
    assert calls - set(command_names()) == set()


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(REPOSITORY)) for p in PAGES])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("query", QUERIES, ids=[q.stem for q in QUERIES])
def test_every_documented_question_runs(query: Path, built_lake: Path) -> None:
    code, out, err = linklake("sql", query.read_text(encoding="utf-8"), "--lake", built_lake)
    assert code == 0, err
    assert out.strip()


def test_every_documented_question_stands_on_the_page_of_questions_with_an_answer() -> None:
    assert sorted(q.stem for q in QUERIES) == sorted(questions_page.QUERIES)
    text = questions_page.PAGE.read_text(encoding="utf-8")
    answers = re.findall(r"\n```\n\n```\n(.+?)```\n", text, flags=re.DOTALL)
    assert len(answers) == len(QUERIES)
    assert text == questions_page.page(lambda sql: answers.pop(0)), "make questions"


def test_every_question_of_the_readme_is_a_documented_one_and_stands_there_as_it_is() -> None:
    asked = re.findall(r"```sql\n(.+?)\n```", README, flags=re.DOTALL)
    assert len(asked) >= 3
    assert set(asked) <= {q.read_text(encoding="utf-8").strip() for q in QUERIES}
