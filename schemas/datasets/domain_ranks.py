"""Graph measures of every domain."""

from schemas.graph_columns import ranks

DOMAIN_RANKS = ranks("domain")
