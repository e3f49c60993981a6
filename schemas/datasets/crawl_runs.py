"""Mart: how every stage ended for every crawl, and what to do about it."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import CRAWL_KIND, OUTCOME

CRAWL_RUNS = Dataset(
    "crawl_runs",
    grain="crawl and stage, by its newest run",
    kind="mart",
    key=("crawl_id", "stage"),
    columns=(
        CRAWL_ID,
        Column("kind", pa.string(), "How the crawl observed.", "ingest", nullable=True, values=words(CRAWL_KIND)),
        Column("observed_to", TIMESTAMP, "Its latest fetch; NULL until it is published.", nullable=True),
        Column("stage", pa.string(), "Stage or command.", "dedupe_links"),
        Column("outcome", pa.string(), "How the newest run ended.", "built", values=words(OUTCOME)),
        Column("is_published", pa.bool_(), "The newest run's output could be read when it ended.", True),
        Column("run_count", pa.int64(), "Runs on record.", 2, policy="Rows of stage_runs.", in_hash=False),
        Column(
            "failed_run_count",
            pa.int64(),
            "Runs that failed or were stopped.",
            1,
            policy="Rows of stage_runs with outcome failed or stopped.",
            in_hash=False,
        ),
        Column("rows_in", pa.int64(), "Rows read from the inputs that conservation counts.", 355120),
        Column("rows_out", pa.int64(), "Rows written, over all outputs.", 201033),
        Column("rows_rejected", pa.int64(), "Rows rejected, see rejected_records.", 0),
        Column("started_at", TIMESTAMP, "When the newest run started.", in_hash=False),
        Column("duration_seconds", pa.float64(), "How long it took.", 4.2, in_hash=False),
        Column("peak_rss_bytes", pa.int64(), "Largest resident memory of its process.", 512000000, in_hash=False),
        Column("last_published_at", TIMESTAMP, "Start of the newest run that published.", nullable=True, in_hash=False),
        Column(
            "warning_count", pa.int64(), "Rules that only warn and did not hold.", 0, policy="Rows of gate_findings."
        ),
        Column("warnings", pa.string(), "Those rules.", "links.row_delta", nullable=True),
        Column("stopped_rules", pa.string(), "Rules that stopped it.", "links.duplicate_keys", nullable=True),
        Column("accepted_rules", pa.string(), "Rules that a person let it break.", nullable=True),
        Column("message", pa.string(), "What failed, or is worth knowing.", nullable=True),
        Column("next_command", pa.string(), "What to run next, or what mends it.", nullable=True),
        Column("code_version", pa.string(), "Version of linklake.", "0.1.0"),
    ),
    sort_by=("crawl_id", "started_at"),
)
