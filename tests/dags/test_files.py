"""What DAG files may look like; needs no Airflow."""

import ast
from pathlib import Path

import pytest

from tests.runbook import AIRFLOW, pages

REPOSITORY = Path(__file__).parents[2]
STAGE_TASK = REPOSITORY / "dags" / "stage_task.py"
FILES = sorted(p for p in (REPOSITORY / "dags").glob("*.py") if p.name not in {"__init__.py", "stage_task.py"})
NAMES = {"crawl_cycle", "ingest_archives", "refine_links", "detect_farms", "build_authority", "housekeeping"}


def modules(path: Path) -> set[str]:
    """Every module that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_there_is_a_file_for_every_dag() -> None:
    assert {p.stem for p in FILES} == NAMES


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_dag_file_imports_the_sdk_and_stage_task_alone(path: Path) -> None:
    assert modules(path) <= {"airflow.sdk", "dags.stage_task"}


def test_one_file_knows_bash_operator() -> None:
    knowing = [p.name for p in (*FILES, STAGE_TASK) if "airflow.providers.standard.operators.bash" in modules(p)]
    assert knowing == ["stage_task.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_dag_file_opens_with_triage_notes(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    _, _, notes = docstring.partition("*Triage notes*")
    assert notes.count("\n- ") >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_dag_file_is_a_docstring_a_schedule_and_arrows(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body[1:]
    allowed = ast.ImportFrom | ast.Assign | ast.With
    assert all(isinstance(node, allowed) for node in body)
    assert sum(isinstance(node, ast.With) for node in body) == 1


def test_every_dag_is_documented() -> None:
    page = (REPOSITORY / "dags" / "README.md").read_text(encoding="utf-8")
    assert {name for name in NAMES if f"`{name}`" not in page} == set()


def test_every_message_of_airflow_in_the_runbook_is_brought_about() -> None:
    """A test here calls ``about(message, what was said)`` for each."""
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in Path(__file__).parent.glob("test_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "about"]
    tested = {node.value for node in named if isinstance(node, ast.Constant)}
    assert tested - set(pages()) == set()
    assert set(pages(AIRFLOW)) - tested == set()
