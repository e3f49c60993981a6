"""The reasons of farm verdicts in plain words."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa

_OF_A_DOMAIN: Final[Mapping[str, Callable[[float], str]]] = {
    "SIMILAR_DOMAINS": lambda n: f"it links to the same rarely linked domains as {n:.0f} of them",
    "TARGETS_LINKED": lambda n: f"it links to {n:.0f} of the domains that they lift",
    "CAPTURED_SHARE": lambda s: f"{s:.0%} of the domains that link to it are of the farm",
}
_OF_A_FARM: Final[Mapping[str, Callable[[float], str]]] = {
    "CLUSTER_SIZE": lambda n: f"{n:.0f} domains link alike",
    "CLUSTER_DENSITY": lambda s: f"{s:.0%} of all pairs of them share rarely linked targets",
    "TOP_TARGET_SHARE": lambda s: f"{s:.0%} of them link to one and the same domain",
    "TARGET_COUNT": lambda n: f"they lift {n:.0f} domains together",
    "VOUCHED_REFERRERS": lambda n: f"hardly anybody else links to them ({n:.2g} vouched domains each)",
}


def why_domain(reasons: str) -> str:
    """What gave a domain away: first of itself, then of its farm."""
    return "; ".join([*_said(reasons, _OF_A_DOMAIN), *_said(reasons, _OF_A_FARM)])


def why_farm(reasons: str) -> str:
    """What gave a farm away, from the reasons of one of its members."""
    return "; ".join(_said(reasons, _OF_A_FARM))


def verdict_words(found: pa.Table) -> pa.Table:
    """``reasons`` with ``why``, once each."""
    texts = sorted({str(text) for text in found.column("reasons").to_pylist()})
    return pa.table(
        {"reasons": pa.array(texts, pa.string()), "why": pa.array([why_domain(text) for text in texts], pa.string())}
    )


def cluster_words(found: pa.Table) -> pa.Table:
    """``farm_id`` with ``why``, from the first reasons of each farm."""
    rows: list[dict[str, Any]] = found.to_pylist()
    first = {row["farm_id"]: row["reasons"] for row in sorted(rows, key=lambda row: row["reasons"], reverse=True)}
    return pa.table(
        {
            "farm_id": pa.array(list(first), pa.int64()),
            "why": pa.array([why_farm(text) for text in first.values()], pa.string()),
        }
    )


def _said(reasons: str, words: Mapping[str, Callable[[float], str]]) -> list[str]:
    values = {reason["code"]: float(reason["value"]) for reason in json.loads(reasons)}
    return [say(values[code]) for code, say in words.items() if code in values]
