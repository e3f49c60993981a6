"""Asks the questions of transforms/report with their values written in, so that each can be asked again as it is."""

import re
from importlib.resources import files
from typing import Final

from linklake.questions import Questions
from linklake.report.model import Answer
from schemas.render import quoted

TOP: Final = 15
"""Rows of a list of the best."""

FARMS: Final = 8
"""Farms that are drawn; the gravest come first."""

_VALUE: Final = re.compile(r"\$([a-z_]+)")


class Measures:
    """Answers from one version of a lake."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def ask(self, file: str, **values: str | int) -> Answer:
        """The rows of ``transforms/report/<file>.sql``."""
        text = files("transforms").joinpath("report", *f"{file}.sql".split("/")).read_text(encoding="utf-8")
        return self.answer(file, _VALUE.sub(lambda found: _literal(values[found[1]]), text).strip())

    def answer(self, name: str, sql: str) -> Answer:
        """The rows of a SELECT."""
        names, rows = self._questions.ask(sql)
        return Answer(name, sql, tuple(dict(zip(names, row, strict=True)) for row in rows))


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else quoted(value)
