"""Mart: the votes that lead to an error, each with the redirect that would mend it."""

import pyarrow as pa

from schemas.backlink_columns import taken
from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import BROKEN_REASON, MEND_REASON

BROKEN_BACKLINKS = Dataset(
    "broken_backlinks",
    grain="live external link (source_url, target_url) whose target was asked for and is broken",
    kind="mart",
    key=("source_url", "target_url"),
    columns=(
        *taken("target_domain", "target_url"),
        Column(
            "broken_reason",
            pa.string(),
            "What is wrong with the target, by its newest fetch.",
            "gone",
            values=words(BROKEN_REASON),
        ),
        Column("target_status", pa.int32(), "HTTP status of the target's newest fetch.", 404, nullable=True),
        Column("target_error", pa.string(), "What failed there, where a status does not say it.", nullable=True),
        Column("redirects_to", pa.string(), "Where the target redirects to, to end in the error.", nullable=True),
        Column("target_fetched_at", TIMESTAMP, "When the target was asked for last."),
        Column(
            "mend_url",
            pa.string(),
            "The page of the same domain that the target had best redirect to; NULL where none was crawled.",
            "https://www.example.org/about-us",
            nullable=True,
        ),
        Column("mend_reason", pa.string(), "Why that page.", "same_slug", nullable=True, values=words(MEND_REASON)),
        *taken("source_domain", "source_url", "anchor_text", "placement", "rel_class", "passes_equity"),
        *taken("source_authority_score", "source_farm_score"),
        FIRST_SEEN,
        LAST_SEEN,
    ),
    sort_by=("target_domain", "target_url", "source_domain", "source_url"),
)
