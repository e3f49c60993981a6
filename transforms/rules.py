"""The rules that a dataset must keep to be published: derived from its schema, and the laws of its stage."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.render import quoted
from transforms.laws import LAWS, ROW_LAWS, Severity

FEWEST_SHARE: Final = 0.5
MOST_TIMES: Final = 5
"""Rows against the previous crawl's: fewer than half or more than five times as many are worth a look."""

STALE_DAYS: Final = 30
"""What is older than a month as of its crawl, or a crawl older by a month than the newest one, is worth a look."""

Measured = Literal["files", "rows", "profile", "law"]
"""Where a rule is measured: on the files, for each row, on the profile of all rows, or across tables."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a dataset, in a sentence; ``failing`` is true of a row that breaks it."""

    dataset: str
    name: str
    severity: Severity
    meaning: str
    measured: Measured
    failing: str | None = None
    shows: str | None = None
    """The column that an example shows beside the key."""


FILE_RULES: Final = (
    ("file_present", "Every file that the stage wrote is there."),
    ("checksum", "Every file is byte for byte what the stage wrote."),
    ("row_count", "Every file has as many rows as the stage wrote."),
    ("columns_and_types", "Every file has the columns and types of the schema, and no others."),
)

RANGES: Final[tuple[tuple[str, float, float | None], ...]] = (
    (r".*_id|simhash|bucket|value", float("-inf"), None),
    (r".*_rank", 1, None),
    (r"status", 100, 999),
    (r".*authority_score.*", 0, 100),
    (r"harmonic_centrality|duration_seconds", 0, None),
    (r".*_share|.*score|.*_percentile|.*density|.*_confidence|pagerank|raw_authority", 0, 1),
    (r".*", 0, None),
)
"""Least and greatest sane value of a number by its column's name; the first that matches holds (DESIGN §2: names)."""


def rules_of(dataset: Dataset) -> tuple[Rule, ...]:
    """Every rule of a dataset, in the order in which its gate reports them."""
    return tuple(_rules(dataset))


def _rules(dataset: Dataset) -> Iterator[Rule]:
    for name, meaning in FILE_RULES:
        yield Rule(dataset.name, name, "stop", meaning, "files")
    key = ", ".join(dataset.key)
    yield Rule(dataset.name, "duplicate_keys", "stop", f"No two rows have the same {key}.", "profile")
    for column in dataset.columns:
        yield from _column_rules(dataset, column)
    yield from _order_rules(dataset)
    for row_law in ROW_LAWS:
        if row_law.dataset == dataset.name:
            yield Rule(dataset.name, row_law.name, "stop", row_law.meaning, "rows", row_law.failing)
    laws = {law.name: law for law in LAWS if law.dataset == dataset.name}
    for law in laws.values():
        yield Rule(dataset.name, law.name, law.severity, law.meaning, "law")
    yield from _history_rules(dataset)


def _column_rules(dataset: Dataset, column: Column) -> Iterator[Rule]:
    name = column.name
    if not column.nullable:
        yield Rule(dataset.name, f"null_{name}", "stop", f"{name} is never NULL.", "rows", f"{name} is null")
    if column.values:
        listed = ", ".join(quoted(v) for v in column.values)
        meaning = f"{name} is a word of its vocabulary."
        yield Rule(dataset.name, f"unknown_{name}", "stop", meaning, "rows", f"{name} not in ({listed})", name)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        yield from _range_rules(dataset, column)
    if pa.types.is_timestamp(column.type):
        meaning = f"{name} lies at most a day after the table was made."
        failing = f"{name} > $made_at + interval 1 day"
        yield Rule(dataset.name, f"future_{name}", "warn", meaning, "rows", failing, name)
    if name == "crawl_id" and dataset.says_its_crawl:
        meaning = "Every row belongs to the crawl of the partition."
        yield Rule(dataset.name, "foreign_crawl", "stop", meaning, "rows", "crawl_id is distinct from $crawl_id", name)


def _range_rules(dataset: Dataset, column: Column) -> Iterator[Rule]:
    name = column.name
    least, most = next((low, high) for pattern, low, high in RANGES if re.fullmatch(pattern, name))
    if least == float("-inf"):
        return
    said = f"{least:g} or more" if most is None else f"within {least:g} and {most:g}"
    failing = f"{name} < {least:g}" if most is None else f"{name} not between {least:g} and {most:g}"
    if pa.types.is_floating(column.type):
        failing = f"not isfinite({name}) or {failing}"
    yield Rule(dataset.name, f"range_{name}", "stop", f"{name} is {said}.", "rows", failing, name)


def _order_rules(dataset: Dataset) -> Iterator[Rule]:
    names = {c.name for c in dataset.columns}
    for first, last in (("first_seen", "last_seen"), ("observed_from", "observed_to"), ("started_at", "finished_at")):
        if {first, last} <= names:
            meaning = f"{last} is never before {first}."
            yield Rule(dataset.name, f"order_{last}", "stop", meaning, "rows", f"{last} < {first}", last)


def _history_rules(dataset: Dataset) -> Iterator[Rule]:
    meaning = f"There are at least half and at most {MOST_TIMES} times as many rows as in the previous crawl."
    yield Rule(dataset.name, "row_delta", "warn", meaning, "profile")
    if newest_of(dataset):
        meaning = f"The newest {newest_of(dataset)} is at most {STALE_DAYS} days before the end of the crawl."
        yield Rule(dataset.name, "stale", "warn", meaning, "profile")
    if dataset.name == "crawls":
        meaning = f"The crawl ends at most {STALE_DAYS} days before the newest one of the lake."
        yield Rule(dataset.name, "behind", "warn", meaning, "profile")


def newest_of(dataset: Dataset) -> str | None:
    """The column whose newest value says how fresh a state is."""
    return "last_seen" if dataset.kind != "event" and any(c.name == "last_seen" for c in dataset.columns) else None
