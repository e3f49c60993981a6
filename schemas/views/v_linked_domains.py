"""View: to which domains a domain links, and what these are worth."""

from schemas.dataset import Dataset
from schemas.datasets.domains import DOMAINS
from schemas.datasets.referring_domains import REFERRING_DOMAINS

V_LINKED_DOMAINS = Dataset(
    "v_linked_domains",
    grain="(source_domain, target_domain) with a live link",
    kind="view",
    key=("source_domain", "target_domain"),
    columns=(
        *REFERRING_DOMAINS.taken("source_domain", "target_domain"),
        REFERRING_DOMAINS.column("backlinks").called("links", "Live links from source_domain to target_domain."),
        REFERRING_DOMAINS.column("followed_backlinks").called("followed_links", "Of these, links that pass equity."),
        REFERRING_DOMAINS.column("referring_pages").called(
            "linking_pages", "Distinct pages of source_domain with such a link; NULL in imports."
        ),
        DOMAINS.column("authority_score").called(
            "target_authority_score", "Authority of the domain that is linked to."
        ),
        DOMAINS.column("farm_score").called("target_farm_score", "Farm score of the domain that is linked to."),
        DOMAINS.column("referring_domains").called(
            "target_referring_domains", "Distinct registrable domains with a live link to target_domain."
        ),
        *REFERRING_DOMAINS.taken("first_seen", "last_seen"),
    ),
)
