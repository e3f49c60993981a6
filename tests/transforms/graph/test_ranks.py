"""Ranks agree with an independent reference, sum to what they should, and come out the same to the last
bit."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transforms.conftest import RealGraph
from transforms.graph import ranks
from transforms.graph.csr import Csr, build
from transforms.graph.ranks import (
    competition_rank,
    harmonic,
    harmonic_centrality,
    hyperball_harmonic,
    pagerank,
)


def skewed_graph(node_count: int, edge_count: int, *, source_share: float, seed: int) -> Csr:
    """A random graph with a few very popular nodes, many without out-links, some without any."""
    random = np.random.default_rng(seed)
    sources = random.integers(0, int(node_count * source_share), edge_count)
    targets = (0.97 * node_count * random.random(edge_count) ** 3).astype(np.int64)
    shuffle = random.permutation(node_count)
    return build(shuffle[sources], shuffle[targets], node_count, weights=random.integers(1, 9, edge_count))


def solved_pagerank(
    csr: Csr, teleport: NDArray[np.float64], dangling: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same measure by solving the linear system of the whole matrix: (I - alpha P') x = (1 - alpha) v."""
    n = csr.node_count
    matrix = np.zeros((n, n))
    matrix[csr.sources(), csr.targets] = 1.0 if csr.weights is None else csr.weights
    matrix /= np.where(totals > 0, totals, 1.0)[:, None]
    matrix += (1.0 - matrix.sum(axis=1))[:, None] * dangling
    return np.asarray(np.linalg.solve(np.eye(n) - 0.85 * matrix.T, 0.15 * teleport), dtype=np.float64)


def test_pagerank_is_the_published_one_on_the_real_host_graph(uk_hosts: RealGraph) -> None:
    csr = build(uk_hosts.sources, uk_hosts.targets, uk_hosts.node_count)
    result = pagerank(csr)
    assert np.abs(result.scores - uk_hosts.pagerank).sum() <= 1e-10
    assert abs(result.scores.sum() - 1.0) <= 1e-12
    assert result.residual <= 1e-12
    assert result.iterations < 150


def test_pagerank_is_the_same_to_the_last_bit_in_every_run_and_order() -> None:
    csr = skewed_graph(2000, 9000, source_share=0.3, seed=1)
    turned = np.arange(csr.edge_count)[::-1]
    again = build(csr.sources()[turned], csr.targets[turned], 2000)
    unweighted = Csr(csr.offsets, csr.targets)
    assert pagerank(unweighted).scores.tobytes() == pagerank(unweighted).scores.tobytes()
    assert pagerank(again).scores.tobytes() == pagerank(unweighted).scores.tobytes()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dangling", ["uniform", "teleport"])
@pytest.mark.parametrize("evaporating", [False, True])
def test_every_variant_solves_its_linear_system(weighted: bool, dangling: str, evaporating: bool) -> None:
    csr = skewed_graph(300, 1500, source_share=0.5, seed=2)
    assert csr.weights is not None
    if not weighted:
        csr = Csr(csr.offsets, csr.targets)
    teleport = np.random.default_rng(3).random(300)
    teleport[:50] = 0.0
    teleport /= teleport.sum()
    weights = np.ones(csr.edge_count) if csr.weights is None else csr.weights
    totals = np.bincount(csr.sources(), weights=weights, minlength=300).astype(np.float64)
    if evaporating:
        totals = totals * np.random.default_rng(4).uniform(1.0, 3.0, 300) + (np.arange(300) % 2)
    result = pagerank(
        csr, teleport=7 * teleport, dangling="uniform" if dangling == "uniform" else "teleport",
        out_totals=totals if evaporating else None,
    )  # fmt: skip
    sink = np.full(300, 1 / 300) if dangling == "uniform" else teleport
    assert np.abs(result.scores - solved_pagerank(csr, teleport, sink, totals)).sum() < 1e-11
    assert abs(result.scores.sum() - 1.0) <= 1e-12


@pytest.mark.parametrize("k", [1, 10, 100])
def test_k_boosters_with_links_back_gain_what_theory_says(k: int) -> None:
    boosters, target = np.arange(1, k + 1), np.zeros(k, dtype=int)
    scores = pagerank(build(np.r_[boosters, target], np.r_[target, boosters], k + 1)).scores
    assert scores[0] == pytest.approx(0.15 / (k + 1) * (1 + 0.85 * k) / (1 - 0.85**2), rel=1e-11)


def test_tiny_graphs_have_a_pagerank_too() -> None:
    assert pagerank(build([], [], 0)).scores.size == 0
    assert pagerank(build([], [], 1)).scores.tolist() == [1.0]
    assert pagerank(build([], [], 4)).scores.tolist() == [0.25] * 4


def test_too_few_iterations_are_owned_up_to() -> None:
    result = pagerank(skewed_graph(300, 1500, source_share=0.5, seed=2), max_iterations=3)
    assert result.iterations == 3
    assert result.residual > 1e-6
    assert abs(result.scores.sum() - 1.0) <= 1e-12


@pytest.mark.parametrize(
    ("teleport", "totals", "message"),
    [
        ([0.0, 0.0], None, "some mass"),
        ([1.0], None, "2 numbers"),
        ([1.0, -1.0], None, "not negative"),
        ([1.0, float("nan")], None, "not negative"),
        (None, [1.0], "out_totals"),
        (None, [1.0, -1.0], "out_totals"),
    ],
)
def test_impossible_vectors_are_refused(teleport: list[float] | None, totals: list[float] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pagerank(
            build([0], [1], 2),
            teleport=None if teleport is None else np.array(teleport),
            out_totals=None if totals is None else np.array(totals),
        )


def naive_harmonic(csr: Csr) -> NDArray[np.float64]:
    """Breadth-first search from every node with plain sets."""
    bounds = csr.offsets.astype(int).tolist()
    targets = [csr.targets[a:b].tolist() for a, b in pairwise(bounds)]
    total = [0.0] * csr.node_count
    for start, out_links in enumerate(targets):
        seen, frontier, distance = {start}, set(out_links) - {start}, 1
        while frontier:
            for node in frontier:
                total[node] += 1.0 / distance
            seen |= frontier
            frontier = {v for u in frontier for v in targets[u]} - seen
            distance += 1
    return np.array(total)


def test_harmonic_centrality_equals_plain_search_on_5000_nodes() -> None:
    csr = skewed_graph(5000, 12_000, source_share=0.15, seed=5)
    indegree = np.bincount(csr.targets, minlength=5000)
    assert indegree.max() > 400  # skewed, ...
    assert np.count_nonzero(csr.outdegree() == 0) > 4000  # with many that dangle ...
    assert np.count_nonzero((csr.outdegree() == 0) & (indegree == 0)) > 100  # and some alone
    exact = harmonic_centrality(csr)
    assert np.abs(exact - naive_harmonic(csr)).max() <= 1e-9
    assert exact.max() > 100.0
    assert exact.tobytes() == harmonic_centrality(csr).tobytes()


@pytest.mark.parametrize("length", [2, 64, 65, 200])
def test_harmonic_centrality_counts_incoming_paths(length: int) -> None:
    chain = build(np.arange(length - 1), np.arange(1, length), length)
    assert harmonic_centrality(chain) == pytest.approx(np.cumsum(np.r_[0.0, 1.0 / np.arange(1, length)]), abs=1e-12)


@pytest.mark.parametrize(
    ("log2m", "largest_error", "correlation", "same_in_top_1000"),
    [(8, 0.065, 0.998, 950), (10, 0.033, 0.999, 975)],
)
def test_hyperball_comes_close_on_the_real_host_graph(
    uk_hosts: RealGraph, log2m: int, largest_error: float, correlation: float, same_in_top_1000: int
) -> None:
    csr = build(uk_hosts.sources, uk_hosts.targets, uk_hosts.node_count)
    exact, is_exact = harmonic(csr)
    estimate = hyperball_harmonic(csr, log2m=log2m)
    assert is_exact
    linked = exact > 0
    assert np.sqrt(np.mean((estimate[linked] / exact[linked] - 1) ** 2)) <= largest_error
    assert np.corrcoef(competition_rank(exact), competition_rank(estimate))[0, 1] >= correlation
    top = (set(np.argsort(-scores, kind="stable")[:1000].tolist()) for scores in (exact, estimate))
    assert len(set.intersection(*top)) >= same_in_top_1000
    assert np.all(estimate[~linked] == 0)


def test_hyperball_depends_on_its_seed_alone() -> None:
    csr = skewed_graph(2000, 9000, source_share=0.3, seed=1)
    first = hyperball_harmonic(csr, seed=1)
    assert first.tobytes() == hyperball_harmonic(csr, seed=1).tobytes()
    assert first.tobytes() != hyperball_harmonic(csr, seed=2).tobytes()
    with pytest.raises(ValueError, match="log2m"):
        hyperball_harmonic(csr, log2m=3)


def test_large_graphs_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    csr = skewed_graph(300, 1500, source_share=0.5, seed=2)
    assert harmonic(csr)[1]
    monkeypatch.setattr(ranks, "EXACT_LIMIT", 1000)
    scores, is_exact = harmonic(csr)
    assert not is_exact
    assert scores.tobytes() == hyperball_harmonic(csr).tobytes()


@pytest.mark.parametrize(
    ("scores", "tie_break", "expected"),
    [
        ([0.1, 0.4, 0.4, 0.2], None, [4, 1, 1, 3]),
        ([0.1, 0.4, 0.4, 0.2], ["d", "c", "b", "a"], [4, 2, 1, 3]),
        ([1.0, 1.0, 1.0], ["b", "", "Ä"], [2, 1, 3]),
        ([], None, []),
        ([], [], []),
    ],
)
def test_the_highest_score_ranks_first(scores: list[float], tie_break: list[str] | None, expected: list[int]) -> None:
    assert competition_rank(np.array(scores, dtype=float), tie_break).tolist() == expected


def test_every_score_needs_its_tie_breaker() -> None:
    with pytest.raises(ValueError, match="2 scores"):
        competition_rank(np.zeros(2), ["a"])
