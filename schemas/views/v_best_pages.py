"""View: the pages of a domain that others link to, the most linked first."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.pages import PAGES

V_BEST_PAGES = Dataset(
    "v_best_pages",
    grain="URL with a live link from another domain",
    kind="view",
    key=("url",),
    columns=(
        PAGES.column("domain"),
        Column("links_rank", pa.int64(), "1 is the page of its domain that most domains link to; ties by links, URL."),
        *PAGES.taken("url", "title", "referring_domains", "backlinks", "followed_backlinks", "internal_backlinks"),
        *PAGES.taken("is_crawled", "state", "status", "redirects_to"),
    ),
)
