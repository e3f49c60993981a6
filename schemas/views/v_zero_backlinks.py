"""View: how many pages of a domain nobody links to, of how many."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.pages import PAGES


def _pages(name: str, meaning: str, policy: str) -> Column:
    return Column(name, pa.int64(), meaning, 12, policy=policy)


V_ZERO_BACKLINKS = Dataset(
    "v_zero_backlinks",
    grain="registrable domain with a crawled page; sums over all rows are of the whole index",
    kind="view",
    key=("domain",),
    columns=(
        PAGES.column("domain"),
        _pages("crawled_pages", "Its pages that were read: the denominator.", "Rows of pages with is_crawled."),
        _pages(
            "zero_backlink_pages",
            "Of these, pages that no other domain links to.",
            "Rows of pages with is_crawled and no backlinks.",
        ),
        _pages(
            "zero_followed_pages",
            "Of these, pages without a link from another domain that passes equity.",
            "Rows of pages with is_crawled and no followed_backlinks.",
        ),
        _pages(
            "unlinked_pages",
            "Of these, pages that no link at all leads to, not even from their own domain.",
            "Rows of pages with is_crawled, no backlinks and no internal_backlinks.",
        ),
        Column(
            "zero_backlink_share",
            pa.float64(),
            "The part of the crawled pages that no other domain links to, 0 to 1.",
            0.9,
            policy="zero_backlink_pages by crawled_pages; pages that are only known from links are left out.",
        ),
    ),
)
