"""View: of every domain that links, its best link alone."""

from schemas.backlink_columns import taken
from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Dataset
from schemas.datasets.referring_domains import REFERRING_DOMAINS

V_ONE_LINK_PER_DOMAIN = Dataset(
    "v_one_link_per_domain",
    grain="(target_domain, source_domain) with a live link: the link with is_best_of_domain",
    kind="view",
    key=("target_domain", "source_domain"),
    columns=(
        *taken("target_domain", "source_domain", "source_url", "target_url", "anchor_text", "anchor_class"),
        *taken("link_type", "placement", "rel_class", "passes_equity", "equity_block_reason", "origin_role"),
        *taken("source_authority_score", "source_farm_score", "source_title"),
        REFERRING_DOMAINS.column("backlinks").called(
            "links_of_domain", "Live links between the two, this one included."
        ),
        FIRST_SEEN,
        LAST_SEEN,
    ),
)
