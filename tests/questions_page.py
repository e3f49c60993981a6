"""The page of questions with their answers: ``python -m tests.questions_page LAKE`` asks them of a lake of ``realweb``.

The answers on the page are those of one run; the tests hold the questions to it, and that each still runs.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from linklake.config import load
from linklake.questions import ask, write
from schemas.lake import Lake

REPOSITORY: Final = Path(__file__).parents[1]
PAGE: Final = REPOSITORY / "docs" / "questions.md"
QUERIES: Final = (
    "top_domains", "domain_at_a_glance", "referring_domains", "one_link_per_domain", "editorial_links", "top_anchors",
    "best_pages", "link_gap", "gov_edu_media", "reciprocal_links", "rel_mix", "placement_mix",
    "zero_backlinks", "suspected_farms", "disavow",
)  # fmt: skip
"""In the order of the page: what people ask first comes first."""

_HEAD: Final = """# Fifteen questions

What people ask of a backlink index, as SQL that any DuckDB client can put to `serving/authority.duckdb`, and
`linklake sql` to a lake. The answers are real: of 2,255 pages of some 1,400 hosts (`make bench-realweb`; then
`make questions` asks again and writes this page). Scores are relative to what was read: 2,255 pages are no picture of
the web, and no score here compares with another vendor's. What the words mean stands in the [glossary](glossary.md),
what each table and column means in [datasets](datasets), and how each count counts in the mart `metric_catalog`.

Those archives hold good answers alone, so one question that people ask has no answer here: which broken pages others
still link to, and where these had best redirect to. `v_broken_targets` has it for every crawl and check.
"""


def sql_of(name: str) -> str:
    """A question, as it stands in ``docs/queries``."""
    return (REPOSITORY / "docs" / "queries" / f"{name}.sql").read_text(encoding="utf-8").strip()


def title_of(name: str) -> str:
    """What it asks: its first line."""
    return sql_of(name).partition("\n")[0].removeprefix("-- ").removesuffix(".")


def page(answer: Callable[[str], str]) -> str:
    """The page, with what ``answer`` says to each question."""
    sections = [
        f"\n## {title_of(name)}\n\n```sql\n{sql_of(name)}\n```\n\n```\n{answer(sql_of(name))}```\n" for name in QUERIES
    ]
    return _HEAD + "".join(sections)


def asked(lake: Lake, sql: str) -> str:
    """The answer as ``linklake sql`` prints it."""
    stream = io.StringIO()
    settings = load({}, environment={}, folder=lake.root)
    names, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
    write(names, rows, stream, format="table")
    return stream.getvalue()


def main(root: str) -> None:
    """Write the page."""
    lake = Lake.open(Path(root))
    PAGE.write_text(page(lambda sql: asked(lake, sql)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
