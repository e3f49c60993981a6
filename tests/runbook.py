"""docs/runbook.md as tests read it: every message, its exit code, and the commands that mend it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

AIRFLOW: Final = "Airflow"
"""The chapter whose messages tests/dags brings about, the others tests/linklake/test_runbook.py."""

RUNBOOK: Final = Path(__file__).parents[1] / "docs" / "runbook.md"


@dataclass(frozen=True, slots=True)
class Page:
    """What the runbook has for one message; ``…`` in it stands for any text."""

    chapter: str
    message: str
    code: int | None
    mend: tuple[str, ...]

    def is_about(self, text: str) -> bool:
        """Whether a text is this message from its first to its last character."""
        return _is_filled_in(self.message, text)

    def is_case_of(self, text: str) -> bool:
        """Whether this message is one that another, with more ``…``, can become."""
        return _is_filled_in(text, self.message)


def pages(chapter: str | None = None) -> dict[str, Page]:
    """Every page by its message; sections may head several messages, divided by `` · ``."""
    found: dict[str, Page] = {}
    for part in re.split(r"^## ", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        for section in re.split(r"^### ", body, flags=re.MULTILINE)[1:]:
            head, _, text = section.partition("\n")
            for message in re.findall(r"`([^`]+)`", head):
                assert message not in found, f"the runbook has two sections for: {message}"
                found[message] = Page(name, message, _exit_code(message, text), _commands(text))
    return {message: page for message, page in found.items() if chapter in (None, page.chapter)}


def _is_filled_in(pattern: str, text: str) -> bool:
    return re.fullmatch(".+?".join(map(re.escape, pattern.split("…"))), text) is not None


def about(message: str, text: str) -> bool:
    """Whether a text is that message of the runbook, which must have it."""
    return pages()[message].is_about(text)


def _exit_code(message: str, text: str) -> int | None:
    said = re.match(r"\s*(?:Exit code (\d+)|No exit code)\b", text)
    assert said, f"the section of this message has to begin with its exit code: {message}"
    return int(said[1]) if said[1] else None


def _commands(text: str) -> tuple[str, ...]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return tuple(line for block in blocks for line in block.splitlines())
