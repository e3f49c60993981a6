"""Every host of the graph."""

from schemas.graph_columns import nodes

HOST_NODES = nodes("host")
