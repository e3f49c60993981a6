"""View: everything that one asks first about a domain, in one row."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.domains import DOMAINS


def _links(name: str, which: str, policy: str) -> Column:
    return Column(name, pa.int64(), f"Of the backlinks, {which}.", 12, policy=f"Rows of backlinks with {policy}.")


def _domains(name: str, which: str, policy: str) -> Column:
    meaning = f"Of the referring domains, {which}."
    return Column(name, pa.int64(), meaning, 2, policy=f"Rows of referring_domains with {policy}.")


V_OVERVIEW = Dataset(
    "v_overview",
    grain="registrable domain",
    kind="view",
    key=("domain",),
    columns=(
        *DOMAINS.taken(
            "domain", "authority_score", "authority_rank", "authority_percentile", "farm_score", "farm_tier"
        ),
        *DOMAINS.taken("referring_domains", "followed_referring_domains", "referring_pages"),
        _domains("gov_referring_domains", "those of governments", "platform_class gov"),
        _domains("edu_referring_domains", "those of universities and schools", "platform_class edu"),
        _domains("media_referring_domains", "news outlets", "platform_class news"),
        _domains("suspected_referring_domains", "those suspected of a link farm", "source_farm_score of at least .5"),
        *DOMAINS.taken("backlinks", "followed_backlinks"),
        _links("follow_backlinks", "those that no rel token holds back", "rel_class follow"),
        _links("nofollow_backlinks", "those marked nofollow", "rel_class nofollow"),
        _links("ugc_backlinks", "those marked ugc", "rel_class ugc"),
        _links("sponsored_backlinks", "those marked sponsored", "rel_class sponsored"),
        _links("text_backlinks", "text links", "link_type text"),
        _links("image_backlinks", "image links and areas of image maps", "link_type image or area"),
        _links("content_backlinks", "those in the content", "placement main or list"),
        _links(
            "boilerplate_backlinks",
            "those in blocks that pages share",
            "placement navigation, header, footer or sidebar",
        ),
        Column(
            "broken_backlinks",
            pa.int64(),
            "Of the backlinks, those whose target is broken.",
            3,
            policy="Rows of the mart broken_backlinks.",
        ),
        *DOMAINS.taken("linked_domains", "crawled_pages", "first_seen", "last_seen"),
    ),
)
