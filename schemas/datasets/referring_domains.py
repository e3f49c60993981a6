"""Mart: who links to whom, domain by domain."""

import pyarrow as pa

from schemas.dataset import TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import PLATFORM_CLASS

REFERRING_DOMAINS = Dataset(
    "referring_domains",
    grain="(target_domain, source_domain) with a live link",
    kind="mart",
    key=("target_domain", "source_domain"),
    columns=(
        Column("target_domain", pa.string(), "Registrable domain that is linked to.", "example.org"),
        Column("source_domain", pa.string(), "Registrable domain that links.", "news.example"),
        Column(
            "platform_class",
            pa.string(),
            "What kind of site links: the known kind of most of these links; NULL in imports.",
            "news",
            nullable=True,
            values=words(PLATFORM_CLASS),
        ),
        Column("source_authority_score", pa.float64(), "Authority of the domain that links.", 61.0, nullable=True),
        Column("source_farm_score", pa.float64(), "Farm score of the domain that links.", 0.0),
        Column("backlinks", pa.int64(), "Live links between the two.", 12, policy="Rows of the mart backlinks."),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity.",
            9,
            policy="Rows of backlinks with passes_equity.",
        ),
        Column(
            "editorial_backlinks",
            pa.int64(),
            "Of the backlinks, those chosen by the site's own editors; NULL in imports.",
            5,
            nullable=True,
            policy="Rows of backlinks with origin_role editorial.",
        ),
        Column(
            "referring_pages",
            pa.int64(),
            "Distinct pages with such a link; NULL in imports.",
            7,
            nullable=True,
            policy="Distinct source_url in backlinks.",
        ),
        Column("first_seen", TIMESTAMP, "When it was first observed; NULL in imports.", nullable=True),
        Column("last_seen", TIMESTAMP, "When it was last observed; NULL in imports.", nullable=True),
    ),
    sort_by=("target_domain", "source_domain"),
)
