"""Farms planted in a real graph are found; the real graph itself is left alone."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transforms.conftest import RealGraph
from transforms.farms.clusters import Verdict, find_farms
from transforms.farms.colink import similar_pairs

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """How well a farm hides: rate of links to popular sites, share of its own links kept, bought in-links a
    booster."""

    camouflage: float
    kept: float
    bought: float


LEVELS = {"L0": Level(0.0, 1.0, 0.05), "L1": Level(0.3, 0.9, 0.2), "L2": Level(0.6, 0.7, 0.5)}


@dataclass(frozen=True, slots=True)
class Planted:
    """The graph with farms in it; boosters are the nodes from `first` on, targets old ones."""

    sources: Ints
    targets: Ints
    names: list[str]
    first: int


def plant(graph: RealGraph, level: Level, *, share: float, seed: int) -> Planted:
    """Plant stars and alliances of 6 to 300 new boosters that share 2 to 5 old, obscure targets.

    In an alliance targets link back to a third of the boosters. Every booster has a link to some popular site
    at times, the better hidden ones more of them. Sizes are log-normal around 30.
    """
    random = np.random.default_rng(seed)
    n, indegree = graph.node_count, np.bincount(graph.targets, minlength=graph.node_count)
    obscure, popular, linking = (
        np.flatnonzero(indegree <= 3),
        np.flatnonzero(indegree >= 5),
        np.unique(graph.sources),
    )
    edges: list[tuple[int, int]] = []
    end = n
    while end - n < share * n:
        size = int(np.clip(np.exp(random.normal(np.log(30), 1)), 6, 300))
        targets = random.choice(obscure, int(random.integers(2, 6)), replace=False).tolist()
        is_alliance = random.random() < 0.5
        for booster in range(end, end + size):
            kept = [t for t in targets if random.random() < level.kept] or targets[:1]
            hiding = random.binomial(2 * len(targets), level.camouflage) if level.camouflage else random.integers(2)
            edges += [(booster, t) for t in [*kept, *random.choice(popular, hiding, replace=False).tolist()]]
            if is_alliance and random.random() < 1 / 3:
                edges.append((int(random.choice(targets)), booster))
            if random.random() < level.bought:
                edges.append((int(random.choice(linking)), booster))
        end += size
    sources, targets_ = np.unique(np.r_[np.c_[graph.sources, graph.targets], np.array(edges)], axis=0).T
    return Planted(sources, targets_, [*graph.names, *(f"planted-{i}" for i in range(end - n))], n)


def suspects(sources: Ints, targets: Ints, names: list[str]) -> list[Verdict]:
    is_crawled = np.bincount(sources, minlength=len(names)) > 0
    pairs = similar_pairs(sources, targets, len(names), is_crawled)
    return [verdict for verdict in find_farms(sources, targets, names, pairs).verdicts if verdict.tier]


def test_hardly_any_host_of_the_real_web_is_suspected(uk_hosts: RealGraph) -> None:
    flagged = suspects(uk_hosts.sources, uk_hosts.targets, list(uk_hosts.names))
    print(f"{len(flagged)} of {uk_hosts.node_count:,} hosts suspected: {len(flagged) / uk_hosts.node_count:.2%}")
    assert len(flagged) <= 0.005 * uk_hosts.node_count
    assert {verdict.tier for verdict in flagged} == {"suspected"}


@pytest.mark.parametrize(
    ("level", "precision", "recall"),
    # The last two are hidden from this signal on purpose: their figures are shown and guarded, not good.
    [("L0", 0.85, 0.9), ("L1", 0.75, 0.4), ("L2", 0.55, 0.1)],
)
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_planted_farms_are_found(uk_hosts: RealGraph, level: str, seed: int, precision: float, recall: float) -> None:
    farm = plant(uk_hosts, LEVELS[level], share=0.02, seed=seed)
    boosters = set(range(farm.first, len(farm.names)))
    flagged = {v.node for v in suspects(farm.sources, farm.targets, farm.names) if v.role == "booster"}
    hits = len(flagged & boosters)
    print(f"{level}, seed {seed}: {len(boosters)} boosters, precision {hits / len(flagged):.3f}, "
          f"recall {hits / len(boosters):.3f}")  # fmt: skip
    assert hits / len(flagged) >= precision
    assert hits / len(boosters) >= recall
