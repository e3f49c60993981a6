"""Domains that link alike hang together: whether such a cluster is a farm, and who plays which part in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from schemas.identity import text_id
from transforms.farms import signals
from transforms.farms.colink import Pairs

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of domains that link alike; every figure can be counted again from edges and evidence pairs.

    core: names of up to 32 members, those with most evidence. members, targets: node numbers, ascending; a
    domain may be both. captured: of each target, the share of its referring domains that are members.
    booster_count: members that link to a target. pair_count: backed evidence pairs among members. density:
    share of member pairs that are. top_target_share: share of the members that link to the commonest target.
    outside_referring_domains: distinct domains, neither members nor targets, that link to a member.
    vouched_referrers: such links a member, from domains that themselves have a referring domain outside the
    cluster (others are free to make).
    """

    farm_id: int
    farm_score: float
    core: tuple[str, ...]
    members: Ints
    targets: Ints
    captured: NDArray[np.float64]
    booster_count: int
    pair_count: int
    density: float
    top_target_share: float
    outside_referring_domains: int
    vouched_referrers: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One figure behind a verdict and the value from which it counts (for VOUCHED_REFERRERS: up to which)."""

    code: str
    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one domain is suspected of; `node` is its number, `farm_id` names its cluster."""

    node: int
    farm_id: int
    role: Literal["booster", "target"]
    farm_score: float
    reasons: tuple[Reason, ...]

    @property
    def tier(self) -> Literal["suspected"] | None:
        return "suspected" if self.farm_score >= signals.SUSPECTED_FROM else None


@dataclass(frozen=True, slots=True)
class Farms:
    """clusters in the order of their lowest member; verdicts in the order of nodes, at most one a domain."""

    clusters: tuple[Cluster, ...]
    verdicts: tuple[Verdict, ...]


def find_farms(sources: ArrayLike, targets: ArrayLike, names: Sequence[str], pairs: Pairs) -> Farms:
    """Cluster the evidence pairs that common partners back, and judge every cluster of six domains or more.

    sources, targets: integers [m], the distinct followed edges without loops that the pairs were found in.
    names: of all nodes; farms are named by them. A cluster's score is .92 times how far the share of its
    commonest target, the number of its targets and the density of its evidence each pass their thresholds,
    damped when its members have referrers of their own. No verdict gets a member that links to fewer than two
    targets (who links to one may have sold it a link), nor a domain in a registry that vets its members; a
    domain in two farms gets the graver verdict.
    """
    n = len(names)
    pairs = _backed(pairs, n)
    label = _labels(pairs, n)
    size = np.bincount(label[label >= 0])
    ends = np.asarray(sources, dtype=np.int64), np.asarray(targets, dtype=np.int64)
    graph = _Graph(
        np.bincount(ends[1], minlength=n),
        np.bincount(np.concatenate([pairs.left, pairs.right]), minlength=n),
        names,
    )
    members = _grouped(label, size.size, np.arange(n))
    leaving = _grouped(label[ends[0]], size.size, *ends)
    entering = _grouped(np.where(label[ends[0]] == label[ends[1]], -1, label[ends[1]]), size.size, *ends)
    clusters, gravest = [], dict[int, Verdict]()
    for (nodes,), out_links, in_links in zip(members, leaving, entering, strict=True):
        cluster, target_links = _cluster(nodes, out_links, in_links, graph)
        clusters.append(cluster)
        for verdict in _verdicts(cluster, target_links, graph):
            if signals.is_vetted(names[verdict.node]):
                continue
            known = gravest.get(verdict.node)
            if known is None or verdict.farm_score > known.farm_score:
                gravest[verdict.node] = verdict
    return Farms(tuple(clusters), tuple(gravest[node] for node in sorted(gravest)))


@dataclass(frozen=True, slots=True)
class _Graph:
    """Of each node how many domains link to it, how many evidence pairs it is in, and its name."""

    indegree: Ints
    pair_degree: Ints
    names: Sequence[str]


def _backed(pairs: Pairs, node_count: int) -> Pairs:
    """The pairs whose two domains have enough partners in common.

    Without that a single domain, a blog that sold a link and likes what a booster hides behind, would tie a farm to a
    whole community of honest sites, in which it is lost.
    """
    ends = np.concatenate([pairs.left, pairs.right])
    partners = np.concatenate([pairs.right, pairs.left])
    order = np.lexsort((partners, ends))
    offsets = np.searchsorted(ends[order], np.arange(node_count + 1))
    kept = _have_common(pairs.left, pairs.right, offsets, partners[order], signals.COMMON_PARTNERS)
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.shared[kept], pairs.cosine[kept])


@njit(cache=True)
def _have_common(left: Ints, right: Ints, offsets: Ints, partners: Ints, wanted: int) -> NDArray[np.bool_]:
    """Of each pair whether so many partners are common to both; looks no further than that."""
    kept = np.zeros(left.size, dtype=np.bool_)
    for pair in range(left.size):
        i, i_end = offsets[left[pair]], offsets[left[pair] + 1]
        j, j_end = offsets[right[pair]], offsets[right[pair] + 1]
        common = 0
        while i < i_end and j < j_end and common < wanted:
            if partners[i] == partners[j]:
                common += 1
                i += 1
                j += 1
            elif partners[i] < partners[j]:
                i += 1
            else:
                j += 1
        kept[pair] = common >= wanted
    return kept


def _labels(pairs: Pairs, node_count: int) -> Ints:
    """The number of each domain's cluster, by lowest member; -1 outside clusters of MIN_MEMBERS or more."""
    root = _components(pairs.left, pairs.right, node_count)
    size = np.bincount(root, minlength=node_count)
    is_cluster = size >= signals.MIN_MEMBERS
    number = np.where(is_cluster, np.cumsum(is_cluster) - 1, -1)
    return np.asarray(number[root])


@njit(cache=True)
def _components(left: Ints, right: Ints, node_count: int) -> Ints:
    """Union-find with the lowest node as root; int64[n]."""
    parent = np.arange(node_count)
    for i in range(left.size):
        a, b = left[i], right[i]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    for node in range(node_count):  # a parent is never higher than its child
        parent[node] = parent[parent[node]]
    return parent


def _grouped(label: Ints, group_count: int, *columns: Ints) -> Iterator[tuple[Ints, ...]]:
    """The rows of the columns that carry each label 0, 1, ..., in their order."""
    labelled = np.flatnonzero(label >= 0)
    order = labelled[np.argsort(label[labelled], kind="stable")]
    bounds = np.searchsorted(label[order], np.arange(group_count + 1))
    for start, end in pairwise(bounds):
        yield tuple(column[order[start:end]] for column in columns)


def _cluster(
    members: Ints, out_links: tuple[Ints, ...], in_links: tuple[Ints, ...], graph: _Graph
) -> tuple[Cluster, Ints]:
    """The cluster, and how many of its targets each member links to. `in_links` come from outside."""
    n, k = graph.indegree.size, members.size
    linked, link_count = np.unique(out_links[1], return_counts=True)
    captured = link_count / graph.indegree[linked]
    is_small = signals.TARGET_CAPTURED * n / k < signals.TARGET_LIFT
    wanted_share = signals.TARGET_CAPTURED_SMALL if is_small else signals.TARGET_CAPTURED
    wanted_lift = 0.0 if is_small else signals.TARGET_LIFT
    is_target = (
        (link_count / k >= signals.TARGET_SHARE) & (captured >= wanted_share) & (captured * n / k >= wanted_lift)
    )
    targets = linked[is_target]
    top_share = float(link_count[is_target].max() / k) if targets.size else 0.0

    outsiders = in_links[0][~np.isin(in_links[0], targets)]
    from_members = np.zeros(outsiders.size, dtype=np.int64)
    is_linked = np.isin(outsiders, linked)
    from_members[is_linked] = link_count[np.searchsorted(linked, outsiders[is_linked])]
    vouched = float(np.count_nonzero(graph.indegree[outsiders] > from_members) / k)

    pair_count = int(graph.pair_degree[members].sum()) // 2
    density = 2.0 * pair_count / (k * (k - 1))
    core = _core(members, graph)
    hits = np.searchsorted(members, out_links[0][np.isin(out_links[1], targets)])
    target_links = np.bincount(hits, minlength=k)
    cluster = Cluster(
        farm_id=text_id("\n".join(core)),
        farm_score=_score(top_share, targets.size, density, vouched),
        core=core,
        members=members,
        targets=targets,
        captured=captured[is_target],
        booster_count=int(np.count_nonzero(target_links)),
        pair_count=pair_count,
        density=density,
        top_target_share=top_share,
        outside_referring_domains=int(np.unique(outsiders).size),
        vouched_referrers=vouched,
    )
    return cluster, target_links


def _core(members: Ints, graph: _Graph) -> tuple[str, ...]:
    """The names of the members with most evidence pairs (ties by name), in the order of names."""
    ranked = sorted((-int(graph.pair_degree[node]), graph.names[node]) for node in members)
    return tuple(sorted(name for _, name in ranked[: signals.CORE_SIZE]))


def _score(top_share: float, target_count: int, density: float, vouched: float) -> float:
    evidence = signals.TOP_TARGET_SHARE(top_share) * signals.TARGET_COUNT(target_count)
    evidence *= signals.DENSITY(density)
    gate = signals.GATE_FLOOR + (1.0 - signals.GATE_FLOOR) * signals.VOUCHED_REFERRERS(vouched)
    return signals.OUT_LINK_SIMILARITY.weight * evidence * gate


def _verdicts(cluster: Cluster, target_links: Ints, graph: _Graph) -> Iterator[Verdict]:
    """Of a domain that is both, first the verdict as a booster, then as a target."""
    shown = (
        Reason("TOP_TARGET_SHARE", cluster.top_target_share, signals.TOP_TARGET_SHARE.middle),
        Reason("TARGET_COUNT", float(cluster.targets.size), math.ceil(signals.TARGET_COUNT.middle)),
        Reason("CLUSTER_DENSITY", cluster.density, signals.DENSITY.middle),
        Reason("CLUSTER_SIZE", float(cluster.members.size), float(signals.MIN_MEMBERS)),
        Reason("VOUCHED_REFERRERS", cluster.vouched_referrers, signals.VOUCHED_REFERRERS.middle),
    )
    for node, links in zip(cluster.members.tolist(), target_links.tolist(), strict=True):
        if links >= signals.TARGETS_LINKED:
            similar = float(graph.pair_degree[node])
            own = (
                Reason("SIMILAR_DOMAINS", similar, 1.0),
                Reason("TARGETS_LINKED", float(links), float(signals.TARGETS_LINKED)),
            )
            score = cluster.farm_score * signals.SIMILAR_DOMAINS(similar)
            yield Verdict(node, cluster.farm_id, "booster", score, (*own, *shown))
    for node, captured in zip(cluster.targets.tolist(), cluster.captured.tolist(), strict=True):
        share = Reason("CAPTURED_SHARE", captured, signals.TARGET_CAPTURED)
        score = cluster.farm_score * signals.CAPTURED_SHARE(captured)
        yield Verdict(node, cluster.farm_id, "target", score, (share, *shown))
