"""Every link element seen on a fetched page."""

import pyarrow as pa

from schemas.columns import FETCH_ID, FETCHED_AT, whole
from schemas.dataset import CRAWL_ID, TEXTS, Column, Dataset, words
from schemas.vocabulary import LINK_TYPE, PLACEMENT, RECORD_KIND

LINK_OBSERVATIONS = Dataset(
    "link_observations",
    grain="link element on a fetched page",
    kind="event",
    key=("crawl_id", "fetch_id", "position"),
    columns=(
        CRAWL_ID,
        FETCH_ID,
        Column("position", pa.int32(), "Place among the page's observations in document order, from 0.", 12),
        *whole("source"),
        Column("href", pa.string(), "The attribute as found: decoded, untrimmed, at most 8 KiB.", "../about "),
        *whole("target"),
        Column("link_type", pa.string(), "What kind of element.", "text", values=words(LINK_TYPE)),
        Column("rel", TEXTS, "Exact rel tokens, lower case, in order of appearance.", ["nofollow"]),
        Column("anchor_text", pa.string(), "Text of the link, white space collapsed, at most 1,000 characters."),
        Column("alt", pa.string(), "Alt text of an image link.", nullable=True),
        Column("context_left", pa.string(), "Up to 80 characters of the block's text before the link."),
        Column("context_right", pa.string(), "Up to 80 characters of the block's text after the link."),
        Column("placement", pa.string(), "Where on the page.", "main", values=words(PLACEMENT)),
        Column("placement_confidence", pa.float64(), "How sure the placement is, 0 to 1.", 0.9),
        Column("block_link_density", pa.float64(), "Share of the block's text that stands inside links.", 0.12),
        Column("block_word_count", pa.int32(), "Words of the block, those of its links included.", 41, nullable=True),
        Column("block_link_count", pa.int32(), "Links (a with href) inside the block.", 3, nullable=True),
        Column(
            "block_id",
            pa.int64(),
            "Names the block's template: alike for the same block on other pages of the host.",
            -6917529027641081856,
            nullable=True,
        ),
        Column(
            "dom_path",
            pa.string(),
            "Elements around the link with ids and classes, body first; the last 400 characters.",
            "body > main#content > ul.menu > li",
            nullable=True,
        ),
        Column(
            "heading_path",
            TEXTS,
            "Headings that the link stands under, outermost first.",
            ["Boats", "Oars"],
            nullable=True,
        ),
        Column("is_hidden", pa.bool_(), "The page hides it from readers, as far as markup can tell.", False),
        FETCHED_AT,
        Column(
            "record_kind",
            pa.string(),
            "What its page was read from; in wat anchors are cut and placement is unknown.",
            "warc",
            nullable=True,
            values=words(RECORD_KIND),
        ),
    ),
    bucket_by="source_domain_id",
    sort_by=("source_domain", "source_url", "fetched_at", "fetch_id", "position"),
)
