"""View: the pages of a domain that others link to; order by referring_domains for the best."""

from schemas.dataset import Dataset
from schemas.datasets.pages import PAGES

V_BEST_PAGES = Dataset(
    "v_best_pages",
    grain="URL with a live link from another domain",
    kind="view",
    key=("url",),
    columns=(
        *PAGES.taken(
            "domain", "url", "title", "referring_domains", "backlinks", "followed_backlinks", "internal_backlinks"
        ),
        *PAGES.taken("is_crawled", "state", "status", "redirects_to"),
    ),
)
