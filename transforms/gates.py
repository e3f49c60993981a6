"""Write, audit, publish: the rules that a stage's output must keep before anybody may read it.

Rules come from two places: a dataset's description (types, keys, nulls, vocabularies, checksums) and the laws of the
stage that made it (``transforms/laws.py``). One SELECT profiles all of a dataset's rules in one pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from schemas.dataset import Dataset
from schemas.durable import file_sha256
from schemas.ledger import Partition
from transforms.engines.duckdb import DuckDB
from transforms.laws import LAWS

Severity = Literal["stop", "warn"]


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


def audit_rows(engine: DuckDB, dataset: Dataset, crawl_id: str) -> list[Finding]:
    """What one pass over the rows of the table ``<dataset>`` shows: key, nulls, vocabularies, crawl."""
    measures = ["count(*) as all_rows"]
    key = f"({', '.join(dataset.key)})" if len(dataset.key) > 1 else dataset.key[0]
    measures.append(f"count(*) - count(distinct {key}) as duplicate_keys")
    for column in dataset.columns:
        if not column.nullable:
            measures.append(f"count(*) filter (where {column.name} is null) as null_{column.name}")
        if column.values:
            listed = ", ".join(f"'{v}'" for v in column.values)
            measures.append(f"count(*) filter (where {column.name} not in ({listed})) as unknown_{column.name}")
    if any(c.name == "crawl_id" for c in dataset.columns):
        measures.append("count(*) filter (where crawl_id is distinct from $crawl_id) as foreign_crawl")
    profile = engine.one(f"select {', '.join(measures)} from {dataset.name}", {"crawl_id": crawl_id})
    del profile["all_rows"]
    return [
        Finding(dataset.name, rule, "stop", failed, f"{failed} rows", _examples(engine, dataset, rule, crawl_id))
        for rule, failed in profile.items()
        if failed
    ]


def audit_laws(engine: DuckDB, stage: str) -> list[Finding]:
    """What the stage's laws show over its inputs and outputs."""
    findings = []
    for law in LAWS:
        if law.stage != stage:
            continue
        expected, found = engine.rows(law.sql)[0]
        if not abs(expected - found) <= law.tolerance:  # so that NaN is a finding
            detail = f"{law.meaning[:-1]}: expected {expected}, found {found}"
            findings.append(Finding(law.dataset, law.name, "stop", 1, detail))
    return findings


def stopping(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep the output from being published."""
    return [f for f in findings if f.severity == "stop"]


def _stop(dataset: Dataset, rule: str, failed: int, detail: str) -> Finding:
    return Finding(dataset.name, rule, "stop", failed, detail)


def _examples(engine: DuckDB, dataset: Dataset, rule: str, crawl_id: str) -> tuple[str, ...]:
    """Up to five keys that break a rule, as text."""
    key = ", ".join(dataset.key)
    kind, _, column = rule.partition("_")
    if rule == "duplicate_keys":
        sql = f"select {key} from {dataset.name} group by {key} having count(*) > 1 limit 5"
    elif rule == "foreign_crawl":
        sql = f"select {key} from {dataset.name} where crawl_id is distinct from $crawl_id limit 5"
    elif kind == "null":
        sql = f"select {key} from {dataset.name} where {column} is null limit 5"
    else:
        listed = ", ".join(f"'{v}'" for v in dataset.column(column).values or ())
        sql = f"select {key}, {column} from {dataset.name} where {column} not in ({listed}) limit 5"
    return tuple(str(row) for row in engine.rows(sql, {"crawl_id": crawl_id}))
