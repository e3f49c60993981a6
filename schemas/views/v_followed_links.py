"""View: the links that count as votes, and no others."""

from schemas.backlink_columns import taken
from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Dataset

V_FOLLOWED_LINKS = Dataset(
    "v_followed_links",
    grain="live external link (source_url, target_url) that passes equity",
    kind="view",
    key=("source_url", "target_url"),
    columns=(
        *taken("target_domain", "source_domain", "source_url", "target_url", "anchor_text", "anchor_class"),
        *taken("link_type", "placement", "origin_role", "platform_class"),
        *taken("source_authority_score", "source_farm_score", "source_title", "source_language"),
        FIRST_SEEN,
        LAST_SEEN,
    ),
)
