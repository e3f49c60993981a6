"""View: who vouches for a domain, with what is known of each of them."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.domains import DOMAINS
from schemas.datasets.referring_domains import REFERRING_DOMAINS

V_REFERRING_DOMAINS = Dataset(
    "v_referring_domains",
    grain="(target_domain, source_domain) with a live link",
    kind="view",
    key=("target_domain", "source_domain"),
    columns=(
        *REFERRING_DOMAINS.taken("target_domain", "source_domain", "platform_class", "source_authority_score"),
        DOMAINS.column("authority_rank").called("source_authority_rank", "1 is the domain of highest authority."),
        REFERRING_DOMAINS.column("source_farm_score"),
        Column("is_suspected", pa.bool_(), "The domain that links is suspected of a link farm.", False),
        Column("is_followed", pa.bool_(), "One of its links passes equity.", True),
        Column("is_reciprocal", pa.bool_(), "It is returned: target_domain links to source_domain too.", False),
        *REFERRING_DOMAINS.taken("backlinks", "followed_backlinks", "editorial_backlinks", "referring_pages"),
        *REFERRING_DOMAINS.taken("first_seen", "last_seen"),
    ),
)
