"""Many sightings of a link as one link: the state of all that is believed so far."""

import pyarrow as pa

from schemas.columns import FIRST_SEEN, LAST_SEEN, whole
from schemas.dataset import CRAWL_ID, TEXTS, TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import LINK_SCOPE, LINK_STATE, LINK_TYPE, LOST_REASON, PLACEMENT, PLACEMENT_BASIS

LINKS = Dataset(
    "links",
    grain="(source_url, target_url), cumulative over all crawls up to this one",
    kind="state",
    key=("source_url", "target_url"),
    columns=(
        CRAWL_ID,
        *whole("source"),
        *whole("target"),
        Column("link_types", TEXTS, "Types of all sightings on the newest page version, sorted.", ["image", "text"]),
        Column("link_type", pa.string(), "The first of its types in the vocabulary's order.", values=words(LINK_TYPE)),
        Column("rel", TEXTS, "Rel tokens of all sightings on the newest page version, sorted.", ["nofollow"]),
        Column("sightings", pa.int64(), "Link elements on the newest page version that had it.", 2),
        Column("followed_sightings", pa.int64(), "Of these, neither rel nor page says nofollow, ugc, sponsored.", 1),
        Column("nofollowed_sightings", pa.int64(), "Of these, rel or page says so.", 1),
        Column("ugc_sightings", pa.int64(), "Of these, with rel=ugc.", 0),
        Column("sponsored_sightings", pa.int64(), "Of these, with rel=sponsored.", 0),
        Column("hidden_sightings", pa.int64(), "Of these, hidden from readers.", 0),
        Column("anchor_text", pa.string(), "Text (or alt text) of the first followed sighting, else of the first."),
        Column("placement", pa.string(), "Where that sighting stands.", "main", values=words(PLACEMENT)),
        Column("placement_confidence", pa.float64(), "How sure that is, 0 to 1.", 0.9, nullable=True),
        Column(
            "placement_basis",
            pa.string(),
            "By what it was decided, see host_blocks.",
            "template",
            nullable=True,
            values=words(PLACEMENT_BASIS),
        ),
        Column("page_is_nofollow", pa.bool_(), "The page's directives said nofollow when it was last seen.", False),
        Column("link_scope", pa.string(), "How far it reaches.", "external", values=words(LINK_SCOPE)),
        Column("link_state", pa.string(), "What is known of it now.", "live", values=words(LINK_STATE)),
        FIRST_SEEN,
        LAST_SEEN,
        Column("last_checked_at", TIMESTAMP, "Last good (2xx) fetch of the source page.", nullable=True),
        Column("lost_at", TIMESTAMP, "When its loss was noticed.", nullable=True),
        Column("lost_reason", pa.string(), "Why it counts as lost.", nullable=True, values=words(LOST_REASON)),
        Column("gone_since", TIMESTAMP, "First of the visits that found its page gone (404, 410).", nullable=True),
        Column("seen_crawl_id", pa.string(), "Crawl of the fetch that saw it last: the evidence.", "2026-w46"),
        Column("seen_fetch_id", pa.string(), "That fetch.", "9f86d081884c7d65"),
    ),
    bucket_by="source_domain_id",
    sort_by=("source_domain", "source_url", "target_url"),
)
