"""The stage that aggregates everything into what BI reads."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from schemas.catalog import MART_VERSION, MARTS, VIEWS
from schemas.datasets.metric_catalog import METRIC_CATALOG
from schemas.lake import CODE_VERSION
from transforms.marts.farm_words import cluster_words, verdict_words
from transforms.marts.mending import mends
from transforms.stage import Input, Output, Run, Stage, Tables

_MARTS: Final = (
    "backlinks_all", "backlinks", "internal_links", "referring_domains", "anchors", "domains", "pages",
    "domain_history", "farm_members", "farms", "broken_backlinks", "disavow_candidates", "crawl_runs",
)  # fmt: skip
"""Marts that are one SELECT each, in the order in which they are made: later ones read earlier ones."""


def build_marts(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Every mart; ``index_info`` last, since it counts the others."""
    _bind_mends(tables)
    _bind_words(tables)
    values = {"crawl_id": run.crawl_id, "as_of": run.as_of}
    marts: dict[str, Output] = {name: tables.query("marts", name, **values) for name in _MARTS}
    marts["metric_catalog"] = metric_catalog()
    versions = {"mart_version": MART_VERSION, "code_version": CODE_VERSION}
    marts["index_info"] = tables.query("marts", "index_info", **values, **versions)
    return marts


def _bind_mends(tables: Tables) -> None:
    """Make ``newest_fetches``, ``broken_pages`` and ``mends`` readable."""
    tables.keep("newest_fetches", tables.query("marts", "newest_fetches"))
    tables.keep("broken_pages", tables.query("marts", "broken_pages"))
    broken = tables.arrow("broken_pages", ("url", "domain"))
    tables.bind_arrow("mends", mends(broken, tables.select(tables.query("marts", "mending_pages"))))


def _bind_words(tables: Tables) -> None:
    """Make ``verdict_words`` and ``cluster_words`` readable."""
    found = tables.select(tables.query("marts", "verdict_reasons"))
    tables.bind_arrow("verdict_words", verdict_words(found))
    tables.bind_arrow("cluster_words", cluster_words(found))


def metric_catalog() -> pa.Table:
    """One row per column of a mart or view that names its counting policy."""
    rows = [
        {"mart": table.name, "metric": column.name, "meaning": column.meaning, "counting_policy": column.policy}
        for table in (*MARTS, *VIEWS)
        for column in table.columns
        if column.policy
    ]
    return pa.Table.from_pylist(rows, schema=METRIC_CATALOG.schema)


BUILD_MARTS: Final = Stage(
    "build_marts",
    "Aggregate tables and the serving file that BI reads.",
    inputs=(
        Input("crawls", "history"),
        Input("page_fetches", "history", is_optional=True),
        Input("links", is_optional=True),
        Input("link_classes", is_optional=True),
        Input("domain_nodes"),
        Input("domain_edges"),
        Input("domain_ranks"),
        Input("farm_verdicts"),
        Input("farm_clusters"),
        Input("domain_authority"),
        Input("domain_history", "previous", is_optional=True, is_record=True),
        Input("stage_runs", "history", is_optional=True, is_record=True),
        Input("gate_findings", "history", is_optional=True, is_record=True),
    ),
    outputs=tuple(mart.name for mart in MARTS),
    build=build_marts,
    version=2,
    counts_rows_of="links",
)
