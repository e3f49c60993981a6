"""What came back when a URL was asked for."""

import pyarrow as pa

from schemas.columns import FETCH_ID, FETCHED_AT, whole
from schemas.dataset import CRAWL_ID, TEXTS, Column, Dataset, words
from schemas.vocabulary import FETCH_STATE, RECORD_KIND

PAGE_FETCHES = Dataset(
    "page_fetches",
    grain="fetch of a URL in a crawl",
    kind="event",
    key=("crawl_id", "fetch_id"),
    columns=(
        CRAWL_ID,
        FETCH_ID,
        Column("requested_url", pa.string(), "The URL that was asked for, canonical."),
        Column("requested_host", pa.string(), "Its host.", "example.org"),
        Column("requested_domain", pa.string(), "Its registrable domain.", "example.org"),
        *whole("source"),
        Column("state", pa.string(), "What became of the fetch.", "fetched", values=words(FETCH_STATE)),
        Column("status", pa.int32(), "HTTP status of the final answer.", 200, nullable=True),
        Column(
            "error",
            pa.string(),
            "What failed or is to be remarked, such as where an unresolved redirect leads.",
            nullable=True,
        ),
        Column("redirect_chain", TEXTS, "URLs passed through, from the requested one to the last before the final."),
        Column("depth", pa.int32(), "Links followed from a seed; NULL in archives.", 2, nullable=True),
        FETCHED_AT,
        Column("ip", pa.string(), "Address that answered.", "203.0.113.7", nullable=True),
        Column("content_type", pa.string(), "Media type of the answer.", "text/html", nullable=True),
        Column("content_hash", pa.string(), "BLAKE2b-128 of the decoded body, hex.", nullable=True),
        Column("byte_count", pa.int64(), "Bytes of the decoded body.", 48213),
        Column("encoding", pa.string(), "Character encoding used.", "utf-8", nullable=True),
        Column("language", pa.string(), "The html element's lang attribute, lower case.", "en", nullable=True),
        Column("title", pa.string(), "Text of the title element.", nullable=True),
        Column("canonical_url", pa.string(), "Target of the page's canonical link.", nullable=True),
        Column("word_count", pa.int32(), "Words of visible text.", 812, nullable=True),
        Column("is_nofollow", pa.bool_(), "The page's directives (meta robots, X-Robots-Tag) say nofollow.", False),
        Column("is_noindex", pa.bool_(), "The page's directives say noindex.", False),
        Column("robots_directives", TEXTS, "The page's directives that concern us, as exact tokens."),
        Column("link_count", pa.int32(), "Link observations recorded.", 57),
        Column("rejected_link_count", pa.int32(), "Link elements rejected, see rejected_records.", 0),
        Column("truncated_link_count", pa.int32(), "Link elements beyond the limit per page, not recorded.", 0),
        Column("other_scheme_links", pa.string(), "Links by scheme that is not http(s), as JSON.", '{"mailto":2}'),
        Column("archive_file", pa.string(), "Web archive that holds the evidence.", nullable=True),
        Column("archive_offset", pa.int64(), "Offset of the record in it, in bytes.", nullable=True),
        Column("archive_length", pa.int64(), "Length of the record in it, in bytes.", nullable=True),
        Column(
            "record_kind",
            pa.string(),
            "What the page was read from.",
            "warc",
            nullable=True,
            values=words(RECORD_KIND),
        ),
        Column("warc_file", pa.string(), "WARC that a WAT record describes.", nullable=True),
        Column("warc_offset", pa.int64(), "Offset of the described record in it, in bytes.", nullable=True),
        Column(
            "payload_digest",
            pa.string(),
            "WARC-Payload-Digest as algorithm and hex.",
            "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            nullable=True,
        ),
        Column(
            "other_target_count",
            pa.int32(),
            "Links to other targets than those asked for (ingest --targets), not recorded; NULL when all were.",
            nullable=True,
        ),
    ),
    bucket_by="source_domain_id",
    sort_by=("source_domain", "source_url", "fetched_at", "fetch_id"),
)
