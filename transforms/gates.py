"""Write, audit, publish: the rules that a stage's output must keep before anybody may read it.

Rules come from two places: a dataset's description (types, keys, nulls, vocabularies, checksums) and the laws of the
stage that made it (conservation, references). One SELECT profiles all of a dataset's rules in one pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow.parquet as pq

from schemas.dataset import Dataset
from schemas.lake import file_sha256
from schemas.ledger import Partition
from transforms.engines.duckdb import DuckDB

Severity = Literal["stop", "warn"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold; ``failed`` counts what breaks it."""

    dataset: str
    rule: str
    severity: Severity
    failed: int
    detail: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.rule}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Law:
    """What must be equal across a stage's inputs and outputs; ``sql`` gives one row (expected, found)."""

    stage: str
    dataset: str
    name: str
    meaning: str
    sql: str
    tolerance: float = 0.0


def _alike(table: str, other: str, *key: str) -> str:
    """Rows with any key of the two tables, and rows with a key of both: equal only where the keys are the same."""
    equal = " and ".join(f"t.{c} = o.{c}" for c in key)
    return (
        f"select count(*), count(*) filter (where t.{key[0]} is not null and o.{key[0]} is not null) "
        f"from {table} as t full join {other} as o on {equal}"
    )


LAWS: Final[tuple[Law, ...]] = (
    Law(
        "settle_crawl",
        "page_fetches",
        "every_fetch_settled",
        "Every fetch of the acknowledged parts is in the partition.",
        "select (select count(*) from page_fetches_parts), (select count(*) from page_fetches)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "every_observation_settled",
        "Every observation of the acknowledged parts is in the partition.",
        "select (select count(*) from link_observations_parts), (select count(*) from link_observations)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "pages_count_their_links",
        "The link counts of the fetches add up to the observations.",
        "select (select coalesce(sum(link_count), 0) from page_fetches), (select count(*) from link_observations)",
    ),
    Law(
        "settle_crawl",
        "rejected_records",
        "pages_count_their_rejects",
        "The rejected link counts of the fetches add up to the rejected records that name a fetch.",
        "select (select coalesce(sum(rejected_link_count), 0) from page_fetches), "
        "(select count(*) from rejected_records where fetch_id is not null)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "observation_has_fetch",
        "Every observation belongs to a fetch of the crawl.",
        "select 0, (select count(*) from link_observations as o "
        "where not exists (select 1 from page_fetches as f where f.fetch_id = o.fetch_id))",
    ),
    Law(
        "dedupe_links",
        "links",
        "no_link_vanishes",
        "Every link observed now or believed before is in the table, and no other.",
        _alike(
            "(select source_url, target_url from link_observations "
            "union select source_url, target_url from previous_links)",
            "links",
            "source_url",
            "target_url",
        ),
    ),
    Law(
        "dedupe_links",
        "links",
        "sightings_by_fate",
        "Followed, nofollowed and neutral sightings never exceed the sightings.",
        "select 0, (select count(*) from links where followed_sightings + nofollowed_sightings > sightings)",
    ),
    Law(
        "dedupe_links",
        "links",
        "states_are_sound",
        "Lost links, and no others, say when and why; what is live was seen on the last good fetch of its page.",
        "select 0, (select count(*) from links where (link_state = 'lost') <> (lost_at is not null) "
        "or (lost_at is null) <> (lost_reason is null) or lost_at <= last_seen or last_seen < first_seen "
        "or (link_state = 'live' and last_checked_at is distinct from last_seen))",
    ),
    Law(
        "classify_links",
        "link_classes",
        "every_link_classified",
        "Every link has exactly one class.",
        _alike("links", "link_classes", "source_url", "target_url"),
    ),
    Law(
        "build_edges",
        "host_edges",
        "every_vote_counted",
        "The link counts of the host edges add up to the live links between hosts.",
        "select (select count(*) from links where link_state = 'live' and source_host <> target_host "
        "and link_type not in ('canonical', 'alternate')), (select coalesce(sum(link_count), 0) from host_edges)",
    ),
    Law(
        "build_edges",
        "domain_edges",
        "every_vote_counted",
        "The link counts of the domain edges add up to the live links between domains.",
        "select (select count(*) from links where link_state = 'live' and link_scope = 'external' "
        "and link_type not in ('canonical', 'alternate')), (select coalesce(sum(link_count), 0) from domain_edges)",
    ),
    Law(
        "build_edges",
        "host_edges",
        "edge_has_nodes",
        "Both ends of every edge are nodes.",
        "select 0, (select count(*) from host_edges as e where not exists "
        "(select 1 from host_nodes as n where n.host = e.source_host) or not exists "
        "(select 1 from host_nodes as n where n.host = e.target_host))",
    ),
    Law(
        "build_edges",
        "domain_edges",
        "edge_has_nodes",
        "Both ends of every edge are nodes.",
        "select 0, (select count(*) from domain_edges as e where not exists "
        "(select 1 from domain_nodes as n where n.domain = e.source_domain) or not exists "
        "(select 1 from domain_nodes as n where n.domain = e.target_domain))",
    ),
    Law(
        "rank_hosts",
        "host_ranks",
        "every_node_ranked",
        "Every node has a rank.",
        _alike("host_nodes", "host_ranks", "host"),
    ),
    Law(
        "rank_hosts",
        "host_ranks",
        "pagerank_sums_to_one",
        "The PageRank of all nodes sums to 1.",
        "select case when count(*) = 0 then 0 else 1 end, coalesce(sum(pagerank), 0) from host_ranks",
        tolerance=1e-9,
    ),
    Law(
        "rank_domains",
        "domain_ranks",
        "every_node_ranked",
        "Every node has a rank.",
        _alike("domain_nodes", "domain_ranks", "domain"),
    ),
    Law(
        "rank_domains",
        "domain_ranks",
        "pagerank_sums_to_one",
        "The PageRank of all nodes sums to 1.",
        "select case when count(*) = 0 then 0 else 1 end, coalesce(sum(pagerank), 0) from domain_ranks",
        tolerance=1e-9,
    ),
    Law(
        "score_farms",
        "farm_verdicts",
        "verdict_has_cluster",
        "Every verdict names a cluster that exists.",
        "select 0, (select count(*) from farm_verdicts as v "
        "where not exists (select 1 from farm_clusters as c where c.farm_id = v.farm_id))",
    ),
    Law(
        "score_authority",
        "domain_authority",
        "every_domain_scored",
        "Every domain of the graph has a score.",
        _alike("domain_nodes", "domain_authority", "domain"),
    ),
    Law(
        "build_marts",
        "domains",
        "backlinks_add_up",
        "Domains and referring_domains count the same backlinks.",
        "select (select coalesce(sum(backlinks), 0) from referring_domains), "
        "(select coalesce(sum(backlinks), 0) from domains)",
    ),
    Law(
        "build_marts",
        "anchors",
        "backlinks_add_up",
        "Anchors count every row of backlinks once.",
        "select (select count(*) from backlinks), (select coalesce(sum(backlinks), 0) from anchors)",
    ),
    Law(
        "build_marts",
        "pages",
        "backlinks_add_up",
        "Pages count every row of backlinks once.",
        "select (select count(*) from backlinks), (select coalesce(sum(backlinks), 0) from pages)",
    ),
    Law(
        "build_marts",
        "backlinks_all",
        "holds_all_backlinks",
        "The live votes among all backlinks are the rows of backlinks.",
        _alike(
            "backlinks",
            "(select source_url, target_url from backlinks_all "
            "where link_state = 'live' and link_type not in ('canonical', 'alternate'))",
            "source_url",
            "target_url",
        ),
    ),
)


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
        _stop(dataset, rule, failed, f"{failed} rows, such as {_examples(engine, dataset, rule, crawl_id)}")
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


def _examples(engine: DuckDB, dataset: Dataset, rule: str, crawl_id: str) -> str:
    """Up to three keys that break a rule, as text."""
    key = ", ".join(dataset.key)
    kind, _, column = rule.partition("_")
    if rule == "duplicate_keys":
        sql = f"select {key} from {dataset.name} group by {key} having count(*) > 1 limit 3"
    elif rule == "foreign_crawl":
        sql = f"select {key} from {dataset.name} where crawl_id is distinct from $crawl_id limit 3"
    elif kind == "null":
        sql = f"select {key} from {dataset.name} where {column} is null limit 3"
    else:
        listed = ", ".join(f"'{v}'" for v in dataset.column(column).values or ())
        sql = f"select {key}, {column} from {dataset.name} where {column} not in ({listed}) limit 3"
    return "; ".join(str(row) for row in engine.rows(sql, {"crawl_id": crawl_id}))
