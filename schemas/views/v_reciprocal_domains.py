"""View: domains that link to each other."""

import pyarrow as pa

from schemas.dataset import Column, Dataset
from schemas.datasets.referring_domains import REFERRING_DOMAINS

V_RECIPROCAL_DOMAINS = Dataset(
    "v_reciprocal_domains",
    grain="(domain, partner_domain) that link to each other; every pair stands twice, once for each of the two",
    kind="view",
    key=("domain", "partner_domain"),
    columns=(
        Column("domain", pa.string(), "Registrable domain.", "example.org"),
        Column(
            "partner_domain", pa.string(), "Registrable domain that it links to and that links to it.", "news.example"
        ),
        REFERRING_DOMAINS.column("source_authority_score").called(
            "partner_authority_score", "Authority of partner_domain."
        ),
        REFERRING_DOMAINS.column("source_farm_score").called("partner_farm_score", "Farm score of partner_domain."),
        REFERRING_DOMAINS.column("backlinks").called("links_received", "Live links from partner_domain to domain."),
        REFERRING_DOMAINS.column("backlinks").called("links_given", "Live links from domain to partner_domain."),
        REFERRING_DOMAINS.column("followed_backlinks").called(
            "followed_links_received", "Of links_received, those that pass equity."
        ),
        REFERRING_DOMAINS.column("followed_backlinks").called(
            "followed_links_given", "Of links_given, those that pass equity."
        ),
        Column("is_followed_exchange", pa.bool_(), "In both directions a link passes equity.", True),
    ),
)
