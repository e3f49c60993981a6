"""A report as one HTML page: everything in it, nothing loaded, no script; whatever was crawled is text."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from linklake.report.drawings import NARROW, WIDE, draw
from linklake.report.model import NUMBERS, Picture, Report
from linklake.report.shown import REPLACED, cell
from schemas.lake import CODE_VERSION


def html(report: Report) -> str:
    """The page."""
    pictures = [picture for section in report.sections for picture in section.pictures]
    # Every value is escaped but for what is ours: the style sheet, and drawings (whose texts Vega has escaped).
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_ours("page.html.j2"))
    return template.render(
        report=report,
        drawings={p.id: _drawings(p) for p in pictures if p.drawing and p.rows},
        numbers=NUMBERS,
        cell=cell,
        sql_text=_sql_text,
        style=Markup(_ours("page.css")),
        code_version=CODE_VERSION,
    )


def _drawings(picture: Picture) -> dict[str, Any]:
    assert picture.drawing
    return {
        name: Markup(draw(picture.drawing, picture.rows, width=width, prefix=f"{picture.id}-{name}"))
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    }


def _sql_text(sql: str) -> str:
    """A SELECT with its lines, and nothing in it that could turn the order of what one reads."""
    return "".join(c if c.isprintable() or c == "\n" else REPLACED for c in sql)


def _ours(name: str) -> str:
    return (files("linklake.report") / name).read_text(encoding="utf-8")
