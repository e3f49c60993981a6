"""Where the authority of one domain comes from: what is free, and what each referring domain passes on to it."""

from dataclasses import dataclass

import numpy as np

from transforms.graph.authority import DAMPING, anatomy, scaled
from transforms.graph.stages import weighed_graph
from transforms.stage import Tables


@dataclass(frozen=True, slots=True)
class Part:
    """What one domain passes on: ``share`` of the authority explained, which is ``carried`` of its own."""

    domain: str
    share: float
    carried: float
    score: float
    is_vouched: bool
    is_returned: bool


@dataclass(frozen=True, slots=True)
class Dissection:
    """The score of a domain, computed anew, and what it is made of; shares add up to 1.

    free_share: what it has without any link. vouched_referrers: vouched domains that vouch for it, which set that.
    """

    score: float
    percentile: float
    raw: float
    free_share: float
    vouched_referrers: int
    is_vouched: bool
    parts: tuple[Part, ...]


def dissect(tables: Tables, domain: str) -> Dissection:
    """Score every domain again from ``domain_nodes``, ``domain_edges`` and ``farm_verdicts``, and take one apart.

    Raises:
        ValueError: the graph does not have it.
    """
    graph, edges, suspicion = weighed_graph(tables)
    found = anatomy(graph.node_count, *edges, suspicion)
    scores = scaled(found, suspicion)
    node = graph.names.index(domain)
    origins, weights = found.carried.sources(), found.carried.weights
    assert weights is not None
    arriving = np.flatnonzero(found.carried.targets == node)
    returned = set(found.carried.targets[origins == node].tolist())
    raw = float(found.raw[node])
    parts = [
        Part(
            graph.names[origin],
            DAMPING * float(found.raw[origin]) * float(weights[edge]) / raw if raw else 0.0,
            float(weights[edge]),
            float(scores.score[origin]),
            bool(found.is_vouched[origin]),
            origin in returned,
        )
        for edge, origin in zip(arriving.tolist(), origins[arriving].tolist(), strict=True)
    ]
    return Dissection(
        float(scores.score[node]),
        float(scores.percentile[node]),
        raw,
        float(found.free[node]) / raw if raw else 0.0,
        int(found.vouched_referrers[node]),
        bool(found.is_vouched[node]),
        tuple(sorted(parts, key=lambda part: (-part.share, part.domain))),
    )
