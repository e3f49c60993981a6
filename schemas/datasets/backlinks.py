"""Mart: the live votes of other domains."""

import pyarrow as pa

from schemas.backlink_columns import BACKLINK
from schemas.dataset import Column, Dataset

BACKLINKS = Dataset(
    "backlinks",
    grain="live external link (source_url, target_url); no canonical or alternate links",
    kind="mart",
    key=("source_url", "target_url"),
    columns=(
        *BACKLINK,
        Column(
            "is_best_of_domain",
            pa.bool_(),
            "Of the links between the two domains it is the best: it passes equity rather than not, stands in the "
            "content rather than elsewhere, is the oldest, the first by URL. NULL in marts of before version 1.1.",
            True,
            nullable=True,
        ),
    ),
    sort_by=("target_domain", "target_url", "source_domain", "source_url"),
)
