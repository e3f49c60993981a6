"""Mart: in which words a domain is linked to."""

import pyarrow as pa

from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Column, Dataset, words
from schemas.vocabulary import ANCHOR_CLASS

ANCHORS = Dataset(
    "anchors",
    grain="(target_domain, anchor_text) of live links",
    kind="mart",
    key=("target_domain", "anchor_text"),
    columns=(
        Column("target_domain", pa.string(), "Registrable domain that is linked to.", "example.org"),
        Column("anchor_text", pa.string(), "Text (or alt text) of the link; empty where there is none.", "the study"),
        Column(
            "anchor_class",
            pa.string(),
            "What kind of anchor most of these links have.",
            "partial",
            nullable=True,
            values=words(ANCHOR_CLASS),
        ),
        Column("backlinks", pa.int64(), "Live links with that text.", 4, policy="Rows of the mart backlinks."),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity.",
            3,
            policy="Rows of backlinks with passes_equity.",
        ),
        Column(
            "referring_domains",
            pa.int64(),
            "Distinct registrable domains that use it.",
            3,
            policy="Distinct source_domain in backlinks.",
        ),
        FIRST_SEEN,
        LAST_SEEN,
    ),
    sort_by=("target_domain", "anchor_text"),
)
