"""Mart: what a domain's owner may want to disavow, and why; a list to read, not to hand in unread."""

import pyarrow as pa

from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import Column, Dataset, words
from schemas.datasets.referring_domains import REFERRING_DOMAINS
from schemas.vocabulary import DISAVOW_REASON, ENTRY_KIND

DISAVOW_CANDIDATES = Dataset(
    "disavow_candidates",
    grain="(target_domain, entry) that a disavow file of target_domain may hold",
    kind="mart",
    key=("target_domain", "entry"),
    columns=(
        REFERRING_DOMAINS.column("target_domain"),
        Column("entry", pa.string(), "The domain or URL that links, as entry_kind says.", "cheap-watches.example"),
        Column("entry_kind", pa.string(), "What entry is.", "domain", values=words(ENTRY_KIND)),
        REFERRING_DOMAINS.column("source_domain"),
        Column("disavow_reason", pa.string(), "Why it is a candidate.", "farm_member", values=words(DISAVOW_REASON)),
        Column(
            "why",
            pa.string(),
            "What speaks against it, in words; NULL where disavow_reason says all.",
            "it links like 7 of them; it links to 4 targets",
            nullable=True,
        ),
        Column("farm_id", pa.int64(), "Id of its farm, see farms.", -2209311290831912, nullable=True),
        *REFERRING_DOMAINS.taken("source_authority_score", "source_farm_score"),
        Column(
            "backlinks",
            pa.int64(),
            "Live links of the entry to target_domain.",
            12,
            policy="Rows of backlinks from that domain, or from that URL.",
        ),
        Column(
            "followed_backlinks",
            pa.int64(),
            "Of these, links that pass equity: others need no disavowal.",
            9,
            policy="Rows of backlinks with passes_equity.",
        ),
        FIRST_SEEN,
        LAST_SEEN,
    ),
    sort_by=("target_domain", "entry"),
)
