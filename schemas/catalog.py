"""Every dataset, in the order in which the data flows."""

from typing import Final

from schemas.dataset import Dataset
from schemas.datasets.anchors import ANCHORS
from schemas.datasets.backlinks import BACKLINKS
from schemas.datasets.backlinks_all import BACKLINKS_ALL
from schemas.datasets.broken_backlinks import BROKEN_BACKLINKS
from schemas.datasets.crawl_runs import CRAWL_RUNS
from schemas.datasets.crawls import CRAWLS
from schemas.datasets.disavow_candidates import DISAVOW_CANDIDATES
from schemas.datasets.domain_authority import DOMAIN_AUTHORITY
from schemas.datasets.domain_edges import DOMAIN_EDGES
from schemas.datasets.domain_history import DOMAIN_HISTORY
from schemas.datasets.domain_nodes import DOMAIN_NODES
from schemas.datasets.domain_ranks import DOMAIN_RANKS
from schemas.datasets.domains import DOMAINS
from schemas.datasets.farm_clusters import FARM_CLUSTERS
from schemas.datasets.farm_members import FARM_MEMBERS
from schemas.datasets.farm_signals import FARM_SIGNALS
from schemas.datasets.farm_verdicts import FARM_VERDICTS
from schemas.datasets.farms import FARMS
from schemas.datasets.gate_findings import GATE_FINDINGS
from schemas.datasets.host_blocks import HOST_BLOCKS
from schemas.datasets.host_edges import HOST_EDGES
from schemas.datasets.host_nodes import HOST_NODES
from schemas.datasets.host_ranks import HOST_RANKS
from schemas.datasets.index_info import INDEX_INFO
from schemas.datasets.internal_links import INTERNAL_LINKS
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
from schemas.views.outlinks import OUTLINKS
from schemas.views.v_anchors import V_ANCHORS
from schemas.views.v_best_pages import V_BEST_PAGES
from schemas.views.v_broken_targets import V_BROKEN_TARGETS
from schemas.views.v_followed_links import V_FOLLOWED_LINKS
from schemas.views.v_gov_edu_media import V_GOV_EDU_MEDIA
from schemas.views.v_linked_domains import V_LINKED_DOMAINS
from schemas.views.v_one_link_per_domain import V_ONE_LINK_PER_DOMAIN
from schemas.views.v_overview import V_OVERVIEW
from schemas.views.v_placement_mix import V_PLACEMENT_MIX
from schemas.views.v_reciprocal_domains import V_RECIPROCAL_DOMAINS
from schemas.views.v_referring_domains import V_REFERRING_DOMAINS
from schemas.views.v_zero_backlinks import V_ZERO_BACKLINKS

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
    INTERNAL_LINKS,
    REFERRING_DOMAINS,
    ANCHORS,
    DOMAIN_HISTORY,
    FARMS,
    FARM_MEMBERS,
    BROKEN_BACKLINKS,
    DISAVOW_CANDIDATES,
    CRAWL_RUNS,
    INDEX_INFO,
    METRIC_CATALOG,
    REJECTED_RECORDS,
    STAGE_RUNS,
    GATE_FINDINGS,
)

MARTS: Final[tuple[Dataset, ...]] = tuple(d for d in DATASETS if d.kind == "mart")

VIEWS: Final[tuple[Dataset, ...]] = (
    OUTLINKS,
    V_OVERVIEW,
    V_REFERRING_DOMAINS,
    V_ANCHORS,
    V_BEST_PAGES,
    V_ONE_LINK_PER_DOMAIN,
    V_FOLLOWED_LINKS,
    V_LINKED_DOMAINS,
    V_RECIPROCAL_DOMAINS,
    V_BROKEN_TARGETS,
    V_GOV_EDU_MEDIA,
    V_PLACEMENT_MIX,
    V_ZERO_BACKLINKS,
)
"""Questions to the marts; one may read those before it."""

MART_VERSION: Final = "1.1"
"""Version of what BI is promised (``tests/schemas/marts.tsv``): a table or column that goes or changes type makes a new
first number, one that is added a new second."""

_BY_NAME: Final = {d.name: d for d in (*DATASETS, *VIEWS)}


def dataset(name: str) -> Dataset:
    """The dataset or view of that name.

    Raises:
        UnknownName: there is none; the message lists those there are.
    """
    if name not in _BY_NAME:
        raise UnknownName(f"there is no dataset {name}: the datasets are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
