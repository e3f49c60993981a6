"""Why a domain is suspected, in plain words: the codes of farm_verdicts.reasons as sentences."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from linklake.report.shown import plain

Reason = Mapping[str, Any]


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


_OF_MEMBER: Final[dict[str, Callable[[float, float], str]]] = {
    "SIMILAR_DOMAINS": lambda value, _: f"links out almost exactly as {value:.0f} other members do",
    "TARGETS_LINKED": lambda value, _: f"links to {value:.0f} of the targets",
    "CAPTURED_SHARE": lambda value, from_: (
        f"{_percent(value)} of the domains that link to it are members (suspicious from {_percent(from_)})"
    ),
}

_OF_FARM: Final[dict[str, Callable[[float, float], str]]] = {
    "CLUSTER_SIZE": lambda value, from_: (
        f"{value:.0f} domains link out alike (a cluster counts from {from_:.0f}; fewer may just be friends)."
    ),
    "TOP_TARGET_SHARE": lambda value, from_: (
        f"{_percent(value)} of them link to one and the same target (suspicious from {_percent(from_)})."
    ),
    "TARGET_COUNT": lambda value, from_: (
        f"They lift {value:.0f} {'target' if value == 1 else 'targets'} together (suspicious from {from_:.0f}: sites "
        "that share a single one are as a rule customers of one provider)."
    ),
    "CLUSTER_DENSITY": lambda value, from_: (
        f"{_percent(value)} of all pairs among them have nearly the same rare targets (suspicious from "
        f"{_percent(from_)}; a chain of neighbours has less)."
    ),
    "VOUCHED_REFERRERS": lambda value, to: (
        f"{'Nobody outside vouches for them' if value == 0 else f'{value:.1f} vouched outside links for each'} (honest "
        f"sites have referrers of their own: from about {to:.1f} for each on, the suspicion fades)."
    ),
}


def of_member(reasons: str) -> str:
    """What speaks against one domain, in one sentence."""
    said = [_OF_MEMBER[r["code"]](r["value"], r["threshold"]) for r in _read(reasons) if r["code"] in _OF_MEMBER]
    return "; ".join(said)


def of_farm(reasons: str) -> tuple[str, ...]:
    """What speaks against its cluster, a sentence each; codes that have no words yet are named with their figures."""
    return tuple(_sentence(r) for r in _read(reasons) if r["code"] not in _OF_MEMBER)


def _sentence(reason: Reason) -> str:
    code, value, from_ = reason["code"], reason["value"], reason["threshold"]
    say = _OF_FARM.get(code)
    return say(value, from_) if say else f"{plain(str(code), 60)}: {value:.3g} (counts from {from_:.3g})."


def _read(reasons: str) -> Iterator[Reason]:
    yield from json.loads(reasons)
