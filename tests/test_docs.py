"""What the docs say is so: commands, datasets, stages, links and SQL."""

import re
from pathlib import Path

import pytest

from linklake.cli import command_names
from linklake.config import SETTINGS
from linklake.pipeline import STAGES
from schemas.catalog import DATASETS
from schemas.render import markdown
from tests.tiny_lake import linklake
from transforms.rules import rules_of
from transforms.rules_page import markdown as rules_page

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = sorted(p for p in REPOSITORY.rglob("*.md") if "/." not in p.as_posix().removeprefix(REPOSITORY.as_posix()))
QUERIES = sorted((REPOSITORY / "docs" / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", [d.name for d in DATASETS])
def test_the_page_of_a_dataset_is_what_its_schema_renders(name: str) -> None:
    page = REPOSITORY / "docs" / "datasets" / f"{name}.md"
    expected = next(markdown(d) for d in DATASETS if d.name == name)
    assert page.read_text(encoding="utf-8").strip() == expected.strip(), "run make docs"


def test_no_page_describes_a_dataset_that_does_not_exist() -> None:
    assert {p.stem for p in (REPOSITORY / "docs" / "datasets").glob("*.md")} == {d.name for d in DATASETS}


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


def test_every_documented_question_stands_in_the_readme_as_it_is() -> None:
    for query in QUERIES:
        assert query.read_text(encoding="utf-8").strip() in README, query.name
