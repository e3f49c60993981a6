"""Names of nodes as numbers: what array kernels need, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.stage import Tables


@dataclass(frozen=True, slots=True)
class NumberedGraph:
    """Nodes by ascending name, edges as pairs of their numbers.

    ``names`` are the nodes', ``nodes`` and ``edges`` hold the columns asked for; ``sources`` and ``targets`` are
    int64[m] in 0..n-1, in the order of ``edges``. Names decide which node is meant, never ids.
    """

    names: list[str]
    nodes: pa.Table
    edges: pa.Table
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]

    @property
    def node_count(self) -> int:
        """Nodes, with and without edges."""
        return len(self.names)

    def column(self, table: pa.Table, name: str) -> NDArray[Any]:
        """A column without nulls as an array."""
        return table.column(name).to_numpy()


def numbered_graph(
    tables: Tables, node: str, *, node_columns: Sequence[str] = (), edge_columns: Sequence[str] = ()
) -> NumberedGraph:
    """Read ``<node>_nodes`` and ``<node>_edges``; ``node`` is ``host`` or ``domain``."""
    nodes = tables.arrow(f"{node}_nodes", [node, f"{node}_id", *node_columns], order_by=[node])
    ends = [f"source_{node}", f"target_{node}"]
    edges = tables.arrow(f"{node}_edges", [*ends, *edge_columns], order_by=ends)
    names = nodes.column(node).combine_chunks()
    sources, targets = (
        pc.index_in(edges.column(end), value_set=names).to_numpy().astype(np.int64, copy=False) for end in ends
    )
    return NumberedGraph([str(name) for name in names.to_pylist()], nodes, edges, sources, targets)
