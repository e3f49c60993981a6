"""View: the links of a domain that stand in the content, against those in blocks that pages share."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.referring_domains import REFERRING_DOMAINS


def _links(name: str, meaning: str, policy: str) -> Column:
    return Column(name, pa.int64(), meaning, 12, policy=policy)


V_PLACEMENT_MIX = Dataset(
    "v_placement_mix",
    grain="registrable domain with a live link from another",
    kind="view",
    key=("target_domain",),
    columns=(
        REFERRING_DOMAINS.column("target_domain"),
        _links("backlinks", "Live links to it.", "Rows of the mart backlinks."),
        _links(
            "content_backlinks", "Of these, links in the content.", "Rows of backlinks with placement main or list."
        ),
        _links(
            "boilerplate_backlinks",
            "Of these, links in blocks that pages share.",
            "Rows of backlinks with placement navigation, header, footer or sidebar.",
        ),
        _links(
            "other_backlinks", "The rest: comments, bios, ads, directories, unknown.", "All other rows of backlinks."
        ),
        Column(
            "content_share",
            pa.float64(),
            "The part in the content, 0 to 1.",
            0.4,
            policy="content_backlinks by backlinks.",
        ),
        _links(
            "followed_content_backlinks",
            "Of the links in the content, those that pass equity.",
            "Rows of backlinks with placement main or list and passes_equity.",
        ),
        _links(
            "followed_boilerplate_backlinks",
            "Of the links in shared blocks, those that pass equity.",
            "Rows of backlinks with placement navigation, header, footer or sidebar and passes_equity.",
        ),
        _links(
            "content_referring_domains",
            "Domains with a link in the content.",
            "Distinct source_domain in backlinks with placement main or list.",
        ),
        _links(
            "boilerplate_only_referring_domains",
            "Domains whose links all stand in shared blocks.",
            "Distinct source_domain in backlinks, every one of whose rows has placement navigation, header, footer or "
            "sidebar.",
        ),
    ),
)
