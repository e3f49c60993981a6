"""Every domain of the graph."""

from schemas.graph_columns import nodes

DOMAIN_NODES = nodes("domain")
