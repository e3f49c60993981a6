"""How much a domain is vouched for, 0 to 100: a PageRank that free links, exchanges and farms hardly move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from transforms.graph import csr as graph
from transforms.graph.csr import Csr
from transforms.graph.ranks import pagerank

SCORE_VERSION = "1"

DAMPING = 0.85
#: A link that is returned counts a fifth: an exchange costs neither side anything.
RECIPROCAL_FACTOR = 0.2
#: From this farm score on a domain vouches for nobody; it is the tier `suspected`.
SUSPECTED_FROM = 0.5
#: Teleport of a domain without vouched referring domains, and how many of them give the full share.
TELEPORT_BASE = 0.02
FULL_TELEPORT_REFERRERS = 3.0
#: The j-th strongest unvouched referrer of a domain passes on this share of its own over j squared: however
#: many there are, together they pass less than 1.645 times this share of one (pi^2 / 6).
UNVOUCHED_SHARE = 0.25
#: The ends of the 0-100 scale, as nearest-rank percentiles of raw scores.
LOW_PERCENTILE, HIGH_PERCENTILE = 0.05, 0.9999


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What the raw authority of each domain is made of: ``raw[v]`` is ``free[v]`` and, for every edge u -> v, .85 times
    ``raw[u]`` times what the edge carries.

    free: float64[n], what the teleport gives. carried: the followed edges, weighted by the share of its source's
    raw authority that each carries. vouched_referrers: how many vouched domains vouch for it, which sets its teleport.
    is_vouched: whether a domain does that is not suspected and not linked back.
    """

    raw: NDArray[np.float64]
    free: NDArray[np.float64]
    carried: Csr
    vouched_referrers: NDArray[np.int64]
    is_vouched: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Authority:
    """Three float64[n]: raw, the robust PageRank, summing to 1; score, 0..100; percentile, the share of all
    domains whose raw value is no higher, in (0, 1].
    """

    raw: NDArray[np.float64]
    score: NDArray[np.float64]
    percentile: NDArray[np.float64]


def authority(
    node_count: int,
    sources: ArrayLike,
    targets: ArrayLike,
    weight_micro: ArrayLike,
    out_total_micro: ArrayLike,
    farm_score: ArrayLike,
) -> Authority:
    """Score every domain of a graph of followed edges between registrable domains.

    sources, targets: integers [m] in 0..node_count-1, followed edges. weight_micro: int64[m], their weights
    in millionths: log2(1 + followed source pages), capped at 6; an edge of weight 0 is left out.
    out_total_micro: int64[n], the weights of *all* out-edges of each domain, nofollow ones too: their share
    goes to the teleport, not to the followed ones. Where the followed weights add up to more, that sum
    counts. farm_score: float64[n] in 0..1; below SUSPECTED_FROM it has no effect: all zeros means "farms left
    in". The order of edges makes no difference, nor whether an edge comes whole or in parts.

    A *referring domain* here follows, is not linked back and is not suspected. A domain that has one is
    *vouched*.

    - Teleport to u is in proportion to (.02 + min(1, r / 3)) (1 - s_u), r = vouched referring domains of u.
    - The edge u -> v carries weight / out_total(u), times .2 if v links back, times (1 - s_u)^2, and if u is
      not vouched, times .25 / j^2, where u is the j-th strongest unvouched domain that links to v.
    - Dangling and lost mass goes to the teleport.

    The discount by j^2 stands against farms that no detector has labelled: domains nobody links to are free
    to make, so a thousand of them count hardly more than two. Measured on the UK host graph of 1996 (58,842
    nodes), on domains of indegree 1 and 2: up to a thousand isolated boosters raise a score by 5 points at
    most, with links back by 1 (without gate and discount by 100 and 72). It does not stand against boosters
    that refer to each other in tiers or rings, nor against bought links: those are a detector's work, and
    with farm_score 1 they raise nothing.

    The score is 100 ln(x / x_lo) / ln(x_hi / x_lo), clipped, where x_lo and x_hi are the 5th and 99.99th
    percentile (nearest rank) over unsuspected vouched domains, so that adding empty domains does not move the
    scale. Where there are none, or all have the same value, every score is 0. Raises ValueError for lengths
    that do not fit, negative weights and farm scores outside 0..1.
    """
    return scaled(anatomy(node_count, sources, targets, weight_micro, out_total_micro, farm_score), farm_score)


def scaled(found: Anatomy, farm_score: ArrayLike) -> Authority:
    """The scores of raw authorities."""
    suspected = np.asarray(farm_score, dtype=np.float64) >= SUSPECTED_FROM
    return Authority(found.raw, _scale(found.raw, found.is_vouched & ~suspected), _percentile(found.raw))


def anatomy(
    node_count: int,
    sources: ArrayLike,
    targets: ArrayLike,
    weight_micro: ArrayLike,
    out_total_micro: ArrayLike,
    farm_score: ArrayLike,
) -> Anatomy:
    """What ``authority`` scales, with its parts; the same arguments."""
    weights = np.asarray(weight_micro, dtype=np.int64)
    totals = np.asarray(out_total_micro, dtype=np.int64)
    suspicion = np.asarray(farm_score, dtype=np.float64)
    if totals.shape != (node_count,) or suspicion.shape != (node_count,):
        raise ValueError(f"out_total_micro and farm_score must have a value for each of {node_count} nodes")
    if np.any(weights < 0) or np.any(totals < 0):
        raise ValueError("weights must not be negative")
    if not np.all((suspicion >= 0) & (suspicion <= 1)):
        raise ValueError("farm scores must lie in 0..1")
    suspicion = np.where(suspicion >= SUSPECTED_FROM, suspicion, 0.0)
    is_followed = weights > 0
    followed = graph.build(
        np.asarray(sources)[is_followed], np.asarray(targets)[is_followed], node_count,
        weights=weights[is_followed].astype(np.float64),
    )  # fmt: skip

    teleport, carried, is_vouched, vouching = _carried(followed, totals.astype(np.float64), suspicion)
    raw = pagerank(
        carried, damping=DAMPING, teleport=teleport, dangling="teleport", out_totals=np.ones(node_count)
    ).scores
    assert carried.weights is not None
    arriving = DAMPING * float(np.sum(raw[carried.sources()] * carried.weights))
    return Anatomy(raw, (1.0 - arriving) * teleport / np.sum(teleport), carried, vouching, is_vouched)


def _carried(
    followed: Csr, totals: NDArray[np.float64], suspicion: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Csr, NDArray[np.bool_], NDArray[np.int64]]:
    """The teleport vector, what share of its source's score each edge carries, which domains are vouched, and by how
    many vouched ones."""
    n = followed.node_count
    assert followed.weights is not None
    origins, targets = followed.sources(), followed.targets
    is_reciprocal = _reciprocal(followed)
    counts = ~is_reciprocal & (suspicion[origins] == 0)
    is_vouched = np.bincount(targets[counts], minlength=n) > 0

    totals = np.maximum(totals, np.bincount(origins, weights=followed.weights, minlength=n))
    share = followed.weights / totals[origins]
    share[is_reciprocal] *= RECIPROCAL_FACTOR
    share *= (1.0 - suspicion[origins]) ** 2
    unvouched = np.flatnonzero(~is_vouched[origins])
    share[unvouched] *= UNVOUCHED_SHARE / _strength_order(targets[unvouched], share[unvouched]) ** 2

    vouching = np.bincount(targets[counts & is_vouched[origins]], minlength=n)
    teleport = (TELEPORT_BASE + np.minimum(1.0, vouching / FULL_TELEPORT_REFERRERS)) * (1.0 - suspicion)
    if not np.any(teleport > 0):
        teleport = np.ones(n)  # every domain is certainly a farm: then none is better than another
    return teleport, Csr(followed.offsets, targets, share), is_vouched, vouching


def _reciprocal(csr: Csr) -> NDArray[np.bool_]:
    """For each edge whether the graph holds its reverse too, bool[m]."""
    incoming = csr.transpose()
    return _also_in(csr.offsets, csr.targets, incoming.offsets, incoming.targets)


@njit(cache=True)
def _also_in(
    offsets: NDArray[np.uint64],
    targets: NDArray[np.uint32],
    other_offsets: NDArray[np.uint64],
    other_targets: NDArray[np.uint32],
) -> NDArray[np.bool_]:
    """Which entries of each ascending row also stand in that row of the other graph: a merge, no look-ups."""
    found = np.zeros(targets.size, dtype=np.bool_)
    for u in range(offsets.size - 1):
        other, other_end = np.int64(other_offsets[u]), np.int64(other_offsets[u + 1])
        for e in range(np.int64(offsets[u]), np.int64(offsets[u + 1])):
            while other < other_end and other_targets[other] < targets[e]:
                other += 1
            found[e] = other < other_end and other_targets[other] == targets[e]
    return found


def _strength_order(targets: NDArray[np.uint32], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each edge its place among those to the same target, 1 for the largest share, ties as they come."""
    order = np.lexsort((-share, targets))
    grouped = targets[order]
    position = np.arange(order.size)
    is_first = np.ones(order.size, dtype=np.bool_)
    is_first[1:] = grouped[1:] != grouped[:-1]
    place = np.empty(order.size, dtype=np.float64)
    place[order] = position - np.maximum.accumulate(np.where(is_first, position, 0)) + 1
    return place


def _scale(raw: NDArray[np.float64], is_panel: NDArray[np.bool_]) -> NDArray[np.float64]:
    panel = np.sort(raw[is_panel])
    if panel.size == 0:
        return np.zeros(raw.size)
    low, high = (panel[max(0, int(np.ceil(q * panel.size)) - 1)] for q in (LOW_PERCENTILE, HIGH_PERCENTILE))
    if high <= low * (1 + 1e-9):  # equal but for rounding
        return np.zeros(raw.size)
    # A suspected domain may have no score at all: ln 0 is avoided, the clip makes it 0.
    score = np.log(np.maximum(raw, low) / low) / np.log(high / low)
    return np.asarray(100.0 * np.clip(score, 0.0, 1.0))


def _percentile(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    # Domains in like places differ in the last bits, by the order in which their referrers are added up.
    level = np.rint(np.log(np.maximum(raw, np.finfo(np.float64).tiny)) * 1e9)
    return np.asarray(np.searchsorted(np.sort(level), level, side="right") / max(1, raw.size))
