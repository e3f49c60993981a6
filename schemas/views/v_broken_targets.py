"""View: the broken pages that others still link to, and the redirect that would mend each."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.broken_backlinks import BROKEN_BACKLINKS

V_BROKEN_TARGETS = Dataset(
    "v_broken_targets",
    grain="broken URL with a live link from another domain",
    kind="view",
    key=("target_url",),
    columns=(
        *BROKEN_BACKLINKS.taken("target_domain", "target_url", "broken_reason", "target_status", "target_error"),
        *BROKEN_BACKLINKS.taken("redirects_to", "target_fetched_at", "mend_url", "mend_reason"),
        Column(
            "backlinks", pa.int64(), "Live links that end in the error.", 4, policy="Rows of the mart broken_backlinks."
        ),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity.",
            3,
            policy="Rows of broken_backlinks with passes_equity.",
        ),
        Column(
            "referring_domains",
            pa.int64(),
            "Distinct registrable domains with such a link.",
            2,
            policy="Distinct source_domain in broken_backlinks.",
        ),
        Column(
            "best_source_authority_score",
            pa.float64(),
            "The highest authority among these domains.",
            61.0,
            nullable=True,
        ),
    ),
)
