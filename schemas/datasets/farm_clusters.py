"""Groups of domains that act as one farm."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, Column, Dataset

FARM_CLUSTERS = Dataset(
    "farm_clusters",
    grain="cluster of domains",
    kind="state",
    key=("farm_id",),
    columns=(
        CRAWL_ID,
        Column("farm_id", pa.int64(), "Id made of the names of its core members."),
        Column("farm_score", pa.float64(), "Score of the cluster, 0 to 1.", 0.91),
        Column("booster_count", pa.int64(), "Members that link.", 8),
        Column("target_count", pa.int64(), "Domains that they lift.", 3),
        Column("density", pa.float64(), "Share of member pairs with similar out-links.", 0.86),
        Column("top_target_share", pa.float64(), "Share of members that link to the commonest target.", 1.0),
        Column("outside_referring_domains", pa.int64(), "Domains outside that link to a member.", 2),
        Column("core_members", pa.string(), "Up to 32 members, those with most evidence first, as JSON."),
    ),
    bucket_by="farm_id",
    sort_by=("farm_id",),
)
