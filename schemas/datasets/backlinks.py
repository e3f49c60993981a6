"""Mart: the live votes of other domains."""

from schemas.backlink_columns import BACKLINK
from schemas.dataset import Dataset

BACKLINKS = Dataset(
    "backlinks",
    grain="live external link (source_url, target_url); no canonical or alternate links",
    kind="mart",
    key=("source_url", "target_url"),
    columns=BACKLINK,
    sort_by=("target_domain", "target_url", "source_domain", "source_url"),
)
