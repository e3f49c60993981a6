"""Mart: every page known, fetched or only linked to."""

import pyarrow as pa

from schemas.dataset import TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import FETCH_STATE

PAGES = Dataset(
    "pages",
    grain="URL that was asked for or is linked to",
    kind="mart",
    key=("url",),
    columns=(
        Column("url", pa.string(), "Canonical URL.", "https://example.org/about"),
        Column("host", pa.string(), "Its host.", "example.org"),
        Column("domain", pa.string(), "Its registrable domain.", "example.org"),
        Column("is_crawled", pa.bool_(), "It was fetched with a 2xx status as HTML.", True),
        Column("state", pa.string(), "Newest fetch: what became of it.", nullable=True, values=words(FETCH_STATE)),
        Column("status", pa.int32(), "Newest fetch: HTTP status.", 200, nullable=True),
        Column("redirects_to", pa.string(), "Newest fetch: where it ended, if elsewhere.", nullable=True),
        Column("title", pa.string(), "Its title.", nullable=True),
        Column("language", pa.string(), "Its language as it says.", "en", nullable=True),
        Column("canonical_url", pa.string(), "The canonical URL that it names.", nullable=True),
        Column("is_noindex", pa.bool_(), "Its directives say noindex.", nullable=True),
        Column("is_nofollow", pa.bool_(), "Its directives say nofollow.", nullable=True),
        Column("word_count", pa.int32(), "Words of visible text.", nullable=True),
        Column("fetched_at", TIMESTAMP, "Newest fetch.", nullable=True),
        Column("backlinks", pa.int64(), "Live external links to it.", 5, policy="Rows of backlinks with this target."),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity.",
            4,
            policy="Rows of backlinks with this target and passes_equity.",
        ),
        Column(
            "referring_domains",
            pa.int64(),
            "Distinct registrable domains with a live link to it.",
            3,
            policy="Distinct source_domain in backlinks with this target.",
        ),
        Column(
            "internal_backlinks",
            pa.int64(),
            "Live links to it from its own domain.",
            9,
            policy="Live links of scope same_host or same_domain, not canonical or alternate, without links to itself.",
        ),
        Column("error", pa.string(), "Newest fetch: what failed, where a status does not say it.", nullable=True),
    ),
    sort_by=("domain", "url"),
)
