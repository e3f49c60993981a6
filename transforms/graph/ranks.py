"""How central each node of a link graph is: PageRank, harmonic centrality, and the rank a score gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from transforms.graph.csr import Csr

#: Harmonic centrality is exact up to so many batches of 64 sources times edges, about 15 seconds; beyond,
#: HyperBall estimates it. A node without out-links is no source: the 58,842 hosts of the UK web of 1996 have
#: 6,344 and take .4 s; 100,000 nodes that all reach each other over a million edges would take 50 s and are
#: estimated in 3.
EXACT_LIMIT = 400_000_000


@dataclass(frozen=True, slots=True)
class PageRank:
    """scores: float64[n], summing to 1; residual: L1 change in the last of `iterations` steps."""

    scores: NDArray[np.float64]
    iterations: int
    residual: float


def pagerank(
    csr: Csr,
    *,
    damping: float = 0.85,
    teleport: NDArray[np.float64] | None = None,
    dangling: Literal["uniform", "teleport"] = "uniform",
    out_totals: NDArray[np.float64] | None = None,
    tolerance: float = 1e-12,
    max_iterations: int = 250,
) -> PageRank:
    """The share of time at each node of a surfer who follows a link with chance `damping` and else teleports.

    With the defaults and a graph without weights this is the published measure: Brin & Page 1998, alpha .85,
    distinct edges without loops, uniform teleport, dangling mass spread uniformly, N = all nodes; it sums to
    1.

    teleport: float64[n], not negative, any positive sum; uniform when None. out_totals: float64[n], by which
    the weights of each row are divided, at least their sum; that sum when None. What a larger total leaves
    over (say, the share of nofollow links) goes where dangling mass goes. dangling: where mass goes that no
    edge carries: `uniform` to all nodes alike, `teleport` to the teleport vector (89 % of a real host graph
    dangles: spread uniformly it gives a farm node six times the free teleport). Stops when a step moves
    `tolerance` or less in L1, or after `max_iterations` (.85^250 = 2e-18); see `residual`. Sums run in one
    fixed order, so that equal input gives equal bits. Raises ValueError for vectors of the wrong length or
    with negative values, and a teleport without mass.
    """
    n = csr.node_count
    if n == 0:
        return PageRank(np.empty(0, dtype=np.float64), 0, 0.0)
    uniform = np.full(n, 1.0 / n)
    jump = uniform if teleport is None else _distribution(teleport, n)
    incoming = csr.transpose()
    share = np.ones(csr.edge_count) if incoming.weights is None else incoming.weights
    if out_totals is not None:
        if out_totals.shape != (n,) or not np.all(out_totals >= 0):
            raise ValueError(f"out_totals must be {n} numbers that are not negative")
        totals = out_totals.astype(np.float64)
    else:
        totals = _row_sums(csr.offsets, np.ones(csr.edge_count) if csr.weights is None else csr.weights)
    scale = np.divide(1.0, totals, out=np.zeros(n), where=totals > 0)
    scores, iterations, residual = _iterate(
        incoming.offsets, incoming.targets, share, scale, jump, jump if dangling == "teleport" else uniform,
        damping, tolerance, max_iterations,
    )  # fmt: skip
    return PageRank(scores, iterations, residual)


def _distribution(mass: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    if mass.shape != (n,) or not np.all(mass >= 0):
        raise ValueError(f"teleport must be {n} numbers that are not negative")
    total = _sum(mass.astype(np.float64))
    if not 0 < total < np.inf:
        raise ValueError("teleport must have some mass, and a finite one")
    return mass / total


@njit(cache=True)
def _sum(values: NDArray[np.float64]) -> float:
    """Neumaier's compensated sum: in order, and right to the last bit or two whatever the length."""
    total, lost = 0.0, 0.0
    for value in values:
        grown = total + value
        lost += (total - grown) + value if abs(total) >= abs(value) else (value - grown) + total
        total = grown
    return total + lost


@njit(cache=True)
def _row_sums(offsets: NDArray[np.uint64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(offsets.size - 1)
    for u in range(offsets.size - 1):
        for e in range(np.int64(offsets[u]), np.int64(offsets[u + 1])):
            sums[u] += weights[e]
    return sums


@njit(cache=True, nogil=True)  # minutes on large graphs, in which a signal is to be heard
def _iterate(
    offsets: NDArray[np.uint64],
    origins: NDArray[np.uint32],
    share: NDArray[np.float64],
    scale: NDArray[np.float64],
    jump: NDArray[np.float64],
    dangling: NDArray[np.float64],
    damping: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[NDArray[np.float64], int, float]:
    """Power iteration that pulls: each node adds up what its referrers pass on, in their order."""
    n = jump.size
    scores = jump.copy()
    passed = np.empty(n)
    pulled = np.empty(n)
    iterations, residual = 0, np.inf
    while iterations < max_iterations and residual > tolerance:
        for u in range(n):
            passed[u] = scores[u] * scale[u]
        for v in range(n):
            inflow = 0.0
            for e in range(np.int64(offsets[v]), np.int64(offsets[v + 1])):
                inflow += passed[origins[e]] * share[e]
            pulled[v] = inflow
        stranded = damping * (1.0 - _sum(pulled))  # what no edge carried: dangling nodes, evaporated shares
        residual = 0.0
        for v in range(n):
            score = damping * pulled[v] + (1.0 - damping) * jump[v] + stranded * dangling[v]
            residual += abs(score - scores[v])
            scores[v] = score
        iterations += 1
    total = _sum(scores)
    for v in range(n):
        scores[v] /= total
    return scores, iterations, residual


def harmonic(csr: Csr) -> tuple[NDArray[np.float64], bool]:
    """Harmonic centrality, and whether it is exact (small graphs, see EXACT_LIMIT) or HyperBall's
    estimate."""
    batches = -(-int(np.count_nonzero(csr.outdegree())) // 64)
    if batches * csr.edge_count <= EXACT_LIMIT:
        return harmonic_centrality(csr), True
    return hyperball_harmonic(csr), False


def harmonic_centrality(csr: Csr) -> NDArray[np.float64]:
    """For each node v the raw sum, over every other node u that reaches v, of 1 / d(u, v); float64[n].

    Incoming paths, unscaled: as Common Crawl publishes it (Boldi & Vigna 2014, "Axioms for Centrality").
    Exact, by breadth-first search from 64 sources at a time, a bit each (Then et al. 2014, "The More the
    Merrier").
    """
    reaching = np.flatnonzero(csr.outdegree() > 0)  # the rest (89 % of the UK web) reaches nothing
    return _bfs_harmonic(csr.offsets, csr.targets, reaching)


@njit(cache=True, nogil=True)  # minutes on large graphs, in which a signal is to be heard
def _bfs_harmonic(
    offsets: NDArray[np.uint64], targets: NDArray[np.uint32], sources: NDArray[np.int64]
) -> NDArray[np.float64]:
    n = offsets.size - 1
    centrality = np.zeros(n)
    seen = np.zeros(n, dtype=np.uint64)
    frontier = np.zeros(n, dtype=np.uint64)
    arriving = np.zeros(n, dtype=np.uint64)
    active = np.empty(n, dtype=np.int64)
    touched = np.empty(n, dtype=np.int64)
    for start in range(0, sources.size, 64):
        seen[:] = 0
        active_count = min(64, sources.size - start)
        for i in range(active_count):
            u = sources[start + i]
            seen[u] = frontier[u] = np.uint64(1) << np.uint64(i)
            active[i] = u
        distance = 0
        while active_count > 0:
            distance += 1
            touched_count = 0
            for i in range(active_count):
                u = active[i]
                for e in range(np.int64(offsets[u]), np.int64(offsets[u + 1])):
                    v = targets[e]
                    if arriving[v] == 0:
                        touched[touched_count] = v
                        touched_count += 1
                    arriving[v] |= frontier[u]
                frontier[u] = 0
            active_count = 0
            for i in range(touched_count):
                v = touched[i]
                fresh = arriving[v] & ~seen[v]
                arriving[v] = 0
                if fresh == 0:
                    continue
                seen[v] |= fresh
                frontier[v] = fresh
                active[active_count] = v
                active_count += 1
                centrality[v] += _bits(fresh) / distance
    return centrality


@njit(cache=True)
def _bits(word: np.uint64) -> int:
    """How many bits are set."""
    count = 0
    while word != 0:
        word &= word - np.uint64(1)
        count += 1
    return count


def hyperball_harmonic(csr: Csr, *, log2m: int = 8, seed: int = 0) -> NDArray[np.float64]:
    """Harmonic centrality estimated with 2^log2m HyperLogLog registers a node; float64[n].

    After Boldi & Vigna 2013, "In-Core Computation of Geometric Centralities with HyperBall". The relative
    error is about 1.04 / sqrt(2^log2m), 6.5 % by default, and alike for neighbours, so that ranks are better
    than values. Costs 2 * 2^log2m bytes a node. Equal seeds give equal bits. Raises ValueError unless 4 <=
    log2m <= 16.
    """
    if not 4 <= log2m <= 16:
        raise ValueError(f"log2m must lie in 4..16, not {log2m}")
    incoming = csr.transpose()
    return _hyperball(incoming.offsets, incoming.targets, log2m, seed)


@njit(cache=True)
def _hyperball(offsets: NDArray[np.uint64], origins: NDArray[np.uint32], log2m: int, seed: int) -> NDArray[np.float64]:
    """What reaches v in t steps is what reaches v or one of its referrers in t - 1 steps."""
    n = offsets.size - 1
    m = 1 << log2m
    ball = np.zeros((n, m), dtype=np.uint8)
    for u in range(n):
        word = _mix(np.uint64(u) + _mix(np.uint64(seed)))
        rest, rank = word >> np.uint64(log2m), 1
        while rest & np.uint64(1) == 0 and rank <= 64 - log2m:
            rest >>= np.uint64(1)
            rank += 1
        ball[u, np.int64(word & np.uint64(m - 1))] = rank
    grown = ball.copy()
    size = np.ones(n)
    centrality = np.zeros(n)
    is_changed = np.ones(n, dtype=np.bool_)
    radius, any_changed = 0, True
    while any_changed:
        radius += 1
        any_changed = False
        for v in range(n):
            for e in range(np.int64(offsets[v]), np.int64(offsets[v + 1])):
                u = origins[e]
                if is_changed[u]:
                    for r in range(m):
                        grown[v, r] = max(grown[v, r], ball[u, r])
        for v in range(n):
            is_changed[v] = False
            for r in range(m):
                if grown[v, r] != ball[v, r]:
                    is_changed[v] = True
                    ball[v, r] = grown[v, r]
            if is_changed[v]:
                any_changed = True
                estimate = _cardinality(ball[v])
                centrality[v] += max(0.0, estimate - size[v]) / radius
                size[v] = max(size[v], estimate)
    return centrality


@njit(cache=True)
def _mix(word: np.uint64) -> np.uint64:
    """The finalizer of splitmix64 (Steele et al. 2014): each bit of the word moves each bit of the result."""
    word += np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(cache=True)
def _cardinality(registers: NDArray[np.uint8]) -> float:
    """HyperLogLog's estimate (Flajolet et al. 2007) with linear counting while registers are empty."""
    m = registers.size
    inverse, empty = 0.0, 0
    for register in registers:
        inverse += 2.0 ** -np.float64(register)
        if register == 0:
            empty += 1
    alpha = 0.673 if m == 16 else 0.697 if m == 32 else 0.709 if m == 64 else 0.7213 / (1.0 + 1.079 / m)
    estimate = alpha * m * m / inverse
    if estimate <= 2.5 * m and empty > 0:
        return float(m * np.log(m / empty))
    return estimate


def competition_rank(scores: NDArray[np.float64], tie_break: Sequence[object] | None = None) -> NDArray[np.int64]:
    """The rank of each score, 1 for the highest; int64[n].

    Equal scores share the best of their ranks (1, 2, 2, 4), unless `tie_break` (names, as a rule) says who
    goes first: the lesser does (1, 2, 3, 4). Raises ValueError when there are not as many of the one as of
    the other.
    """
    if tie_break is None:
        return scores.size - np.searchsorted(np.sort(scores), scores, side="right") + 1
    if len(tie_break) != scores.size:
        raise ValueError(f"{scores.size} scores need as many tie-breakers, not {len(tie_break)}")
    ranks = np.empty(scores.size, dtype=np.int64)
    ranks[np.lexsort((np.array(tie_break, dtype=np.object_), -scores))] = np.arange(1, scores.size + 1)
    return ranks
