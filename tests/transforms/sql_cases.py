"""Cases of SQL as folders: ``tests/transforms/<table>/<case>/given.yaml`` and ``expect.yaml``.

``given.yaml`` opens with a comment that says what the case shows, and names input tables with only the columns that
matter: the rest is filled in so that a row is sound (hosts, domains and ids follow from URLs, an observation takes its
page and time from its fetch). ``expect.yaml`` lists the rows of ``<table>``, in any order, with the columns the case is
about. A table that is not given is empty, but ``link_classes`` is then made of the given links by its own stage.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from schemas import identity
from schemas.catalog import dataset
from schemas.dataset import Column, Dataset
from schemas.graph_columns import Node
from schemas.render import view_select
from schemas.vocabulary import NEUTRAL_LINK_TYPES
from transforms.engines.duckdb import DuckDB, Resources
from transforms.farms.stages import SCORE_FARMS
from transforms.graph.stages import BUILD_EDGES, RANK_DOMAINS, RANK_HOSTS, SCORE_AUTHORITY, import_graph
from transforms.links.stages import CLASSIFY_LINKS, DEDUPE_LINKS, SETTLE_CRAWL
from transforms.marts.stages import BUILD_MARTS
from transforms.stage import Input, Query, Run, Stage

FOLDER: Final = Path(__file__).parent
RUN: Final = Run("this", datetime(2026, 11, 20, tzinfo=UTC))
BEFORE: Final = "before"

Row = dict[str, Any]
Rows = list[Row]

_STAGES: Final = (
    SETTLE_CRAWL,
    DEDUPE_LINKS,
    CLASSIFY_LINKS,
    BUILD_EDGES,
    RANK_HOSTS,
    RANK_DOMAINS,
    SCORE_FARMS,
    SCORE_AUTHORITY,
    BUILD_MARTS,
)

_IMPORTED: Final = "imported_"
_SOME_TIME: Final = "2026-11-01 00:00"

_SOUND: Final[Mapping[str, Mapping[str, Callable[[Row], Any]]]] = {
    "crawls": {
        "started_at": lambda _: _SOME_TIME,
        "observed_to": lambda row: row["started_at"],
        "observed_from": lambda row: row["observed_to"],
        "is_complete": lambda _: True,
    },
    "page_fetches": {
        "requested_url": lambda row: row["source_url"],
        "status": lambda row: 200 if row.get("state", "fetched") in ("fetched", "not_html") else None,
    },
    "links": {
        "link_type": lambda _: "text",
        "link_types": lambda row: [row["link_type"]],
        "sightings": lambda _: 1,
        "followed_sightings": lambda row: _followed(row),
        "link_scope": lambda row: _scope(row),
        "first_seen": lambda _: _SOME_TIME,
        "last_seen": lambda row: row["first_seen"],
        "last_checked_at": lambda row: None if row.get("link_state") == "unchecked" else row["last_seen"],
        "seen_crawl_id": lambda _: BEFORE,
    },
    "host_edges": dict.fromkeys(("link_count", "followed_link_count", "page_count"), lambda _: 1),
    "domain_edges": dict.fromkeys(("link_count", "followed_link_count", "page_count"), lambda _: 1),
    "link_classes": {"passes_equity": lambda _: True},
    "farm_verdicts": {"reasons": lambda _: "[]"},
}
"""What a row of an input is taken to say where its case is silent, in this order; other columns: see ``_default``."""


@dataclass(frozen=True, slots=True)
class Case:
    """One folder; ``sentence`` is what it shows."""

    table: str
    name: str
    sentence: str
    given: Mapping[str, Rows]
    expected: Rows

    @property
    def dataset(self) -> Dataset:
        """What the rows of ``table`` are rows of."""
        return dataset(self.table.removeprefix(_IMPORTED))

    def __str__(self) -> str:
        return f"{self.table}/{self.name}"


def cases() -> list[Case]:
    """Every case there is, by table and name."""
    return [_read(path.parent) for path in sorted(FOLDER.glob("*/*/given.yaml"))]


def rows_of(table: str, given: Mapping[str, Rows], temporary: Path) -> Rows:
    """All rows and columns of ``table`` as its real stage makes them of the given rows."""
    stage = stage_of(table)
    made = table.removeprefix(_IMPORTED)
    engine = DuckDB(Resources("1GB", 2, temporary))
    try:
        names = {i.name for i in stage.inputs}
        if unknown := given.keys() - names:
            raise ValueError(f"{stage.name} does not read {', '.join(sorted(unknown))}")
        is_classed = "link_classes" in given
        for input_ in stage.inputs:
            if is_classed or input_.name != "link_classes":
                engine.bind_arrow(input_.name, filled(input_, given))
        if "link_classes" in names and not is_classed:
            query = CLASSIFY_LINKS.build(RUN, engine)["link_classes"]
            _write(engine, dataset("link_classes"), query, temporary)
        for name, output in stage.build(RUN, engine).items():
            _write(engine, dataset(name), output, temporary)
            if name == made:
                break
        if dataset(made).kind == "view":
            engine.keep(made, Query(view_select(dataset(made)), {}))
        columns = [c.name for c in dataset(made).columns]
        return engine.arrow(made, columns).to_pylist()
    finally:
        engine.close()


def stage_of(table: str) -> Stage:
    """The stage that a folder's name stands for; ``imported_<node>_…`` is a table of ``import_graph``, views are of the
    marts."""
    if table.startswith(_IMPORTED):
        node: Node = "host" if "host_" in table else "domain"
        return import_graph(node)
    if dataset(table).kind == "view":
        return BUILD_MARTS
    return next(stage for stage in _STAGES if table in stage.outputs)


def filled(input_: Input, given: Mapping[str, Rows]) -> pa.Table:
    """The given rows of an input, sound and complete."""
    table = dataset(input_.dataset)
    columns = {c.name for c in table.columns}
    fetches = {row.get("fetch_id", ""): row for row in given.get("page_fetches", [])}
    rows = []
    for position, row in enumerate(given.get(input_.name, [])):
        if unknown := row.keys() - columns:
            raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
        row = dict(row)
        if table.name == "link_observations":
            fetch = fetches[row.get("fetch_id", "")]
            row = {"position": position, "source_url": fetch["source_url"], "fetched_at": fetch["fetched_at"]} | row
        row.setdefault("crawl_id", BEFORE if input_.which == "previous" else RUN.crawl_id)
        _fill(table, row)
        rows.append({c.name: _value(c, row[c.name]) for c in table.columns})
    return pa.Table.from_pylist(rows, schema=table.schema)


def as_expected(rows: Iterable[Row], columns: Iterable[str], table: Dataset) -> Counter[str]:
    """Rows cut to columns, comparable in any order: how often each is there."""
    names = sorted(columns)
    return Counter(repr({n: _value(table.column(n), row[n]) for n in names}) for row in rows)


def _read(folder: Path) -> Case:
    text = (folder / "given.yaml").read_text(encoding="utf-8")
    comment = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    given = yaml.safe_load(text) or {}
    expected = yaml.safe_load((folder / "expect.yaml").read_text(encoding="utf-8"))
    return Case(folder.parent.name, folder.name, " ".join(comment), given, expected)


def _write(engine: DuckDB, table: Dataset, output: Any, temporary: Path) -> None:
    def part(bucket: int) -> Path:
        return temporary / f"{table.name}-{bucket}.parquet"

    engine.write(table, output, crawl_id=RUN.crawl_id, buckets=4, part=part)


def _fill(table: Dataset, row: Row) -> None:
    for name, sound in _SOUND.get(table.name, {}).items():
        if name not in row:
            row[name] = sound(row)
    for prefix in ("source_", "target_", "requested_", ""):
        if url := row.get(f"{prefix}url"):
            _fill_place(row, prefix, url)
    for column in table.columns:
        if column.name in row:
            continue
        is_id = column.name.endswith("_id") and pa.types.is_int64(column.type)
        text = row.get(column.name.removesuffix("_id")) if is_id else None
        row[column.name] = _default(column) if text is None else identity.text_id(text)


def _fill_place(row: Row, prefix: str, url: str) -> None:
    judged = identity.judge(url)
    if not isinstance(judged, identity.CanonicalUrl) or judged.url != url:
        raise ValueError(f"{url} is not canonical: {judged}")
    row.setdefault(f"{prefix}host", judged.host)
    row.setdefault(f"{prefix}domain", judged.domain)
    row.setdefault(f"{prefix}icann_domain", judged.icann_domain)


def _default(column: Column) -> Any:
    if column.nullable:
        return None
    if column.values:
        return column.values[0]
    if pa.types.is_timestamp(column.type):
        return _SOME_TIME
    if pa.types.is_list(column.type):
        return []
    if pa.types.is_boolean(column.type):
        return False
    return "" if pa.types.is_string(column.type) else 0


def _value(column: Column, value: Any) -> Any:
    if not pa.types.is_timestamp(column.type) or value is None:
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _scope(row: Row) -> str:
    source, target = identity.judge(row["source_url"]), identity.judge(row["target_url"])
    assert isinstance(source, identity.CanonicalUrl)
    assert isinstance(target, identity.CanonicalUrl)
    if source.host == target.host:
        return "same_host"
    if source.domain == target.domain:
        return "same_domain"
    return "external" if all(map(identity.is_registrable, (source.domain, target.domain))) else "no_domain"


def _followed(row: Row) -> int:
    if row["link_type"] in NEUTRAL_LINK_TYPES:
        return 0
    return int(row["sightings"] - row.get("nofollowed_sightings", 0))
