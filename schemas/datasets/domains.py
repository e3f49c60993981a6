"""Mart: every domain with its votes and its worth."""

import pyarrow as pa

from schemas.dataset import TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import FARM_ROLE, TIER

DOMAINS = Dataset(
    "domains",
    grain="registrable domain",
    kind="mart",
    key=("domain",),
    columns=(
        Column("domain", pa.string(), "Registrable domain (eTLD+1).", "example.org"),
        Column(
            "authority_score",
            pa.float64(),
            "0 to 100: how much its links are worth; farms do not count. Not comparable with other vendors' scores.",
            54.2,
            nullable=True,
            policy="Robust PageRank over followed links, log scale between the 5th and 99.99th percentile.",
        ),
        Column("authority_rank", pa.int64(), "1 is the highest authority.", 41, nullable=True),
        Column("authority_percentile", pa.float64(), "Share of domains with no higher score.", 0.93, nullable=True),
        Column(
            "authority_score_with_farms",
            pa.float64(),
            "The score had suspected farms been left in.",
            nullable=True,
            policy="The same formula with every farm_score taken as 0.",
        ),
        Column(
            "pagerank",
            pa.float64(),
            "PageRank over distinct domain edges; sums to 1.",
            nullable=True,
            policy="Damping .85, distinct edges, no loops, nofollow included, uniform teleport and dangling mass.",
        ),
        Column(
            "harmonic_centrality",
            pa.float64(),
            "Sum of 1/distance over all domains that reach it.",
            nullable=True,
            policy="Unscaled, over the same edges as pagerank.",
        ),
        Column("farm_score", pa.float64(), "How likely it takes part in a link farm, 0 to 1.", 0.0),
        Column("farm_tier", pa.string(), "NULL below a farm_score of .5.", nullable=True, values=words(TIER)),
        Column("farm_role", pa.string(), "What it does in the farm.", nullable=True, values=words(FARM_ROLE)),
        Column("backlinks", pa.int64(), "Live external links to it.", 120, policy="Rows of the mart backlinks."),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity.",
            80,
            policy="Rows of backlinks with passes_equity.",
        ),
        Column(
            "referring_domains",
            pa.int64(),
            "Distinct registrable domains with a live link to it.",
            31,
            policy="Distinct source_domain in backlinks; sub-domains of one domain count once.",
        ),
        Column(
            "followed_referring_domains",
            pa.int64(),
            "Of these, domains with a link that passes equity.",
            22,
            policy="Distinct source_domain in backlinks with passes_equity.",
        ),
        Column(
            "referring_pages",
            pa.int64(),
            "Distinct pages with a live link to it; NULL in imports.",
            96,
            nullable=True,
            policy="Distinct source_url in backlinks.",
        ),
        Column(
            "linked_domains",
            pa.int64(),
            "Distinct registrable domains that it links to.",
            12,
            policy="Distinct target_domain over live links of its pages.",
        ),
        Column("crawled_pages", pa.int64(), "Its pages fetched with a 2xx status.", 40, policy="Distinct source_url."),
        Column("first_seen", TIMESTAMP, "When a link to it was first observed.", nullable=True),
        Column("last_seen", TIMESTAMP, "When a link to it was last observed.", nullable=True),
    ),
    sort_by=("domain",),
)
