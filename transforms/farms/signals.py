"""The registry of farm signals: every weight and threshold by which domains are judged, with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Logistic:
    """A soft threshold: 0 far below `middle`, .5 at it, 1 far above; a negative `spread` turns it round."""

    middle: float
    spread: float

    def __call__(self, value: float) -> float:
        return 0.5 * (1.0 + math.tanh((value - self.middle) / (2.0 * self.spread)))


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that is measured of a domain.

    weight: how much its full evidence counts in a verdict: the chance that it is right. suspicious_from: the
    value at which the score is .5; spread: how softly it rises there.
    """

    name: str
    meaning: str
    weight: float
    suspicious_from: float
    spread: float

    def score(self, value: float) -> float:
        """How suspicious a value is, 0..1."""
        return Logistic(self.suspicious_from, self.spread)(value)


OUT_LINK_SIMILARITY = Signal(
    "out_link_similarity",
    "Mean of the ten best cosines between the rarely linked targets of the domain and those of others; "
    "only pairs that are evidence count, a missing one counts 0.",
    weight=0.92,
    # Ten partners that are just similar enough to be evidence, or four twins; a pair of mirrors stays at .1.
    suspicious_from=0.35,
    spread=0.07,
)

SIGNALS = (OUT_LINK_SIMILARITY,)

# Out-link similarity: which pairs are evidence. These and the next were set on synthetic webs, none on the UK
# host graph of 1996 unless it says so; there they flag .3 % of hosts, most of them customers of one provider.

#: A target is rare up to so many referring domains, or so many roots of the number of domains. A farm with
#: more boosters than that goes unseen by this signal.
RARE_INDEGREE, RARE_ROOTS = 150.0, 1.5
#: A pair is evidence when it is similar and shares enough rare targets, or is very similar and shares two.
SIMILAR_COSINE, SIMILAR_SHARED = 0.35, 3
TWIN_COSINE, TWIN_SHARED = 0.75, 2
#: How many best partners a domain's value is the mean of.
BEST_PARTNERS = 10

# Clusters of similar domains.

#: A pair counts when its two domains have so many partners in common: one bridge joins no farm to its neighbours.
COMMON_PARTNERS = 2
#: Fewer domains than this are friends, not a farm.
MIN_MEMBERS = 6
#: A booster links to at least so many of its cluster's targets.
TARGETS_LINKED = 2
#: A target of a cluster: at least this share of the members link to it, they are at least this share of all who do, and
#: they do so this many times as often as domains at large.
TARGET_SHARE, TARGET_CAPTURED, TARGET_LIFT = 0.3, 0.4, 15.0
#: On a graph so small that no target can show that lift, the members must be twice as many as the others who link to
#: it: else a famous site that the farm links to for camouflage would count as its target.
TARGET_CAPTURED_SMALL = 2 / 3
#: What makes a cluster a farm: a commonest target that most members link to, ...
TOP_TARGET_SHARE = Logistic(0.45, 0.08)
#: ... a second target: domains that share a single one are as a rule customers of one provider or designer,
#: as were four of the sixteen clusters on the UK host graph, ...
TARGET_COUNT = Logistic(1.5, 0.2)
#: ... and members that are alike throughout, not in a chain of neighbours.
DENSITY = Logistic(0.22, 0.04)
#: Damps clusters whose members others link to, down to the floor: sister sites and societies have referrers,
#: boosters have none. It stands in for a gate on trust until there is a TrustRank.
VOUCHED_REFERRERS = Logistic(1.2, -0.3)
GATE_FLOOR = 0.1
#: What part of its cluster's score a member gets, by its evidence pairs, and a target, by the share captured.
SIMILAR_DOMAINS = Logistic(0.5, 0.2)
CAPTURED_SHARE = Logistic(0.3, 0.08)

#: From this farm_score on a domain is `suspected`. Evidence of one family never says more.
SUSPECTED_FROM = 0.5
#: How many members name a farm: those with most evidence, so that its id outlives changes at the fringe.
CORE_SIZE = 32

#: Registries that vet who gets a name: top-level domains, and second-level ones under a country. Evidence of
#: one family is not enough to suspect their domains.
VETTED_TOP_LEVEL = frozenset({"edu", "gov", "int", "mil"})
VETTED_SECOND_LEVEL = frozenset({"ac", "edu", "gov", "mil"})


def is_vetted(name: str) -> bool:
    """Whether a domain lies in a registry that vets its members: `fcc.gov`, `ox.ac.uk`, but not `ac.me`."""
    labels = name.lower().split(".")
    if len(labels) > 1 and labels[-1] in VETTED_TOP_LEVEL:
        return True
    return len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in VETTED_SECOND_LEVEL
