"""What a gate found, as plain facts for receipts, quarantine and SQL, and what a person accepts of it."""

import os
import pwd
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from linklake.pipeline import run_command
from schemas.catalog import MARTS
from schemas.errors import Misuse
from transforms.gates import Finding, stopping

Fact = dict[str, Any]
"""``dataset, rule, severity, failed, detail, examples`` of a Finding, and ``accepted``: None, or by whom and why."""

FILE_RULES: Final = ("file_present", "checksum", "row_count", "columns_and_types")
"""Rules of files: who accepted their breach would publish what no stage wrote, or what no reader can read."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Rules that a person lets a partition break, by whom and why; ``RULE`` or ``DATASET.RULE``."""

    rules: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether it names the finding."""
        return not {finding.rule, _name(finding)}.isdisjoint(self.rules)

    def check(self, findings: Iterable[Finding], what: str) -> None:
        """See that it names what can be accepted and what was found.

        Raises:
            Misuse: a rule can never be accepted, only warns, or does not stop this partition.
        """
        stops = stopping(findings)
        for rule in self.rules:
            named = [f for f in stops if rule in (f.rule, _name(f))]
            if not named:
                listed = ", ".join(dict.fromkeys(map(_name, stops))) or "nothing stops it"
                raise Misuse(f"{rule} does not stop {what}: accept what does ({listed})")
            if never := next((f for f in named if not is_acceptable(f)), None):
                raise Misuse(f"{_name(never)} of {what} can never be accepted ({why_never(never)}): build it again")


def user() -> str:
    """Who runs this process, by the operating system."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return str(os.getuid())


def check_reason(reason: str | None, what: str) -> str:
    """The reason itself.

    Raises:
        Misuse: there is none.
    """
    if reason is None or not any(c.isalnum() for c in reason):
        raise Misuse(f"say why {what}, for whoever looks at it later: --reason TEXT")
    return " ".join(reason.split())


def is_acceptable(finding: Finding) -> bool:
    """Whether a person may let it through."""
    return finding.severity == "stop" and not why_never(finding)


def why_never(finding: Finding) -> str | None:
    """Why a breach of a rule cannot be published whatever a person says; None where it can."""
    if finding.rule in FILE_RULES:
        return "the file is not what the stage wrote, or cannot be read by its schema"
    if finding.rule.startswith("null_") and any(m.name == finding.dataset for m in MARTS):
        return "the serving file takes no NULL there"
    return None


def facts(findings: Iterable[Finding], acceptance: Acceptance) -> tuple[Fact, ...]:
    """Findings as plain values, one for each rule of a dataset."""
    found: dict[str, Fact] = {}
    for finding in findings:
        fact = {"examples": ()} | asdict(finding) | {"accepted": None}
        fact["examples"] = list(fact["examples"])
        if finding.severity == "stop" and acceptance.covers(finding):
            fact["accepted"] = {"by": acceptance.by, "reason": acceptance.reason}
        _fold(found.setdefault(_name(finding), fact), fact)
    return tuple(found.values())


def _fold(first: Fact, other: Fact) -> None:
    """A rule broken by several files is one fact."""
    if first is not other:
        first["failed"] += other["failed"]
        first["detail"] += f"; {other['detail']}"
        first["examples"] = [*first["examples"], *other["examples"]][:5]


def mending_command(stage: str, crawl_id: str, stops: Sequence[Finding]) -> str:
    """What lets stopped output through, with a reason to fill in; what builds it again where nobody can accept it."""
    if not all(map(is_acceptable, stops)):
        return run_command(stage, crawl_id)
    rules = "".join(f" --accept {shlex.quote(name)}" for name in dict.fromkeys(map(_name, stops)))
    return f"linklake gate {stage} --crawl-id {crawl_id}{rules} --reason WHY"


def finding_of(fact: Mapping[str, Any]) -> Finding:
    """The finding that a fact tells of."""
    return Finding(fact["dataset"], fact["rule"], fact["severity"], fact["failed"], fact["detail"])


def worded(fact: Mapping[str, Any]) -> str:
    """A fact as one line."""
    such = f", such as {'; '.join(fact['examples'])}" if fact["examples"] else ""
    accepted = fact["accepted"]
    let = f" (accepted by {accepted['by']}: {accepted['reason']})" if accepted else ""
    return f"{fact['dataset']}.{fact['rule']}: {fact['detail']}{such}{let}"


def findings_message(found: Sequence[Mapping[str, Any]]) -> str | None:
    """What was published although rules did not hold, in one line; None where all held."""
    if not found:
        return None
    accepted = sum(1 for fact in found if fact["accepted"])
    counted = ((len(found) - accepted, "warnings"), (accepted, "accepted"))
    counts = ", ".join(f"{n} {what}" for n, what in counted if n)
    return f"published with {counts}: {'; '.join(map(worded, found[:5]))}"


def _name(finding: Finding) -> str:
    return f"{finding.dataset}.{finding.rule}"
