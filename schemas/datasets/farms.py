"""Mart: the suspected link farms, each with what gave it away."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.farm_clusters import FARM_CLUSTERS

FARMS = Dataset(
    "farms",
    grain="suspected link farm",
    kind="mart",
    key=("farm_id",),
    columns=(
        *FARM_CLUSTERS.taken("farm_id", "farm_score"),
        Column(
            "boosters",
            pa.int64(),
            "Suspected domains that link to lift its targets.",
            8,
            policy="Rows of farm_members with role booster.",
        ),
        Column(
            "targets",
            pa.int64(),
            "Suspected domains that it lifts.",
            4,
            policy="Rows of farm_members with role target.",
        ),
        Column("top_target", pa.string(), "The domain of it that most of its boosters link to.", nullable=True),
        Column(
            "top_target_boosters",
            pa.int64(),
            "How many of its boosters link to top_target.",
            8,
            policy="Distinct source_domain in domain_edges over farm_members with role booster.",
        ),
        Column(
            "boosting_links",
            pa.int64(),
            "Live links from its boosters to its targets.",
            40,
            policy="Rows of backlinks from farm_members with role booster to those with role target.",
        ),
        *FARM_CLUSTERS.taken("density", "top_target_share"),
        Column(
            "outside_referring_domains",
            pa.int64(),
            "Domains outside that link to one of the domains that link alike.",
            2,
            policy="Distinct domains, neither members nor targets of the cluster, with an edge to a member.",
        ),
        Column("why", pa.string(), "What gave it away, in words.", "8 domains link alike; they lift 4 targets"),
        FARM_CLUSTERS.column("core_members"),
    ),
    sort_by=("farm_id",),
)
