"""Which domain links to which."""

from schemas.graph_columns import edges

DOMAIN_EDGES = edges("domain")
