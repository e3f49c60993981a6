"""Mart: the links of a domain among its own pages."""

from schemas.backlink_columns import taken
from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Dataset
from schemas.datasets.domains import DOMAINS

INTERNAL_LINKS = Dataset(
    "internal_links",
    grain="live link (source_url, target_url) within a registrable domain; none of a page to itself, none canonical or "
    "alternate",
    kind="mart",
    key=("source_url", "target_url"),
    columns=(
        DOMAINS.column("domain"),
        *taken("source_url", "target_url", "anchor_text", "link_type", "placement", "rel_class"),
        FIRST_SEEN,
        LAST_SEEN,
    ),
    sort_by=("domain", "source_url", "target_url"),
)
