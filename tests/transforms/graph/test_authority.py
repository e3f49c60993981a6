"""What raises authority and what does not: good links do; free ones, exchanges, nofollow and known farms
hardly."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transforms.conftest import RealGraph
from transforms.graph.authority import Authority, authority

Edges = Sequence[tuple[int, int]]

#: Nodes 0 to 5 are an established web: each refers to the next two; 6 is what only node 0 refers to.
ESTABLISHED: Edges = [(u, (u + d) % 6) for u in range(6) for d in (1, 2)] + [(0, 6)]


def score(
    node_count: int, sources: NDArray[np.int64], targets: NDArray[np.int64], **more: NDArray[np.float64]
) -> Authority:
    """Edges of one page each, no nofollow links, no farms unless given."""
    weights = np.full(len(sources), 1_000_000)
    totals = np.bincount(sources, minlength=node_count) * 1_000_000
    return authority(node_count, sources, targets, weights, totals, more.get("farm_score", np.zeros(node_count)))


def score_edges(node_count: int, edges: Edges, **more: NDArray[np.float64]) -> Authority:
    sources, targets = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    return score(node_count, sources, targets, **more)


def test_raw_authority_sums_to_one_and_the_scale_runs_from_0_to_100() -> None:
    result = score_edges(7, ESTABLISHED)
    assert result.raw.sum() == pytest.approx(1.0, abs=1e-12)
    assert (result.score.min(), result.score.max()) == (0.0, 100.0)
    assert result.score[6] == 0.0  # it has one referring domain, all others have two
    assert result.percentile[6] == pytest.approx(1 / 7)
    assert result.percentile.max() == 1.0


@pytest.mark.parametrize(
    ("node_count", "edges"),
    [(0, []), (1, []), (5, []), (2, [(0, 1), (1, 0)]), (6, [(u, (u + 1) % 6) for u in range(6)])],
)
def test_where_all_are_alike_every_score_is_zero(node_count: int, edges: Edges) -> None:
    result = score_edges(node_count, edges)
    assert result.score.tolist() == [0.0] * node_count
    assert result.percentile.tolist() == [1.0] * node_count
    assert result.raw.tolist() == pytest.approx([1 / max(1, node_count)] * node_count)


def test_one_good_link_outweighs_dozens_of_bad_ones() -> None:
    praised, boosted, fresh = 6, 7, range(8, 56)
    result = score_edges(56, [*ESTABLISHED, *((u, boosted) for u in fresh)])
    assert result.raw[praised] > 2 * result.raw[boosted]
    assert result.score[praised] > result.score[boosted] + 20


def test_links_that_are_returned_count_less() -> None:
    one_way = score_edges(8, [*ESTABLISHED, (7, 1), (0, 7)])
    exchanged = score_edges(8, [*ESTABLISHED, (7, 0), (0, 7)])
    assert exchanged.raw[7] < 0.4 * one_way.raw[7]


def test_the_share_of_nofollow_links_is_handed_to_nobody() -> None:
    sources, targets = np.array(ESTABLISHED).T
    weights = np.full(len(sources), 1_000_000)
    totals = np.bincount(sources, minlength=8) * 1_000_000
    shares = []
    for nofollow in (0, 12_000_000):
        totals_then = totals + np.where(np.arange(8) == 0, nofollow, 0)
        shares.append(authority(8, sources, targets, weights, totals_then, np.zeros(8)).raw)
    assert shares[1][6] < 0.8 * shares[0][6]  # node 0 passes on 3 of 15 parts instead of all
    assert shares[1].sum() == pytest.approx(1.0, abs=1e-12)


def test_order_and_parts_of_edges_make_no_difference_to_the_last_bit(uk_hosts: RealGraph) -> None:
    n, sources, targets = uk_hosts.node_count, uk_hosts.sources, uk_hosts.targets
    random = np.random.default_rng(1)
    weights = random.integers(1, 6_000_000, sources.size)
    totals = np.bincount(sources, weights=weights, minlength=n).astype(np.int64)
    farm_score = np.where(random.random(n) < 0.01, random.random(n), 0.0)
    first = authority(n, sources, targets, weights, totals, farm_score)
    part = weights // 3
    order = random.permutation(2 * sources.size)
    again = authority(
        n, np.r_[sources, sources][order], np.r_[targets, targets][order], np.r_[part, weights - part][order],
        totals, farm_score,
    )  # fmt: skip
    assert again.raw.tobytes() == first.raw.tobytes()
    assert again.score.tobytes() == first.score.tobytes()


def test_numbering_makes_no_difference_to_scores_and_percentiles(uk_hosts: RealGraph) -> None:
    n = uk_hosts.node_count
    number = np.random.default_rng(2).permutation(n)
    first = score(n, uk_hosts.sources, uk_hosts.targets)
    again = score(n, number[uk_hosts.sources], number[uk_hosts.targets])
    # Unvouched referrers of equal strength are discounted in the order of their numbers: that is all.
    assert np.abs(again.score[number] - first.score).max() < 1e-3
    assert np.mean(again.percentile[number] != first.percentile) < 0.01


def test_a_farm_score_below_the_tier_suspected_changes_nothing() -> None:
    edges = [*ESTABLISHED, (7, 6), (8, 7)]
    without = score_edges(9, edges)
    assert score_edges(9, edges, farm_score=np.full(9, 0.4999)).raw.tobytes() == without.raw.tobytes()
    suspected = score_edges(9, edges, farm_score=np.where(np.arange(9) == 7, 0.5, 0.0))
    assert suspected.raw[6] < without.raw[6]


def test_when_all_domains_are_farms_none_is_better() -> None:
    result = score_edges(7, ESTABLISHED, farm_score=np.ones(7))
    assert result.raw.tolist() == pytest.approx([1 / 7] * 7)
    assert result.score.tolist() == [0.0] * 7


def farm_around(kind: str, target: int, size: int, node_count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges of `size` new boosters of one target, isolated or linked back by it."""
    boosters, targets = np.arange(node_count, node_count + size), np.full(size, target)
    if kind == "linked back":
        return np.r_[boosters, targets], np.r_[targets, boosters]
    return boosters, targets


@pytest.mark.parametrize("kind", ["isolated", "linked back"])
@pytest.mark.parametrize("size", [10, 100, 1000])
def test_a_farm_of_fresh_domains_hardly_raises_a_median_domain(uk_hosts: RealGraph, kind: str, size: int) -> None:
    n = uk_hosts.node_count
    before = score(n, uk_hosts.sources, uk_hosts.targets)
    indegree = np.bincount(uk_hosts.targets, minlength=n)
    random = np.random.default_rng(3)
    ordinary = [int(t) for d in (1, 2) for t in random.choice(np.flatnonzero(indegree == d), 3, replace=False)]
    unlabelled, known = [], []
    for target in ordinary:
        sources, targets = farm_around(kind, target, size, n)
        sources, targets = np.r_[uk_hosts.sources, sources], np.r_[uk_hosts.targets, targets]
        unlabelled.append(float(score(n + size, sources, targets).score[target] - before.score[target]))
        is_booster = (np.arange(n + size) >= n).astype(np.float64)
        after = score(n + size, sources, targets, farm_score=is_booster)
        known.append(float(after.score[target] - before.score[target]))
        assert np.abs(after.score[:n] - before.score).max() < 1.0
    print(f"{size} boosters, {kind}: {np.round(unlabelled, 1)} points unlabelled, {np.round(known, 2)} known")
    assert max(unlabelled) <= 6.0
    assert np.abs(known).max() <= 0.1


def test_linking_to_a_rival_never_lowers_him(uk_hosts: RealGraph) -> None:
    n = uk_hosts.node_count
    before = score(n, uk_hosts.sources, uk_hosts.targets)
    rivals = np.random.default_rng(4).choice(np.unique(uk_hosts.targets), 1000, replace=False)
    sources = np.r_[uk_hosts.sources, np.full(1000, n)]
    after = score(n + 1, sources, np.r_[uk_hosts.targets, rivals])
    assert np.min(after.score[rivals] - before.score[rivals]) > -0.005  # all raw values shrink by 1e-4 alike


@pytest.mark.parametrize(
    ("weights", "totals", "farm_score", "message"),
    [
        ([-1], [1, 1], [0.0, 0.0], "negative"),
        ([1], [-1, 1], [0.0, 0.0], "negative"),
        ([1], [1], [0.0, 0.0], "each of 2 nodes"),
        ([1], [1, 1], [0.0], "each of 2 nodes"),
        ([1], [1, 1], [0.0, 1.1], "0..1"),
        ([1], [1, 1], [0.0, float("nan")], "0..1"),
    ],
)
def test_impossible_input_is_refused(
    weights: list[int], totals: list[int], farm_score: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        authority(2, [0], [1], weights, totals, farm_score)
