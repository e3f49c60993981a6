"""Real graphs that the tests of several rooms walk over."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

GRAPHS = Path(__file__).parents[2] / ".." / "shared" / "data" / "graphs"


@dataclass(frozen=True, slots=True)
class RealGraph:
    """Distinct edges without loops between numbered nodes, their names, and their PageRank as computed
    elsewhere."""

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    names: Sequence[str]
    pagerank: NDArray[np.float64]

    @property
    def node_count(self) -> int:
        return len(self.names)


@pytest.fixture(scope="session")
def uk_hosts() -> RealGraph:
    """The host graph of the UK web of 1996 (British Library, CC0): 58,842 hosts, 174,122 edges."""
    if not GRAPHS.is_dir():
        pytest.skip(f"no real graphs in {GRAPHS}")
    nodes = pq.read_table(GRAPHS / "uk-1996-hosts.nodes.parquet").sort_by("node")
    edges = pq.read_table(GRAPHS / "uk-1996-hosts.edges.parquet")
    return RealGraph(
        _numbers(edges["src"]),
        _numbers(edges["dst"]),
        [str(name) for name in nodes["label"].to_pylist()],
        nodes["pagerank_0_85"].to_numpy(),
    )


def _numbers(column: Any) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)
