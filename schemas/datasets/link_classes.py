"""What we conclude from a link, apart from the facts."""

import pyarrow as pa

from schemas.columns import url
from schemas.dataset import CRAWL_ID, Column, Dataset, words
from schemas.origin_columns import ORIGIN
from schemas.vocabulary import EQUITY_BLOCK_REASON, REL_CLASS

LINK_CLASSES = Dataset(
    "link_classes",
    grain="link",
    kind="state",
    key=("source_url", "target_url"),
    columns=(
        CRAWL_ID,
        *url("source"),
        *url("target"),
        Column("source_domain_id", pa.int64(), "Id of the source's registrable domain, for the bucket."),
        Column("rel_class", pa.string(), "Class of its best sighting.", "follow", values=words(REL_CLASS)),
        Column("is_nofollow", pa.bool_(), "No sighting is followed, by rel or by page.", False),
        Column("is_ugc", pa.bool_(), "No sighting is followed, and one says ugc.", False),
        Column("is_sponsored", pa.bool_(), "No sighting is followed, and one says sponsored.", False),
        Column("page_is_nofollow", pa.bool_(), "The page's directives say nofollow.", False),
        Column("passes_equity", pa.bool_(), "It counts as a vote.", True),
        Column(
            "equity_block_reason",
            pa.string(),
            "Why it does not count as a vote.",
            nullable=True,
            values=words(EQUITY_BLOCK_REASON),
        ),
        *ORIGIN,
        Column("classifier_version", pa.string(), "Version of the rules.", "1"),
    ),
    bucket_by="source_domain_id",
    sort_by=("source_url", "target_url"),
)
