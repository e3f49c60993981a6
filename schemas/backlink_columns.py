"""Columns of the marts backlinks and backlinks_all."""

from typing import Final

import pyarrow as pa

from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import TIMESTAMP, Column, words
from schemas.origin_columns import ORIGIN
from schemas.vocabulary import EQUITY_BLOCK_REASON, LINK_STATE, LINK_TYPE, LOST_REASON, PLACEMENT, REL_CLASS

BACKLINK: Final = (
    Column("target_domain", pa.string(), "Registrable domain that is linked to.", "example.org"),
    Column("target_host", pa.string(), "Host that is linked to.", "www.example.org"),
    Column("target_url", pa.string(), "URL that is linked to.", "https://www.example.org/about"),
    Column("source_domain", pa.string(), "Registrable domain that links.", "news.example"),
    Column("source_host", pa.string(), "Host that links.", "www.news.example"),
    Column("source_url", pa.string(), "Page that links.", "https://www.news.example/a"),
    Column("anchor_text", pa.string(), "Text (or alt text) of the link.", "the study"),
    Column("link_type", pa.string(), "What kind of element.", "text", values=words(LINK_TYPE)),
    Column("placement", pa.string(), "Where on the page.", "main", values=words(PLACEMENT)),
    Column("rel", pa.string(), "Rel tokens, sorted, separated by a space.", "noopener nofollow"),
    Column("rel_class", pa.string(), "Class of its best sighting.", "follow", values=words(REL_CLASS)),
    Column("is_nofollow", pa.bool_(), "No sighting is followed.", False),
    Column("is_ugc", pa.bool_(), "No sighting is followed, and one says ugc.", False),
    Column("is_sponsored", pa.bool_(), "No sighting is followed, and one says sponsored.", False),
    Column("passes_equity", pa.bool_(), "It counts as a vote.", True),
    Column(
        "equity_block_reason",
        pa.string(),
        "Why it does not count as a vote.",
        nullable=True,
        values=words(EQUITY_BLOCK_REASON),
    ),
    *ORIGIN,
    Column("source_authority_score", pa.float64(), "Authority of the domain that links.", 61.0, nullable=True),
    Column("source_farm_score", pa.float64(), "Farm score of the domain that links.", 0.0),
    Column("source_title", pa.string(), "Title of the page that links.", nullable=True),
    Column("source_language", pa.string(), "Language of the page that links.", "en", nullable=True),
    FIRST_SEEN,
    LAST_SEEN,
    Column("last_checked_at", TIMESTAMP, "Last good fetch of the page that links.", nullable=True),
)

STATE: Final = (
    Column("link_state", pa.string(), "What is known of it now.", "live", values=words(LINK_STATE)),
    Column("lost_at", TIMESTAMP, "When its loss was noticed.", nullable=True),
    Column("lost_reason", pa.string(), "Why it counts as lost.", nullable=True, values=words(LOST_REASON)),
)


def taken(*names: str) -> tuple[Column, ...]:
    """Some of these columns, for a table that repeats them."""
    by_name = {column.name: column for column in BACKLINK}
    return tuple(by_name[name] for name in names)
