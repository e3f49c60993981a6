"""What was observed, when, how and how far."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import CRAWL_KIND

CRAWLS = Dataset(
    "crawls",
    grain="crawl",
    kind="event",
    key=("crawl_id",),
    columns=(
        CRAWL_ID,
        Column("kind", pa.string(), "How the observations were made.", "ingest", values=words(CRAWL_KIND)),
        Column("started_at", TIMESTAMP, "When the command started.", "2026-11-19T20:00:00Z", in_hash=False),
        Column("finished_at", TIMESTAMP, "When the last observation was settled.", in_hash=False),
        Column("observed_from", TIMESTAMP, "Time of the earliest fetch.", "2026-11-19T20:00:01Z"),
        Column(
            "observed_to",
            TIMESTAMP,
            "Time of the latest fetch, which orders crawls; without any, when it started (and it comes first).",
        ),
        Column("scope", pa.string(), "What the crawl was allowed to fetch or read, in words.", "domains of 16 seeds"),
        Column("seeds_hash", pa.string(), "Hash of the sorted seeds or archive names.", "5d41402abc4b2a76"),
        Column("config_hash", pa.string(), "Hash of the settings that shape what is observed.", "0cc175b9c0f1b6a8"),
        Column("code_version", pa.string(), "Version of linklake.", "0.1.0"),
        Column("psl_version", pa.string(), "Version of the public suffix list.", "1.1.2.20261023-8a3c0f1d2e4b"),
        Column(
            "is_target_scoped",
            pa.bool_(),
            "Only links to listed targets were kept (ingest --targets): ranks, farms and authority refuse it.",
            False,
            nullable=True,
        ),
        Column("is_complete", pa.bool_(), "All that was in scope and budget was observed.", True),
    ),
)
