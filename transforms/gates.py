"""Write, audit, publish: the rules that a stage's output must keep before anybody may read it.

``transforms/rules.py`` says which rules there are. One SELECT measures all rules over the rows of a dataset; laws that
compare tables are SELECTs of their own; examples are fetched only for what failed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.durable import file_sha256
from schemas.ledger import Partition
from transforms.engines.duckdb import DuckDB
from transforms.laws import LAWS, Law, Severity
from transforms.rules import FEWEST_SHARE, MOST_TIMES, STALE_DAYS, Rule, newest_of, rules_of

EXAMPLES: Final = 5
_LONGEST_VALUE: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold: ``failed`` counts what breaks it, ``examples`` names up to five of it."""

    dataset: str
    rule: str
    severity: Severity
    failed: int
    detail: str
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        such = f", such as {'; '.join(self.examples)}" if self.examples else ""
        return f"{self.dataset}.{self.rule}: {self.detail}{such}"


@dataclass(frozen=True, slots=True)
class Given:
    """A staged partition, where its files lie, and how many rows the previous crawl's partition has (None: none)."""

    partition: Partition
    paths: tuple[Path, ...]
    rows_before: int | None = None

    @property
    def dataset(self) -> Dataset:
        """What it is a partition of."""
        return dataset_named(self.partition.key.dataset)


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a gate knows of time: its crawl, when that ended, when the output was made, how far the lake was."""

    crawl_id: str
    as_of: datetime
    made_at: datetime
    newest_before: datetime | None = None
    """``observed_to`` of the newest crawl published before this one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One row about a dataset: how many times each of its rules is broken; a rule not measured is left out."""

    dataset: str
    rows: int
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audit:
    """What a gate found: a profile of every dataset of the stage, and a finding for every rule that is broken."""

    stage: str
    crawl_id: str
    profiles: tuple[Profile, ...]
    findings: tuple[Finding, ...]

    @property
    def rules(self) -> dict[str, Rule]:
        """Every rule that was measured, by ``dataset.rule``."""
        of = {p.dataset: measured_rules(dataset_named(p.dataset), self.stage) for p in self.profiles}
        return {f"{p.dataset}.{r.name}": r for p in self.profiles for r in of[p.dataset] if r.name in p.failed}

    @property
    def broken(self) -> frozenset[str]:
        """Every rule that is broken, as ``dataset.rule``."""
        return frozenset(f"{f.dataset}.{f.rule}" for f in self.findings)

    @property
    def is_stopped(self) -> bool:
        """A rule that stops is broken."""
        return bool(stopping(self.findings))


def audit(engine: DuckDB, stage: str, moment: Moment, given: Sequence[Given], *, bind: bool = False) -> Audit:
    """Audit all that a stage staged, with its inputs bound in the engine; with ``bind`` the staged files are bound too.

    Files that are not what the stage wrote are not read: then nothing but the file rules is measured.
    """
    findings = [finding for g in given for finding in audit_files(g.dataset, g.partition, g.paths)]
    are_sound = not findings
    if are_sound:
        for g in given:
            if bind:
                engine.bind(g.dataset.name, g.dataset, g.paths)
            findings += audit_rows(engine, g.dataset, moment, rows_before=g.rows_before)
        findings += audit_laws(engine, stage, {g.dataset.name for g in given})
    profiles = [_profile(g, stage, findings, are_sound=are_sound) for g in given]
    return Audit(stage, moment.crawl_id, tuple(profiles), tuple(findings))


def stopping(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep the output from being published."""
    return [f for f in findings if f.severity == "stop"]


def _profile(given: Given, stage: str, findings: Sequence[Finding], *, are_sound: bool) -> Profile:
    """Every rule that was measured with what broke it."""
    counts = dict.fromkeys(
        (r.name for r in measured_rules(given.dataset, stage) if are_sound or r.measured == "files"), 0
    )
    for finding in findings:
        if finding.dataset == given.dataset.name:
            counts[finding.rule] += finding.failed
    return Profile(given.dataset.name, given.partition.rows, counts)


def measured_rules(dataset: Dataset, stage: str) -> list[Rule]:
    """The rules of a dataset that hold when this stage writes it: a law belongs to its stage."""
    laws = {law.name for law in LAWS if law.stage == stage and law.dataset == dataset.name}
    return [r for r in rules_of(dataset) if r.measured != "law" or r.name in laws]


# -- files -------------------------------------------------------------------------------------------------------


def audit_files(dataset: Dataset, partition: Partition, paths: Sequence[Path]) -> list[Finding]:
    """What the files themselves show: presence, checksum, columns and types, row count."""
    findings = []
    for file, path in zip(partition.files, paths, strict=True):
        if not path.exists():
            findings.append(_stop(dataset, "file_present", 1, f"{path} is missing"))
            continue
        if path.stat().st_size != file.bytes or file_sha256(path) != file.sha256:
            findings.append(_stop(dataset, "checksum", 1, f"{path} is not what the stage wrote"))
            continue
        metadata = pq.read_metadata(path)
        if metadata.num_rows != file.rows:
            findings.append(_stop(dataset, "row_count", 1, f"{path} has {metadata.num_rows} rows, not {file.rows}"))
        found = {f.name: str(f.type) for f in metadata.schema.to_arrow_schema()}
        wanted = {f.name: str(f.type) for f in dataset.physical_schema}
        wrong = [
            f"{name} is {found.get(name, 'missing')}, not {wanted.get(name, 'a column')}"
            for name in dict.fromkeys((*wanted, *found))
            if found.get(name, "").replace("element:", "item:") != wanted.get(name, "").replace("element:", "item:")
        ]
        if wrong:
            findings.append(_stop(dataset, "columns_and_types", len(wrong), f"{path.name}: " + "; ".join(wrong[:5])))
    return findings


def _stop(dataset: Dataset, rule: str, failed: int, detail: str) -> Finding:
    return Finding(dataset.name, rule, "stop", failed, detail)


# -- rows --------------------------------------------------------------------------------------------------------


def audit_rows(engine: DuckDB, dataset: Dataset, moment: Moment, *, rows_before: int | None = None) -> list[Finding]:
    """What one pass over the rows of the table ``<dataset>`` shows, and how it stands beside the previous crawl."""
    rules = rules_of(dataset)
    values = {"crawl_id": moment.crawl_id, "made_at": moment.made_at}
    profile = engine.one(profile_sql(dataset), values)
    rows = profile["all_rows"]
    findings = []
    for rule in rules:
        if rule.measured == "rows" and (failed := profile[rule.name]):
            detail = f"{failed:,} of {rows:,} rows"
            shown = (*dataset.key, rule.shows) if rule.shows and rule.shows not in dataset.key else dataset.key
            sql = f"select {', '.join(shown)} from {dataset.name} where {rule.failing}"
            findings.append(
                Finding(dataset.name, rule.name, rule.severity, failed, detail, examples(engine, sql, values))
            )
        elif rule.name == "duplicate_keys" and profile["colliding_keys"]:
            findings += _duplicates(engine, dataset, rows)
        elif rule.measured == "profile":
            findings += _history(rule, profile, moment, rows_before)
    return findings


def profile_sql(dataset: Dataset) -> str:
    """One SELECT of one row: how many rows there are and how many break each rule.

    Equal keys have equal hashes, so keys are distinct where hashes are; only where some collide do the keys decide.
    Counting distinct 8-byte hashes takes a fraction of the time and memory of counting distinct texts.
    """
    measures = [
        "count(*) as all_rows",
        f"count(*) - count(distinct hash({', '.join(dataset.key)})) as colliding_keys",
        *(f"count(*) filter (where {r.failing}) as {r.name}" for r in rules_of(dataset) if r.failing),
    ]
    if column := newest_of(dataset):
        measures.append(f"max({column}) as newest")
    if dataset.name == "crawls":
        measures.append("min(observed_to) as observed_to")
    return f"select {', '.join(measures)} from {dataset.name}"


def _duplicates(engine: DuckDB, dataset: Dataset, rows: int) -> list[Finding]:
    """The rows whose key stands in an earlier one; hashes that collide by chance are told apart here."""
    key, hashed = ", ".join(dataset.key), f"hash({', '.join(dataset.key)})"
    colliding = f"select {hashed} from {dataset.name} group by {hashed} having count(*) > 1"
    repeated = (
        f"select {key}, count(*) as times from {dataset.name} where {hashed} in ({colliding}) "
        f"group by {key} having count(*) > 1"
    )
    failed = int(engine.rows(f"select coalesce(sum(times - 1), 0) from ({repeated})")[0][0])
    if not failed:
        return []
    shown = examples(engine, f"select {key} from ({repeated})")
    return [Finding(dataset.name, "duplicate_keys", "stop", failed, f"{failed:,} of {rows:,} rows repeat a key", shown)]


def _history(rule: Rule, profile: Mapping[str, Any], moment: Moment, rows_before: int | None) -> list[Finding]:
    """What is worth a look beside the previous crawl; time is that of the crawls, never the clock."""
    detail = None
    if rule.name == "row_delta" and rows_before:
        rows = profile["all_rows"]
        if not FEWEST_SHARE * rows_before <= rows <= MOST_TIMES * rows_before:
            detail = (
                f"{rows:,} rows after {rows_before:,} in the previous crawl ({rows / rows_before:.2g} times as many)"
            )
    elif rule.name == "stale" and (newest := profile["newest"]):
        if moment.as_of - newest > timedelta(days=STALE_DAYS):
            detail = (
                f"the newest row is of {newest:%Y-%m-%d}, {(moment.as_of - newest).days} days before the crawl's end"
            )
    elif rule.name == "behind" and (ended := profile["observed_to"]) and moment.newest_before:
        behind = moment.newest_before - ended
        if behind > timedelta(days=STALE_DAYS):
            detail = f"it ended {ended:%Y-%m-%d}, {behind.days} days before the newest crawl of the lake"
    return [Finding(rule.dataset, rule.name, rule.severity, 1, detail)] if detail else []


def examples(engine: DuckDB, sql: str, values: Mapping[str, object] | None = None) -> tuple[str, ...]:
    """Up to five rows of a SELECT, the least first, each as text."""
    rows = engine.rows(f"{sql} order by all limit {EXAMPLES}", values)
    return tuple(", ".join("NULL" if v is None else str(v)[:_LONGEST_VALUE] for v in row) for row in rows)


# -- laws --------------------------------------------------------------------------------------------------------


def audit_laws(engine: DuckDB, stage: str, datasets: Iterable[str] | None = None) -> list[Finding]:
    """What the stage's laws show over its inputs and outputs (all of them, or those of some datasets)."""
    laws = [law for law in LAWS if law.stage == stage and (datasets is None or law.dataset in datasets)]
    return [finding for law in laws for finding in _audit_law(engine, law)]


def _audit_law(engine: DuckDB, law: Law) -> list[Finding]:
    if law.quick and engine.rows(law.quick)[0][0]:
        return []
    expected, found = engine.rows(law.sql)[0]
    if law.severity == "warn":
        is_kept, failed, detail = found <= expected, int(found), f"{found:,} are more than {expected:,.0f}"
    else:
        apart = abs(expected - found)
        is_kept = apart <= law.tolerance  # so that NaN is a finding
        failed = int(min(apart, 1 << 62)) if apart >= 1 else 1
        detail = f"expected {expected}, found {found}"
    if is_kept:
        return []
    shown = examples(engine, law.example) if law.example else ()
    return [Finding(law.dataset, law.name, law.severity, failed, f"{law.meaning[:-1]}: {detail}", shown)]
