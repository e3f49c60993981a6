"""The house stands as it is drawn: who imports whom, what things are called, and who ships our names."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Any, Final

import grimp
import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("linklake", "schemas", "crawlers", "transforms")
GROUND: Final = {"pyarrow", "ada_url", "publicsuffixlist"}
NAMELESS: Final = {"utils", "util", "helpers", "helper", "common", "manager", "managers"}
HEAVY: Final = {"duckdb", "pyarrow", "scrapy", "great_expectations"}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def python_files() -> list[Path]:
    return [p for folder in (*PACKAGES, "dags", "tests") for p in sorted((ROOT / folder).rglob("*.py"))]


def imported(source: str) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    given = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.partition(".")[0] for name in plain | given}


def third_party(package: str) -> set[str]:
    """Top-level modules from elsewhere that a package of ours imports directly."""
    ours = [m for m in graph().modules if m == package or m.startswith(f"{package}.")]
    names = {n.partition(".")[0] for m in ours for n in graph().find_modules_directly_imported_by(m)}
    return names - set(PACKAGES) - sys.stdlib_module_names


def normalized(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def names(requirements: Iterable[str]) -> set[str]:
    return {normalized(re.split(r"[<>=~!;\[ ]", line, maxsplit=1)[0]) for line in requirements}


@cache
def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def test_every_import_contract_is_kept() -> None:
    # In a process of its own: import-linter trips over modules that Twisted, imported by other tests, has decorated.
    words = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_ground_stands_on_arrow_and_the_url_libraries_alone() -> None:
    assert third_party("schemas") <= GROUND


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_imports_is_a_declared_base_dependency(package: str) -> None:
    shipped_by = packages_distributions()
    used = {normalized(d) for name in third_party(package) for d in shipped_by.get(name, [f"nobody: {name}"])}
    assert {d for d in used if not d.endswith("-stubs")} <= names(project()["dependencies"])


def test_every_dependency_of_every_extra_is_pinned_and_no_index_is_named() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    declared = [*project()["dependencies"], *chain(*project()["optional-dependencies"].values())]
    assert names(declared) <= names(lines)
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.+]+( ; [^:/@]+)?", line) for line in lines)


def test_dags_import_neither_us_nor_what_we_work_with() -> None:
    forbidden = {*PACKAGES, "tests", *HEAVY}
    for path in sorted((ROOT / "dags").rglob("*.py")):
        assert not imported(path.read_text(encoding="utf-8")) & forbidden, path


def test_nobody_imports_docs_which_another_distribution_ships() -> None:
    for path in python_files():
        assert "docs" not in imported(path.read_text(encoding="utf-8")), path


def test_an_import_is_seen_wherever_it_stands() -> None:
    source = "def f():\n    from schemas.lake import Lake\n    import duckdb.typing\n    from . import beside\n"
    assert imported(source) == {"schemas", "duckdb"}


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    parts = {part for path in python_files() for part in (path.stem, *path.relative_to(ROOT).parent.parts)}
    assert not parts & NAMELESS


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_opens_with_one_sentence_that_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert docstring.partition("\n\n")[0].endswith((".", "?", "!", ":"))


def strangers(shipped_by: dict[str, list[str]]) -> Iterator[str]:
    for name in PACKAGES:
        yield from (f"{d} ships {name}" for d in shipped_by.get(name, ()) if normalized(d) != "linklake")


def test_no_other_distribution_ships_our_names() -> None:
    assert list(strangers(dict(packages_distributions()))) == []


def test_a_distribution_that_ships_our_names_is_named() -> None:
    shipped_by = {"schemas": ["linklake", "other-lake"], "crawlers": ["linklake"], "docs": ["ada-url"]}
    assert list(strangers(shipped_by)) == ["other-lake ships schemas"]
