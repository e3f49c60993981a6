"""The receipt of every run of a stage or command."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import OUTCOME

STAGE_RUNS = Dataset(
    "stage_runs",
    grain="run of a stage",
    kind="event",
    key=("crawl_id", "stage", "attempt"),
    columns=(
        CRAWL_ID,
        Column("stage", pa.string(), "Stage or command.", "dedupe_links"),
        Column("attempt", pa.string(), "Names this run: 12 hex digits.", "b94d27b9934d", in_hash=False),
        Column("outcome", pa.string(), "How it ended.", "built", values=words(OUTCOME)),
        Column("is_published", pa.bool_(), "Its output can be read.", True),
        Column("rows_in", pa.int64(), "Rows read from the inputs that conservation counts.", 355120),
        Column("rows_out", pa.int64(), "Rows written, over all outputs.", 201033),
        Column("rows_rejected", pa.int64(), "Rows rejected, see rejected_records.", 0),
        Column("started_at", TIMESTAMP, "When it started.", in_hash=False),
        Column("duration_seconds", pa.float64(), "How long it took.", 4.2, in_hash=False),
        Column("peak_rss_bytes", pa.int64(), "Largest resident memory of the process.", 512000000, in_hash=False),
        Column("message", pa.string(), "What failed, or why nothing was done.", nullable=True),
        Column("next_command", pa.string(), "What to run next, or what mends it.", nullable=True),
        Column("code_version", pa.string(), "Version of linklake.", "0.1.0"),
    ),
    sort_by=("stage", "started_at"),
    writers="many",
)
