"""How much a domain's links are worth."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, Column, Dataset

DOMAIN_AUTHORITY = Dataset(
    "domain_authority",
    grain="registrable domain of the graph",
    kind="state",
    key=("domain",),
    columns=(
        CRAWL_ID,
        Column("domain", pa.string(), "Registrable domain.", "example.org"),
        Column("domain_id", pa.int64(), "Id of domain."),
        Column("authority_score", pa.float64(), "0 to 100; links from farms do not count.", 54.2),
        Column("authority_percentile", pa.float64(), "Share of domains with a lower or equal score, 0 to 1.", 0.93),
        Column("authority_rank", pa.int64(), "1 is the highest raw authority; ties by name.", 41),
        Column("raw_authority", pa.float64(), "Robust PageRank before scaling; sums to 1.", 0.00021),
        Column("authority_score_with_farms", pa.float64(), "The score had farms been left in.", 71.0),
        Column("score_version", pa.string(), "Version of the formula.", "1"),
    ),
    bucket_by="domain_id",
    sort_by=("domain",),
)
