"""A report as Markdown, for a pull request, a wiki or a chat; drawings are left out, their tables are not."""

import re
from collections.abc import Iterator
from typing import Final

from linklake.report.model import NUMBERS, Answer, Picture, Report
from linklake.report.shown import cell, plain

_SIGNS: Final = re.compile(r"([\\`*_\[\]|~<>&$@]|(?<=:)/(?=/)|(?<=www)\.)", re.IGNORECASE)
"""What Markdown may take for more than text; of addresses a sign that keeps them from becoming links."""


def markdown(report: Report) -> str:
    """The text."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {_text(report.title)}", "")
    yield from (f"- {_text(name)}: {_text(text)}" for name, text in report.facts)
    yield from ("", "| | | |", "|---|--:|---|")
    yield from (f"| {_text(f.label)} | **{_text(f.value)}** | {_text(f.remark)} |" for f in report.figures)
    yield from _sql((report.figures_answer,))
    for section in report.sections:
        yield from ("", f"## {_text(section.heading)}", "", _text(section.lead))
        for picture in section.pictures:
            yield from _picture(picture)
    yield from ("", "## How to read this", "")
    yield from (f"- {_text(caveat)}" for caveat in report.caveats)


def _picture(picture: Picture) -> Iterator[str]:
    yield from ("", f"### {_text(picture.title)}", "")
    if picture.caption:
        yield from (_text(picture.caption), "")
    if not picture.rows:
        yield from (_text(picture.empty), "")
    yield from (f"- {_text(note)}" for note in picture.notes)
    if picture.rows:
        yield from ("", *_table(picture))
    yield from _sql(picture.answers)


def _table(picture: Picture) -> Iterator[str]:
    shown = [(c.name, c.label, c.kind) for c in picture.shown_columns]
    shown += [(c.note, c.note.replace("_", " "), c.note_kind) for c in picture.columns if c.note]
    yield f"| {' | '.join(_text(label) for _, label, _ in shown)} |"
    yield f"|{'|'.join('--:' if kind in NUMBERS else '---' for *_, kind in shown)}|"
    for row in picture.rows:
        yield f"| {' | '.join(_text(cell(row.get(name), kind)) for name, _, kind in shown)} |"


def _sql(answers: tuple[Answer, ...]) -> Iterator[str]:
    yield from ("", "<details><summary>SQL</summary>", "")
    for answer in answers:
        sql = "\n".join(_sql_line(line) for line in answer.sql.splitlines())
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", sql)), default=0))
        yield from (f"{fence}sql", sql, fence, "")
    yield "</details>"


def _sql_line(line: str) -> str:
    """A line of SQL with its indentation."""
    return line[: len(line) - len(line.lstrip())] + plain(line, 100_000)


def _text(text: str) -> str:
    return _SIGNS.sub(r"\\\1", plain(text, 1_000))
