"""View: the links of a domain to others, by who links."""

from schemas.backlink_columns import taken
from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Dataset
from schemas.datasets.domains import DOMAINS

OUTLINKS = Dataset(
    "outlinks",
    grain="live external link (source_url, target_url); no canonical or alternate links",
    kind="view",
    key=("source_url", "target_url"),
    columns=(
        *taken("source_domain", "source_url", "target_domain", "target_url", "anchor_text", "link_type", "placement"),
        *taken("rel_class", "passes_equity", "equity_block_reason", "origin_role"),
        DOMAINS.column("authority_score").called(
            "target_authority_score", "Authority of the domain that is linked to."
        ),
        DOMAINS.column("farm_score").called("target_farm_score", "Farm score of the domain that is linked to."),
        FIRST_SEEN,
        LAST_SEEN,
    ),
)
