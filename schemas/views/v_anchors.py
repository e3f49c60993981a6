"""View: in which words a domain is linked to, and how often compared with all its links."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.anchors import ANCHORS

V_ANCHORS = Dataset(
    "v_anchors",
    grain="(target_domain, anchor_text) of live links",
    kind="view",
    key=("target_domain", "anchor_text"),
    columns=(
        *ANCHORS.taken("target_domain", "anchor_text", "anchor_class"),
        *ANCHORS.taken("backlinks", "followed_backlinks", "referring_domains"),
        Column(
            "backlinks_share",
            pa.float64(),
            "Its part of the domain's backlinks, 0 to 1.",
            0.125,
            nullable=True,
            policy="backlinks of the anchor by backlinks of the domain.",
        ),
        Column(
            "referring_domains_share",
            pa.float64(),
            "The part of the domain's referring domains that use it, 0 to 1; they may use others too.",
            0.25,
            nullable=True,
            policy="referring_domains of the anchor by referring_domains of the domain.",
        ),
        *ANCHORS.taken("first_seen", "last_seen"),
    ),
)
