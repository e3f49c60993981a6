"""Whatever order edges come in, the graph is the same one, in ascending rows without loops and duplicates."""

from itertools import pairwise

import numpy as np
import pytest

from transforms.graph.csr import Csr, build


def rows(csr: Csr) -> list[list[int]]:
    bounds = csr.offsets.astype(int).tolist()
    return [csr.targets[a:b].tolist() for a, b in pairwise(bounds)]


def test_rows_are_ascending_without_loops_and_duplicates() -> None:
    csr = build([2, 0, 0, 1, 0, 2, 0], [0, 3, 1, 1, 3, 1, 1], 5)
    assert rows(csr) == [[1, 3], [], [0, 1], [], []]
    assert (str(csr.offsets.dtype), str(csr.targets.dtype)) == ("uint64", "uint32")
    assert csr.weights is None
    assert (csr.node_count, csr.edge_count) == (5, 4)
    assert csr.outdegree().tolist() == [2, 0, 2, 0, 0]
    assert csr.sources().tolist() == [0, 0, 2, 2]


def test_weights_of_duplicate_edges_add_up() -> None:
    csr = build([0, 1, 0, 1], [1, 0, 1, 1], 2, weights=[1.0, 2.0, 0.5, 9.0])
    assert csr.weights is not None
    assert (rows(csr), csr.weights.tolist()) == ([[1], [0]], [1.5, 2.0])


def test_the_order_of_edges_makes_no_difference_to_the_last_bit() -> None:
    random = np.random.default_rng(7)
    sources, targets = random.integers(0, 9, (2, 4000))  # about 50 parallel edges each: float sums depend on order
    weights = random.random(4000) ** 9
    first = build(sources, targets, 9, weights=weights)
    assert first.weights is not None
    naive = np.bincount(sources * 9 + targets, weights=weights, minlength=81).reshape(9, 9)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(4000)
        again = build(sources[order], targets[order], 9, weights=weights[order])
        assert again.weights is not None
        assert again.weights.tobytes() == first.weights.tobytes()
        assert again.targets.tobytes() == first.targets.tobytes()
    assert np.allclose(first.weights, naive[~np.eye(9, dtype=bool)], rtol=1e-12)


def test_transposing_turns_every_edge_and_keeps_its_weight() -> None:
    csr = build([0, 0, 1, 3], [1, 2, 2, 0], 4, weights=[1, 2, 3, 4])
    turned = csr.transpose()
    assert rows(turned) == [[3], [0], [0, 1], []]
    assert turned.weights is not None
    assert turned.weights.tolist() == [4, 1, 2, 3]
    again = turned.transpose()
    assert (rows(again), again.weights is not None and again.weights.tolist()) == (rows(csr), [1, 2, 3, 4])


@pytest.mark.parametrize("node_count", [0, 1, 3])
def test_a_graph_without_edges_has_empty_rows(node_count: int) -> None:
    csr = build([], [], node_count)
    assert rows(csr) == rows(csr.transpose()) == [[]] * node_count
    assert rows(build([], [], node_count, weights=[])) == [[]] * node_count


def test_any_integer_array_will_do() -> None:
    frozen = np.array([0, 1, 1], dtype=np.int32)
    frozen.flags.writeable = False
    strided = np.array([1, 9, 2, 9, 0, 9], dtype=np.uint64)[::2]
    assert rows(build(frozen, strided, 3)) == [[1], [0, 2], []]


@pytest.mark.parametrize(
    ("sources", "targets", "node_count", "message"),
    [
        ([0, 3], [1, 1], 3, r"sources must lie in 0\.\.2, found 0\.\.3"),
        ([0, 1], [1, -1], 3, r"targets must lie in 0\.\.2, found -1\.\.1"),
        ([0], [1, 2], 3, "equally long"),
        ([0.5], [1], 3, "flat array of node numbers"),
        ([0], [0], 0, "sources must lie"),
        ([], [], -1, "nodes, not -1"),
    ],
)
def test_impossible_edges_are_refused(sources: list[int], targets: list[int], node_count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(sources, targets, node_count)


def test_weights_must_be_as_many_as_edges() -> None:
    with pytest.raises(ValueError, match="equally long"):
        build([0], [1], 2, weights=[1.0, 2.0])
