"""Mart: what every domain was worth and who vouched for it, crawl by crawl."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TIMESTAMP, Column, Dataset
from schemas.datasets.domains import DOMAINS

DOMAIN_HISTORY = Dataset(
    "domain_history",
    grain="registrable domain and crawl whose marts were built",
    kind="mart",
    key=("domain", "crawl_id"),
    columns=(
        DOMAINS.column("domain"),
        CRAWL_ID,
        Column("as_of", TIMESTAMP, "When that crawl ended."),
        *DOMAINS.taken("authority_score", "authority_rank", "authority_percentile", "farm_score"),
        *DOMAINS.taken("backlinks", "followed_backlinks", "referring_domains", "followed_referring_domains"),
        *DOMAINS.taken("linked_domains", "crawled_pages"),
        Column(
            "domain_count",
            pa.int64(),
            "Domains that the index knew then: what authority_rank is out of.",
            9943,
            policy="Rows of the mart domains as of that crawl.",
        ),
    ),
    sort_by=("domain", "as_of", "crawl_id"),
)
