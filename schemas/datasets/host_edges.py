"""Which host links to which."""

from schemas.graph_columns import edges

HOST_EDGES = edges("host")
