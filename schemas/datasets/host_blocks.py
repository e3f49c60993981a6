"""Blocks of links that stand on several pages of a host: what is template there, and what content."""

import pyarrow as pa

from schemas.columns import host
from schemas.dataset import CRAWL_ID, Column, Dataset, words
from schemas.vocabulary import BLOCK_ROLE, PLACEMENT

HOST_BLOCKS = Dataset(
    "host_blocks",
    grain="(source_host, block_id) on several pages, as of the newest crawl with enough pages of the host",
    kind="state",
    key=("source_host", "block_id"),
    columns=(
        CRAWL_ID,
        *host("source"),
        Column("source_domain_id", pa.int64(), "Id of the host's registrable domain, for the bucket."),
        Column("block_id", pa.int64(), "Names the block's template, as in link_observations.", -6917529027641081856),
        Column("page_count", pa.int64(), "Pages of the host that show the block.", 37),
        Column("host_page_count", pa.int64(), "Pages of the host that were counted.", 40),
        Column("link_count", pa.int64(), "Links of the block, each counted once for every page.", 259),
        Column("recurring_link_count", pa.int64(), "Of these, links on at least half of the block's pages.", 252),
        Column("block_role", pa.string(), "What that makes of it.", "template", values=words(BLOCK_ROLE)),
        Column(
            "placement",
            pa.string(),
            "Where it stands on every page, when it is a template and its pages agree.",
            "footer",
            nullable=True,
            values=words(PLACEMENT),
        ),
        Column("placement_confidence", pa.float64(), "How sure that is, 0 to 1.", 0.93, nullable=True),
        Column("seen_crawl_id", pa.string(), "Crawl whose pages were counted.", "2026-w46"),
    ),
    bucket_by="source_domain_id",
    sort_by=("source_host", "block_id"),
)
