"""The small tables that ``link_classes.sql`` looks things up in, each distinct thing judged once.

Python sees distinct texts, domains and pages, never links: what a link is follows from joins.
"""

from typing import Any, Final

import pyarrow as pa

from schemas.identity import CanonicalUrl, judge
from transforms.links import anchors
from transforms.links.origins import ORIGIN_RULES, is_guest, is_paid
from transforms.links.platforms import UNKNOWN, PageFacts, platform_of
from transforms.stage import Tables

_JUDGED: Final[list[tuple[str, pa.DataType]]] = [
    ("platform_class", pa.string()),
    ("platform_reason", pa.string()),
    ("is_paid", pa.bool_()),
    ("is_guest", pa.bool_()),
    ("is_copy", pa.bool_()),
]


def bind_lookups(tables: Tables) -> None:
    """Make ``anchor_texts``, ``slugs``, ``domain_names``, ``judged_pages`` and ``origin_rules`` readable."""
    tables.bind_arrow("anchor_texts", anchors.anchor_texts(_distinct(tables, "link_anchors")))
    tables.bind_arrow("slugs", anchors.slugs(_distinct(tables, "link_slugs")))
    tables.bind_arrow("domain_names", anchors.domain_names(_distinct(tables, "link_targets")))
    tables.bind_arrow("judged_pages", page_table(tables.select(tables.query("links", "fetched_pages"))))
    rules = {"reason": [r.reason for r in ORIGIN_RULES], "origin_role": [r.role for r in ORIGIN_RULES]}
    tables.bind_arrow("origin_rules", pa.table(rules))


def page_table(fetched: pa.Table) -> pa.Table:
    """One row per page: its platform, what it says of its links, and its own words.

    ``is_copy``: its canonical is on another registrable domain. ``title_phrase`` and ``h1_phrase``: see anchors.
    """
    judged = pa.Table.from_pylist([_judged(row) for row in fetched.to_pylist()], schema=pa.schema(_JUDGED))
    return pa.table(
        {
            "url": fetched.column("source_url"),
            **{name: judged.column(name) for name in judged.column_names},
            "title_phrase": anchors.headline_phrases(fetched.column("title")),
            "h1_phrase": anchors.text_phrases(fetched.column("h1")),
        }
    )


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    path = row["source_url"].partition("://")[2].partition("/")[2]
    facts = PageFacts(row["source_host"], f"/{path}", row["generator"], row["structured_data_types"])
    platform, reason = platform_of(facts)
    return {
        "platform_class": platform,
        "platform_reason": None if platform == UNKNOWN else reason,
        "is_paid": is_paid(facts.path, row["title"]),
        "is_guest": is_guest(facts.path, row["title"], row["author"]),
        "is_copy": _is_elsewhere(row["canonical_url"], row["source_domain"]),
    }


def _is_elsewhere(canonical_url: str | None, domain: str) -> bool:
    if canonical_url is None:
        return False
    found = judge(canonical_url)
    return isinstance(found, CanonicalUrl) and found.domain != domain


def _distinct(tables: Tables, file: str) -> anchors.Texts:
    """The only column of ``transforms/links/<file>.sql``."""
    return tables.select(tables.query("links", file)).column(0)
