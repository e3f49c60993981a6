"""Mart: what every published count and score means and how it counts."""

import pyarrow as pa

from schemas.dataset import Column, Dataset

METRIC_CATALOG = Dataset(
    "metric_catalog",
    grain="metric of a mart",
    kind="mart",
    key=("mart", "metric"),
    columns=(
        Column("mart", pa.string(), "The mart.", "domains"),
        Column("metric", pa.string(), "The column.", "referring_domains"),
        Column("meaning", pa.string(), "What it says.", "Distinct registrable domains with a live link to it."),
        Column("counting_policy", pa.string(), "How it counts.", "Distinct source_domain in backlinks."),
    ),
    sort_by=("mart", "metric"),
)
