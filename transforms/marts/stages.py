"""The stage that aggregates everything into what BI reads."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from schemas.catalog import MART_VERSION, MARTS
from schemas.datasets.metric_catalog import METRIC_CATALOG
from schemas.lake import CODE_VERSION
from transforms.stage import Input, Output, Run, Stage, Tables


def build_marts(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Every mart; ``index_info`` last, since it counts the others."""
    names = ("domains", "pages", "backlinks", "backlinks_all", "referring_domains", "anchors")
    marts: dict[str, Output] = {name: tables.query("marts", name) for name in names}
    marts["crawl_runs"] = tables.query("marts", "crawl_runs", crawl_id=run.crawl_id)
    marts["metric_catalog"] = metric_catalog()
    marts["index_info"] = tables.query(
        "marts",
        "index_info",
        crawl_id=run.crawl_id,
        as_of=run.as_of,
        mart_version=MART_VERSION,
        code_version=CODE_VERSION,
    )
    return marts


def metric_catalog() -> pa.Table:
    """One row per column of a mart that names its counting policy."""
    rows = [
        {"mart": mart.name, "metric": column.name, "meaning": column.meaning, "counting_policy": column.policy}
        for mart in MARTS
        for column in mart.columns
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
        Input("domain_authority"),
        Input("stage_runs", "history", is_optional=True, is_record=True),
        Input("gate_findings", "history", is_optional=True, is_record=True),
    ),
    outputs=tuple(mart.name for mart in MARTS),
    build=build_marts,
    counts_rows_of="links",
)
