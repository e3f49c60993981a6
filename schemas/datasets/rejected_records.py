"""What could not become a row: counted by reason, kept for replay."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, Column, Dataset, words
from schemas.vocabulary import REJECT_REASON

REJECTED_RECORDS = Dataset(
    "rejected_records",
    grain="rejected record",
    kind="event",
    key=("crawl_id", "reject_id"),
    columns=(
        CRAWL_ID,
        Column("reject_id", pa.string(), "Names the rejection within its crawl: 16 hex digits.", "2c26b46b68ffc68f"),
        Column("stage", pa.string(), "The command or stage that rejected it.", "ingest"),
        Column("reason", pa.string(), "Why.", "unparsable_url", values=words(REJECT_REASON)),
        Column("detail", pa.string(), "The reader's own words.", nullable=True),
        Column("source_url", pa.string(), "Page it stood on, where known.", nullable=True),
        Column("fetch_id", pa.string(), "Fetch it belongs to, where known.", nullable=True),
        Column("record", pa.string(), "Up to 4 KiB of the record itself.", "http://[::1"),
        Column("byte_count", pa.int64(), "Bytes of the whole record.", 11),
        Column("archive_file", pa.string(), "Web archive or edge list it came from.", nullable=True),
        Column(
            "archive_offset",
            pa.int64(),
            "Offset in it (bytes; records of one compressed member share it), or row number.",
            nullable=True,
        ),
    ),
    sort_by=("stage", "reject_id"),
    writers="many",
)
