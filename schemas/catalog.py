"""Every dataset, in the order in which the data flows."""

from typing import Final

from schemas.dataset import Dataset
from schemas.datasets.anchors import ANCHORS
from schemas.datasets.backlinks import BACKLINKS
from schemas.datasets.backlinks_all import BACKLINKS_ALL
from schemas.datasets.crawl_runs import CRAWL_RUNS
from schemas.datasets.crawls import CRAWLS
from schemas.datasets.domain_authority import DOMAIN_AUTHORITY
from schemas.datasets.domain_edges import DOMAIN_EDGES
from schemas.datasets.domain_nodes import DOMAIN_NODES
from schemas.datasets.domain_ranks import DOMAIN_RANKS
from schemas.datasets.domains import DOMAINS
from schemas.datasets.farm_clusters import FARM_CLUSTERS
from schemas.datasets.farm_signals import FARM_SIGNALS
from schemas.datasets.farm_verdicts import FARM_VERDICTS
from schemas.datasets.gate_findings import GATE_FINDINGS
from schemas.datasets.host_blocks import HOST_BLOCKS
from schemas.datasets.host_edges import HOST_EDGES
from schemas.datasets.host_nodes import HOST_NODES
from schemas.datasets.host_ranks import HOST_RANKS
from schemas.datasets.index_info import INDEX_INFO
from schemas.datasets.link_classes import LINK_CLASSES
from schemas.datasets.link_observations import LINK_OBSERVATIONS
from schemas.datasets.links import LINKS
from schemas.datasets.metric_catalog import METRIC_CATALOG
from schemas.datasets.page_fetches import PAGE_FETCHES
from schemas.datasets.pages import PAGES
from schemas.datasets.referring_domains import REFERRING_DOMAINS
from schemas.datasets.rejected_records import REJECTED_RECORDS
from schemas.datasets.stage_runs import STAGE_RUNS
from schemas.errors import UnknownName

DATASETS: Final[tuple[Dataset, ...]] = (
    CRAWLS,
    PAGE_FETCHES,
    LINK_OBSERVATIONS,
    HOST_BLOCKS,
    LINKS,
    LINK_CLASSES,
    HOST_NODES,
    HOST_EDGES,
    DOMAIN_NODES,
    DOMAIN_EDGES,
    HOST_RANKS,
    DOMAIN_RANKS,
    FARM_SIGNALS,
    FARM_VERDICTS,
    FARM_CLUSTERS,
    DOMAIN_AUTHORITY,
    DOMAINS,
    PAGES,
    BACKLINKS,
    BACKLINKS_ALL,
    REFERRING_DOMAINS,
    ANCHORS,
    CRAWL_RUNS,
    INDEX_INFO,
    METRIC_CATALOG,
    REJECTED_RECORDS,
    STAGE_RUNS,
    GATE_FINDINGS,
)

MARTS: Final[tuple[Dataset, ...]] = tuple(d for d in DATASETS if d.kind == "mart")

MART_VERSION: Final = "1"
"""Version of what BI is promised; a column that goes or changes type makes a new one."""

_BY_NAME: Final = {d.name: d for d in DATASETS}


def dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        UnknownName: there is none; the message lists those there are.
    """
    if name not in _BY_NAME:
        raise UnknownName(f"there is no dataset {name}: the datasets are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
