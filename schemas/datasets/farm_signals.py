"""What each farm detector measured, in long form: a new signal changes no schema."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, Column, Dataset

FARM_SIGNALS = Dataset(
    "farm_signals",
    grain="(domain, signal)",
    kind="state",
    key=("domain", "signal"),
    columns=(
        CRAWL_ID,
        Column("domain", pa.string(), "Registrable domain.", "cheap-watches.example"),
        Column("domain_id", pa.int64(), "Id of domain."),
        Column("signal", pa.string(), "Name in the registry of signals.", "out_link_similarity"),
        Column("value", pa.float64(), "What was measured, in the signal's own unit.", 0.82),
        Column("score", pa.float64(), "How suspicious the value is, 0 to 1.", 0.97),
        Column("evidence", pa.string(), "What the value rests on, as JSON.", '{"partner":"b.example","shared":3}'),
    ),
    bucket_by="domain_id",
    sort_by=("domain", "signal"),
)
