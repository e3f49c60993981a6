"""Which domains take part in a link farm, as what, and why."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, Column, Dataset, words
from schemas.vocabulary import FARM_ROLE, TIER

FARM_VERDICTS = Dataset(
    "farm_verdicts",
    grain="domain with a farm_score above 0",
    kind="state",
    key=("domain",),
    columns=(
        CRAWL_ID,
        Column("domain", pa.string(), "Registrable domain.", "cheap-watches.example"),
        Column("domain_id", pa.int64(), "Id of domain."),
        Column("farm_score", pa.float64(), "How likely it takes part in a farm, 0 to 1.", 0.91),
        Column("tier", pa.string(), "NULL below .5.", "suspected", nullable=True, values=words(TIER)),
        Column("role", pa.string(), "What it does in the farm.", "booster", values=words(FARM_ROLE)),
        Column("farm_id", pa.int64(), "Id of the farm, see farm_clusters.", -2209311290831912),
        Column("reasons", pa.string(), "Codes with value and threshold, as JSON.", '[{"code":"COLINK_CORE"}]'),
    ),
    bucket_by="domain_id",
    sort_by=("domain",),
)
