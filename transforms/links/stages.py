"""Stages that settle observations and make links of them."""

from collections.abc import Mapping
from typing import Final

from transforms.domain_names import bind_non_domains
from transforms.links.lookups import bind_lookups
from transforms.stage import Input, Output, Run, Stage, Tables

CLASSIFIER_VERSION: Final = "2"

MIN_BLOCK_PAGES: Final = 3
"""A block on fewer pages of a host says nothing of the others."""


def settle_crawl(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Merge the small parts of an observation into bucketed, sorted partitions."""
    names = ("crawls", "page_fetches", "link_observations", "rejected_records")
    return {name: tables.query("links", name) for name in names}


def dedupe_links(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Merge this crawl's sightings with all that was believed before; tell templates from content first."""
    bind_non_domains(tables, "links")
    return {
        "host_blocks": tables.query("links", "host_blocks", crawl_id=run.crawl_id, min_pages=MIN_BLOCK_PAGES),
        "links": tables.query("links", "links", crawl_id=run.crawl_id),
    }


def classify_links(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Judge every link by its marks, its page and its state, its words and where it stands."""
    bind_lookups(tables)
    version = CLASSIFIER_VERSION
    return {"link_classes": tables.query("links", "link_classes", crawl_id=run.crawl_id, classifier_version=version)}


SETTLE_CRAWL: Final = Stage(
    "settle_crawl",
    "The parts of an observation become its published partitions.",
    inputs=(
        Input("crawls", "parts"),
        Input("page_fetches", "parts"),
        Input("link_observations", "parts"),
        Input("rejected_records", "parts"),
    ),
    outputs=("crawls", "page_fetches", "link_observations", "rejected_records"),
    build=settle_crawl,
    counts_rows_of="link_observations",
)

DEDUPE_LINKS: Final = Stage(
    "dedupe_links",
    "Many sightings of a link become one link, with its history.",
    inputs=(
        Input("page_fetches"),
        Input("link_observations"),
        Input("links", "previous", is_optional=True),
        Input("host_blocks", "previous", is_optional=True),
    ),
    outputs=("host_blocks", "links"),
    build=dedupe_links,
    version=3,
    counts_rows_of="link_observations",
)

CLASSIFY_LINKS: Final = Stage(
    "classify_links",
    "Every link gets its rel class, whether it passes equity, its anchor class and its origin, with the reasons.",
    inputs=(Input("links"), Input("page_fetches", "history", is_optional=True)),
    outputs=("link_classes",),
    build=classify_links,
    version=2,
    counts_rows_of="links",
)
