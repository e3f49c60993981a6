"""Pairs that link alike: exactly those that plain sets find, on rare targets of crawled domains alone."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.farms.colink import Pairs, idf, overlap, rare_target_limit, similar_pairs

Ints = NDArray[np.int64]


def copying_edges(node_count: int, seed: int) -> tuple[Ints, Ints]:
    """Half of the nodes copy part of one of 25 link lists, add links of their own, mostly one to node 0."""
    random = np.random.default_rng(seed)
    lists = random.integers(1, node_count, (25, 5))
    edges: set[tuple[int, int]] = set()
    for u in range(node_count // 2, node_count):
        copied = lists[random.integers(25)][random.random(5) < 0.7]
        own = random.integers(1, node_count, random.integers(5))
        popular = [0] if random.random() < 0.8 else []
        edges |= {(u, int(t)) for t in (*copied, *own, *popular) if t != u}
    sources, targets = np.array(sorted(edges), dtype=np.int64).T
    return sources, targets


def found(pairs: Pairs) -> list[tuple[int, int, int, float]]:
    columns = (pairs.left.tolist(), pairs.right.tolist(), pairs.shared.tolist(), pairs.cosine.tolist())
    return list(zip(*columns, strict=True))


def naive_pairs(
    sources: Ints, targets: Ints, node_count: int, is_crawled: NDArray[np.bool_]
) -> list[tuple[int, int, int, float]]:
    indegree = np.bincount(targets, minlength=node_count)
    weight = np.log(1 + node_count / (1 + indegree))
    rare = indegree <= max(150, 1.5 * np.sqrt(node_count))
    out: dict[int, set[int]] = {}
    for u, t in zip(sources.tolist(), targets.tolist(), strict=True):
        if is_crawled[u] and rare[t]:
            out.setdefault(u, set()).add(t)
    pairs = []
    for u, w in combinations(sorted(out), 2):
        common = out[u] & out[w]
        of_both, of_u, of_w = (float(weight[sorted(s)].sum()) for s in (common, out[u], out[w]))
        cosine = of_both / np.sqrt(of_u * of_w)
        if (cosine >= 0.35 and len(common) >= 3) or (cosine >= 0.75 and len(common) >= 2):
            pairs.append((u, w, len(common), float(cosine)))
    return pairs


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_that_plain_sets_find(seed: int) -> None:
    sources, targets = copying_edges(500, seed)
    is_crawled = np.random.default_rng(seed).random(500) < 0.9
    expected = naive_pairs(sources, targets, 500, is_crawled)
    got = found(similar_pairs(sources, targets, 500, is_crawled))
    assert np.bincount(targets)[0] > rare_target_limit(500)
    assert len(expected) > 50
    assert [pair[:3] for pair in got] == [pair[:3] for pair in expected]
    assert [pair[3] for pair in got] == pytest.approx([pair[3] for pair in expected], abs=1e-12)


def test_more_pairs_than_the_first_room_holds_come_out_whole_and_in_order() -> None:
    twins = np.repeat(np.arange(100), 2)
    pairs = similar_pairs(twins, np.tile([100, 101], 100), 102, np.ones(102, dtype=bool))
    assert [pair[:3] for pair in found(pairs)] == [(u, w, 2) for u, w in combinations(range(100), 2)]
    assert set(pairs.cosine.tolist()) == {1.0}


def test_the_order_of_edges_makes_no_difference_to_the_last_bit() -> None:
    sources, targets = copying_edges(500, 1)
    order = np.random.default_rng(1).permutation(sources.size)
    first = similar_pairs(sources, targets, 500, np.ones(500, dtype=bool))
    again = similar_pairs(sources[order], targets[order], 500, np.ones(500, dtype=bool))
    assert found(first) == found(again)


def test_what_everybody_links_to_makes_nobody_alike() -> None:
    n, limit = 1000, 150  # larger than 1.5 * sqrt(1000)
    assert rare_target_limit(n) == limit
    assert rare_target_limit(1_000_000) == 1500
    for fans, is_rare in ((limit, True), (limit + 1, False)):
        sources = np.repeat(np.arange(fans), 3)
        targets = np.tile([997, 998, 999], fans)
        assert (similar_pairs(sources, targets, n, np.ones(n, dtype=bool)).left.size > 0) == is_rare


def test_a_domain_that_was_not_crawled_is_in_no_pair() -> None:
    sources, targets = np.repeat([0, 1, 2], 3), np.tile([3, 4, 5], 3)
    is_crawled = np.array([True, False, True, True, True, True])
    assert [pair[:3] for pair in found(similar_pairs(sources, targets, 6, is_crawled))] == [(0, 2, 3)]


def test_links_of_its_own_make_a_domain_less_alike() -> None:
    sources, targets = np.repeat([0, 1], 3), np.tile([2, 3, 4], 2)
    own = np.arange(5, 25)
    both_plain = similar_pairs(sources, targets, 25, np.ones(25, dtype=bool))
    one_rich = similar_pairs(np.r_[sources, np.zeros(20, int)], np.r_[targets, own], 25, np.ones(25, dtype=bool))
    assert both_plain.cosine.tolist() == [1.0]
    assert one_rich.left.size == 0


@pytest.mark.parametrize("node_count", [2, 18, 1000, 58_842])
def test_idf_stays_positive_and_falls_with_indegree(node_count: int) -> None:
    weights = idf(np.arange(node_count), node_count)
    assert weights.min() >= np.log(2)
    assert np.all(np.diff(weights) < 0)


def test_a_graph_without_edges_has_no_pairs() -> None:
    none = np.empty(0, dtype=np.int64)
    for n in (0, 3):
        pairs = similar_pairs(none, none, n, np.ones(n, dtype=bool))
        assert found(pairs) == []
        assert overlap(pairs, n).partner.tolist() == [-1] * n


def test_overlap_is_the_mean_of_the_ten_best_and_a_missing_one_counts_nothing() -> None:
    left = np.array([0] * 12 + [13])
    right = np.array([*range(1, 13), 14])
    cosine = np.array([0.4, 0.5, 0.9, 0.9, *[0.6] * 8, 1.0])
    shared = np.array([*range(3, 15), 2])
    measured = overlap(Pairs(left, right, shared, cosine), 16)
    assert measured.overlap[0] == pytest.approx((0.9 + 0.9 + 8 * 0.6) / 10)
    assert measured.overlap[13] == measured.overlap[14] == pytest.approx(0.1)
    assert measured.overlap[15] == 0.0
    assert (measured.partner[0], measured.shared[0], measured.cosine[0]) == (
        3,
        5,
        0.9,
    )  # the lower of two equals
    assert measured.partner[[1, 13, 14, 15]].tolist() == [0, 14, 13, -1]
