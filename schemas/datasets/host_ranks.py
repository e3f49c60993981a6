"""Graph measures of every host."""

from schemas.graph_columns import ranks

HOST_RANKS = ranks("host")
