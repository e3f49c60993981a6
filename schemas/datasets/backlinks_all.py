"""Mart: every external link ever believed, whatever its state or type."""

from schemas.backlink_columns import BACKLINK, STATE
from schemas.dataset import Dataset

BACKLINKS_ALL = Dataset(
    "backlinks_all",
    grain="external link (source_url, target_url), whatever its state and type",
    kind="mart",
    key=("source_url", "target_url"),
    columns=(*BACKLINK, *STATE),
    sort_by=("target_domain", "target_url", "source_domain", "source_url"),
)
