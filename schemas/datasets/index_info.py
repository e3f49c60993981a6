"""Mart: what this index covers, in one row."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TIMESTAMP, Column, Dataset

INDEX_INFO = Dataset(
    "index_info",
    grain="the index (one row)",
    kind="mart",
    key=("crawl_id",),
    columns=(
        CRAWL_ID,
        Column("as_of", TIMESTAMP, "Data as of: the newest crawl's last fetch."),
        Column("observed_from", TIMESTAMP, "Earliest fetch of all crawls in it.", nullable=True),
        Column("observed_to", TIMESTAMP, "Latest fetch of all crawls in it.", nullable=True),
        Column("scope", pa.string(), "What the newest crawl was allowed to see.", "domains of 16 seeds"),
        Column("crawl_count", pa.int64(), "Crawls in it.", 3, policy="Rows of crawls up to this one."),
        Column("page_count", pa.int64(), "Rows of the mart pages.", policy="Rows of the mart pages."),
        Column("crawled_page_count", pa.int64(), "Pages fetched.", policy="Rows of pages with is_crawled."),
        Column("domain_count", pa.int64(), "Rows of the mart domains.", policy="Rows of the mart domains."),
        Column("backlink_count", pa.int64(), "Rows of the mart backlinks.", policy="Rows of the mart backlinks."),
        Column("score_version", pa.string(), "Version of the authority formula.", "1", nullable=True),
        Column("mart_version", pa.string(), "Version of the marts' contract.", "1"),
        Column("code_version", pa.string(), "Version of linklake that built it.", "0.1.0"),
    ),
)
