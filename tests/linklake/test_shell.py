"""Every command that a message names can be typed as it stands, and is for the lake that the message is about."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from linklake import cli
from linklake.config import load
from linklake.pipeline import STAGES
from linklake.shell import in_lake

REPOSITORY = Path(__file__).parents[2]
SOURCES = [p for room in ("schemas", "crawlers", "transforms", "linklake") for p in (REPOSITORY / room).rglob("*.py")]

# What stands for what in an f-string; the first whose name occurs in the expression.
SAMPLES = {
    "BUILD_MARTS": "build_marts",
    "SETTLE_CRAWL": "settle_crawl", "settle": "settle_crawl --crawl-id c1", "crawl_id": "c1", "next(": "c1",
    "kind": "crawl", "dataset": "links", "stage": "dedupe_links", "writer": "dedupe_links", "sql": "select 1",
    "found.node": "domain", "'build'": "build",
}  # fmt: skip
DOOR = re.compile(r"linklake (?:run|gate|retract) [a-z_]+|linklake (?:crawl|ingest) --crawl-id|linklake sql .")


def sample(expression: ast.expr) -> str:
    text = ast.unparse(expression)
    return next((value for name, value in SAMPLES.items() if name in text), "something")


def rendered(node: ast.expr) -> str | None:
    """A string or f-string with samples in place of its values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (str(v.value) if isinstance(v, ast.Constant) else sample(v.value) for v in node.values)  # type: ignore[attr-defined]
        return "".join(parts)
    return None


def messages() -> Iterator[tuple[str, str]]:
    """Every text of our source, docstrings apart, that begins a command; with where it stands."""
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.expr) or id(node) in inside | docs:
                continue
            text = rendered(node)
            if text and re.search(r"\blinklake [a-z]", text):
                yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", text


MESSAGES = list(messages())
LAKE = "/data/my lake"


@pytest.mark.parametrize(("where", "text"), MESSAGES, ids=[where for where, _ in MESSAGES])
def test_a_command_in_a_message_can_be_typed_and_carries_its_lake(where: str, text: str, tmp_path: Path) -> None:
    assert "…" not in text
    said = in_lake(text, load({"lake": LAKE}, environment={}, folder=tmp_path))
    flag = f" --lake {shlex.quote(LAKE)}"
    for command in re.findall(rf"linklake (?:(?!linklake ).)*?{re.escape(flag)}", said):
        given = cli._parser().parse_args(shlex.split(command)[1:])
        assert given.lake == LAKE
        assert getattr(given, "stage", None) in (None, *(s.name for s in STAGES))
    for door in DOOR.findall(text):
        assert door in said.replace(flag, "")
        assert flag in said, "the lake is missing"


def test_there_are_messages_to_look_at() -> None:
    assert len(MESSAGES) > 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run linklake gate links --crawl-id 2026-w46", "run linklake gate links --crawl-id 2026-w46 --lake L"),
        ("run linklake crawl --crawl-id c.1: it goes on", "run linklake crawl --crawl-id c.1 --lake L: it goes on"),
        ("linklake run dedupe_links --crawl-id c1 --force", "linklake run dedupe_links --crawl-id c1 --force --lake L"),
        ("linklake build --crawl-id c1 to end it.", "linklake build --crawl-id c1 --lake L to end it."),
        ("rejected 3; linklake sql \"select '1' from x\"", "rejected 3; linklake sql \"select '1' from x\" --lake L"),
        ("linklake sql 'from index_info'", "linklake sql 'from index_info' --lake L"),
        ("see linklake status", "see linklake status --lake L"),
        ("run linklake crawl, ingest or import-graph first", "run linklake crawl, ingest or import-graph first"),
        ("linklake crawl needs one", "linklake crawl needs one"),
        ("run linklake init", "run linklake init"),
        ("written by linklake 0.1.0", "written by linklake 0.1.0"),
    ],
)  # fmt: skip
def test_whole_commands_get_the_lake_and_mentions_do_not(text: str, said: str, tmp_path: Path) -> None:
    assert in_lake(text, load({"lake": "L"}, environment={}, folder=tmp_path)) == said


def test_the_default_and_the_environment_need_no_flag_and_a_file_does(tmp_path: Path) -> None:
    command = "linklake status"
    assert in_lake(command, load({}, environment={}, folder=tmp_path)) == command
    assert in_lake(command, load({}, environment={"LINKLAKE_LAKE": "/data"}, folder=tmp_path)) == command
    (tmp_path / "linklake.toml").write_text('lake = "/data/it\'s"\n', encoding="utf-8")
    said = in_lake(command, load({}, environment={}, folder=tmp_path))
    assert shlex.split(said) == ["linklake", "status", "--lake", "/data/it's"]
