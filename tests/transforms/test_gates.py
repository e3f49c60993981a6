"""Every rule of the gates stops a poisoned table and lets a sound one pass."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.catalog import DATASETS
from schemas.dataset import Dataset
from schemas.datasets.crawls import CRAWLS
from schemas.datasets.farm_verdicts import FARM_VERDICTS
from schemas.datasets.host_blocks import HOST_BLOCKS
from schemas.datasets.link_observations import LINK_OBSERVATIONS
from schemas.datasets.links import LINKS
from schemas.durable import file_sha256
from schemas.ledger import File, Partition, PartitionKey
from tests.transforms.sql_cases import RUN, Rows, filled
from transforms.engines.duckdb import DuckDB, Resources
from transforms.gates import Finding, Moment, audit_files, audit_laws, audit_rows, stopping
from transforms.laws import LAWS, ROW_LAWS, Law, RowLaw
from transforms.rules import rules_of
from transforms.stage import Input

Tables = Mapping[str, Rows]

MOMENT = Moment(RUN.crawl_id, RUN.as_of, made_at=RUN.as_of + timedelta(hours=1))


def _many(row: Mapping[str, Any], column: str, count: int) -> Rows:
    """That row so many times, each with another text in a column."""
    prefix = "https://shop.test/" if column.endswith("_url") else ""
    return [{**row, column: f"{prefix}{column}{n}"} for n in range(count)]


A, B = "https://news.test/a", "https://shop.test/b"
LINK = {"source_url": A, "target_url": B}
OTHER_LINK = {"source_url": A, "target_url": "https://shop.test/other"}
INNER_LINK = {"source_url": A, "target_url": "https://news.test/inner"}
LOST_LINK = {
    "source_url": A,
    "target_url": "https://shop.test/lost",
    "link_state": "lost",
    "last_checked_at": "2026-11-02",
    "lost_at": "2026-11-02",
    "lost_reason": "link_removed",
}
LATER = "2026-12-01"
FETCH = {"fetch_id": "f1", "source_url": A, "fetched_at": "2026-11-01", "link_count": 1, "rejected_link_count": 1}
DEAD_FETCHES = _many({**FETCH, "state": "unreachable"}, "fetch_id", 11)
SEEN = {"fetch_id": "f1", "target_url": B}
REJECT = {"reject_id": "r1", "fetch_id": "f1", "record": "http://[::1"}
BLOCK = {"source_host": "news.test", "block_id": 1, "page_count": 3, "host_page_count": 4, "block_role": "template"}
HOST_EDGE = {"source_host": "news.test", "target_host": "shop.test"}
DOMAIN_EDGE = {"source_domain": "news.test", "target_domain": "shop.test"}
HOSTS = [{"host": "news.test"}, {"host": "shop.test"}]
DOMAINS = [{"domain": "news.test"}, {"domain": "shop.test"}]


SOUND: Mapping[str, Tables] = {
    "settle_crawl": {
        "page_fetches_parts": [FETCH],
        "page_fetches": [FETCH],
        "link_observations_parts": [SEEN],
        "link_observations": [SEEN],
        "rejected_records": [REJECT, {"reject_id": "r2", "reason": "bad_record"}],
    },
    "dedupe_links": {
        "page_fetches": [FETCH],
        "link_observations": [SEEN, {**SEEN, "position": 1}],
        "previous_links": [LINK, LOST_LINK],
        "host_blocks": [{**BLOCK, "placement": "footer"}],
        "links": [LINK, LOST_LINK],
    },
    "classify_links": {"links": [LINK, OTHER_LINK], "link_classes": [LINK, OTHER_LINK]},
    "build_edges": {
        "links": [LINK, LOST_LINK, INNER_LINK, {**OTHER_LINK, "link_type": "canonical"}],
        "host_nodes": HOSTS,
        "domain_nodes": DOMAINS,
        "host_edges": [HOST_EDGE],
        "domain_edges": [DOMAIN_EDGE],
    },
    "import_graph": {
        "host_nodes": HOSTS,
        "domain_nodes": DOMAINS,
        "host_edges": [HOST_EDGE],
        "domain_edges": [DOMAIN_EDGE],
    },
    "rank_hosts": {"host_nodes": HOSTS, "host_ranks": [{**h, "pagerank": 0.5} for h in HOSTS]},
    "rank_domains": {"domain_nodes": DOMAINS, "domain_ranks": [{**d, "pagerank": 0.5} for d in DOMAINS]},
    "score_farms": {
        "farm_verdicts": [{"domain": "news.test", "farm_id": 7}],
        "farm_clusters": [{"farm_id": 7}],
    },
    "score_authority": {"domain_nodes": DOMAINS, "domain_authority": DOMAINS},
    "build_marts": {
        "domains": [{"domain": "news.test"}, {"domain": "shop.test", "backlinks": 1}],
        "referring_domains": [{**DOMAIN_EDGE, "backlinks": 1}],
        "backlinks": [LINK],
        "backlinks_all": [LINK, {**OTHER_LINK, "link_type": "canonical"}, {**LOST_LINK}],
        "anchors": [{"target_domain": "shop.test", "anchor_text": "tea", "backlinks": 1}],
        "pages": [{"url": A}, {"url": B, "backlinks": 1, "internal_backlinks": 1}],
        "internal_links": [INNER_LINK],
        "index_info": [{"crawl_id": "this"}],
        "domain_history": [{**row, "crawl_id": "this"} for row in DOMAINS] + [{**DOMAINS[0], "crawl_id": "before"}],
        "farms": [{"farm_id": 7, "boosters": 1, "targets": 1}],
        "farm_members": [{**DOMAINS[0], "farm_id": 7}, {**DOMAINS[1], "farm_id": 7}],
        "broken_backlinks": [LINK],
    },
}
"""Tables that keep every law of their stage."""

POISONED: list[tuple[str, str, Tables]] = [
    ("settle_crawl", "page_fetches.every_fetch_settled", {"page_fetches_parts": [FETCH, {**FETCH, "fetch_id": "f2"}]}),
    ("settle_crawl", "link_observations.every_observation_settled", {"link_observations_parts": []}),
    ("settle_crawl", "link_observations.pages_count_their_links", {"page_fetches": [{**FETCH, "link_count": 2}]}),
    ("settle_crawl", "link_observations.pages_count_their_links", {"page_fetches": [{**FETCH, "link_count": 0}]}),
    ("settle_crawl", "rejected_records.pages_count_their_rejects", {"rejected_records": []}),
    ("settle_crawl", "link_observations.observation_has_fetch", {"page_fetches": [{**FETCH, "fetch_id": "f2"}]}),
    ("dedupe_links", "links.no_link_vanishes", {"links": [LINK]}),
    ("dedupe_links", "links.no_link_vanishes", {"links": [LINK, LOST_LINK, OTHER_LINK]}),
    ("dedupe_links", "links.no_link_vanishes", {"links": [OTHER_LINK, LOST_LINK]}),
    ("dedupe_links", "links.sightings_by_fate", {"links": [{**LINK, "followed_sightings": 2}, LOST_LINK]}),
    ("dedupe_links", "links.states_are_sound", {"links": [LINK, {**LOST_LINK, "lost_at": None, "lost_reason": None}]}),
    ("dedupe_links", "links.states_are_sound", {"links": [LINK, {**LOST_LINK, "lost_reason": None}]}),
    ("dedupe_links", "links.states_are_sound", {"links": [LINK, {**LOST_LINK, "link_state": "unreachable"}]}),
    ("dedupe_links", "links.states_are_sound", {"links": [LINK, {**LOST_LINK, "lost_at": "2026-10-01"}]}),
    ("dedupe_links", "links.states_are_sound", {"links": [{**LINK, "last_checked_at": LATER}, LOST_LINK]}),
    ("dedupe_links", "links.order_last_seen", {"links": [{**LINK, "first_seen": LATER, "last_seen": "2026-11-01"}]}),
    ("dedupe_links", "host_blocks.evidence_is_sound", {"host_blocks": [{**BLOCK, "page_count": 5}]}),
    ("dedupe_links", "host_blocks.evidence_is_sound", {"host_blocks": [{**BLOCK, "recurring_link_count": 1}]}),
    (
        "dedupe_links",
        "host_blocks.evidence_is_sound",
        {"host_blocks": [{**BLOCK, "block_role": "content", "placement": "main"}]},
    ),
    ("classify_links", "link_classes.every_link_classified", {"link_classes": [LINK]}),
    ("classify_links", "link_classes.every_link_classified", {"link_classes": [LINK, INNER_LINK]}),
    ("build_edges", "host_edges.every_vote_counted", {"host_edges": [{**HOST_EDGE, "link_count": 2}]}),
    ("build_edges", "host_edges.every_vote_counted", {"host_edges": []}),
    ("build_edges", "domain_edges.every_vote_counted", {"domain_edges": [{**DOMAIN_EDGE, "link_count": 2}]}),
    ("build_edges", "domain_edges.every_vote_counted", {"domain_edges": []}),
    ("build_edges", "host_edges.edge_has_nodes", {"host_nodes": HOSTS[:1]}),
    ("build_edges", "host_edges.edge_has_nodes", {"host_nodes": HOSTS[1:]}),
    ("build_edges", "domain_edges.edge_has_nodes", {"domain_nodes": DOMAINS[:1]}),
    ("build_edges", "domain_edges.edge_has_nodes", {"domain_nodes": DOMAINS[1:]}),
    ("import_graph", "host_edges.edge_has_nodes", {"host_nodes": HOSTS[1:]}),
    ("import_graph", "domain_edges.edge_has_nodes", {"domain_nodes": DOMAINS[:1]}),
    ("rank_hosts", "host_ranks.every_node_ranked", {"host_nodes": [*HOSTS, {"host": "quiet.test"}]}),
    ("rank_hosts", "host_ranks.every_node_ranked", {"host_nodes": [HOSTS[0], {"host": "quiet.test"}]}),
    ("rank_hosts", "host_ranks.pagerank_sums_to_one", {"host_ranks": [{**h, "pagerank": 0.499} for h in HOSTS]}),
    ("rank_hosts", "host_ranks.pagerank_sums_to_one", {"host_ranks": [{**h, "pagerank": float("nan")} for h in HOSTS]}),
    ("rank_domains", "domain_ranks.every_node_ranked", {"domain_nodes": DOMAINS[:1]}),
    ("rank_domains", "domain_ranks.pagerank_sums_to_one", {"domain_ranks": [{**d, "pagerank": 1.0} for d in DOMAINS]}),
    ("score_farms", "farm_verdicts.verdict_has_cluster", {"farm_clusters": [{"farm_id": 8}]}),
    ("score_authority", "domain_authority.every_domain_scored", {"domain_authority": DOMAINS[:1]}),
    ("score_authority", "domain_authority.every_domain_scored", {"domain_authority": [{"domain": "x.test"}]}),
    ("build_marts", "domains.backlinks_add_up", {"domains": [{"domain": "shop.test", "backlinks": 2}]}),
    ("build_marts", "anchors.backlinks_add_up", {"anchors": []}),
    ("build_marts", "pages.backlinks_add_up", {"pages": [{"url": B, "backlinks": 2}]}),
    ("build_marts", "internal_links.backlinks_add_up", {"internal_links": []}),
    ("build_marts", "domain_history.holds_this_crawl", {"domain_history": [{**DOMAINS[0], "crawl_id": "before"}]}),
    ("build_marts", "farms.members_add_up", {"farms": [{"farm_id": 7, "boosters": 2, "targets": 1}]}),
    ("build_marts", "broken_backlinks.broken_is_linked", {"broken_backlinks": [OTHER_LINK]}),
    ("build_marts", "backlinks_all.holds_all_backlinks", {"backlinks_all": []}),
    ("build_marts", "backlinks_all.holds_all_backlinks", {"backlinks_all": [OTHER_LINK]}),
]  # fmt: skip
"""Per row a stage, the law that stops it, and the tables that break it."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    engine = DuckDB(Resources("1GB", 1, tmp_path / "spill"))
    yield engine
    engine.close()


# -- laws ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", SOUND)
def test_sound_tables_keep_every_law(engine: DuckDB, stage: str) -> None:
    _bind(engine, SOUND[stage])
    assert _broken(engine, stage) == []


@pytest.mark.parametrize(("stage", "law", "tables"), POISONED, ids=[f"{n}-{p[1]}" for n, p in enumerate(POISONED)])
def test_a_poisoned_table_is_stopped_by_its_law(engine: DuckDB, stage: str, law: str, tables: Tables) -> None:
    _bind(engine, {**SOUND[stage], **tables})
    findings = _broken(engine, stage)
    assert law in [f"{f.dataset}.{f.rule}" for f in stopping(findings)]


@pytest.mark.parametrize(
    ("stage", "law", "tables"),
    [
        ("settle_crawl", "page_fetches.few_answers", {"page_fetches": DEAD_FETCHES}),
        ("dedupe_links", "links.many_losses", {"links": _many(LOST_LINK, "target_url", 11)}),
    ],
)
def test_an_odd_distribution_warns_and_stops_nothing(engine: DuckDB, stage: str, law: str, tables: Tables) -> None:
    _bind(engine, {**SOUND[stage], **tables})
    (finding,) = [f for f in audit_laws(engine, stage) if f"{f.dataset}.{f.rule}" == law]
    assert (finding.severity, finding.failed, len(finding.examples)) == ("warn", 11, 5)
    assert "11 are more than 10" in finding.detail
    assert finding not in stopping([finding])


@pytest.mark.parametrize(
    ("stage", "tables"),
    [
        ("settle_crawl", {"page_fetches": DEAD_FETCHES[1:]}),
        ("settle_crawl", {"page_fetches": [*_many(FETCH, "fetch_id", 11), *DEAD_FETCHES]}),
        ("dedupe_links", {"links": _many(LOST_LINK, "target_url", 10)}),
    ],
)
def test_a_few_odd_rows_are_no_odd_distribution(engine: DuckDB, stage: str, tables: Tables) -> None:
    _bind(engine, {**SOUND[stage], **tables})
    assert [f for f in audit_laws(engine, stage) if f.severity == "warn"] == []


def test_every_law_has_a_poisoned_example() -> None:
    poisoned = {(stage, law) for stage, law, _ in POISONED if not law.endswith("order_last_seen")}
    row_laws = {("dedupe_links", f"{law.dataset}.{law.name}") for law in ROW_LAWS}
    assert poisoned == {_name(law) for law in LAWS if law.severity == "stop"} | row_laws


def test_every_stage_with_laws_has_a_sound_example() -> None:
    assert SOUND.keys() == {law.stage for law in LAWS}


@pytest.mark.parametrize("law", [*LAWS, *ROW_LAWS], ids=lambda law: f"{law.dataset}.{law.name}")
def test_a_law_says_in_a_sentence_what_holds(law: Law | RowLaw) -> None:
    assert law.meaning.endswith(".")
    assert law.dataset in {d.name for d in DATASETS}


def test_no_rows_at_all_keep_the_law_of_pagerank(engine: DuckDB) -> None:
    _bind(engine, {"host_nodes": [], "host_ranks": []})
    assert audit_laws(engine, "rank_hosts") == []


# -- rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", DATASETS, ids=lambda table: table.name)
def test_a_sound_row_breaks_no_rule(engine: DuckDB, table: Dataset) -> None:
    assert _found(engine, table, [_sound(table)]) == {}


@pytest.mark.parametrize("table", DATASETS, ids=lambda table: table.name)
def test_every_rule_of_a_dataset_counts_the_rows_that_break_it(engine: DuckDB, table: Dataset) -> None:
    sound, of_laws = _sound(table), {law.name for law in ROW_LAWS}
    assert _found(engine, table, [sound, sound, sound])["duplicate_keys"] == 2
    for rule in rules_of(table):
        if rule.measured != "rows" or rule.name in of_laws:
            continue
        kind, _, name = rule.name.partition("_")
        for value in _poison(table, kind, name):
            column = "crawl_id" if kind == "foreign" else name
            found = _found(engine, table, [{**sound, column: value}])
            assert found.get(rule.name) == 1, (rule, value)


def _poison(table: Dataset, kind: str, name: str) -> list[Any]:
    """Values that break a rule of that kind."""
    if kind == "range":
        is_share = "within 0 and 1." in next(r.meaning for r in rules_of(table) if r.name == f"range_{name}")
        nan = [float("nan"), float("inf")] if pa.types.is_floating(table.column(name).type) else []
        return [-1, *nan, *([1.1] if is_share else [])]
    poison = {
        "null": None,
        "unknown": "nonsense",
        "foreign": "another",
        "future": MOMENT.made_at + timedelta(days=1, seconds=1),
        "order": datetime(1990, 1, 1, tzinfo=UTC),
    }
    return [poison[kind]]


def test_keys_that_are_equal_only_in_part_are_no_duplicates(engine: DuckDB) -> None:
    rows = [{**LINK, "target_url": f"https://shop.test/{n}"} for n in range(500)]
    engine.bind_arrow("links", filled(Input("links"), {"links": rows}))
    assert audit_rows(engine, LINKS, MOMENT) == []


def test_hashes_that_collide_by_chance_are_no_duplicates(engine: DuckDB) -> None:
    rows = [{**LINK, "target_url": f"https://shop.test/{n}"} for n in (1, 2, 3, 3)]
    engine.bind_arrow("links", filled(Input("links"), {"links": rows}))
    engine._connection.execute("create or replace macro hash(a, b) as 7")
    (finding,) = audit_rows(engine, LINKS, MOMENT)
    assert (finding.rule, finding.failed, finding.examples) == (
        "duplicate_keys",
        1,
        ("https://news.test/a, https://shop.test/3",),
    )


@pytest.mark.parametrize(
    ("rows", "before", "words"),
    [
        (1, 3, ["1 rows after 3 in the previous crawl (0.33 times as many)"]),
        (1, 2, []),
        (5, 1, []),
        (6, 1, ["6 rows after 1 in the previous crawl (6 times as many)"]),
        (0, 1, ["0 rows after 1 in the previous crawl (0 times as many)"]),
        (6, 0, []),
        (6, None, []),
    ],
)
def test_rows_far_fewer_or_more_than_in_the_previous_crawl_warn(
    engine: DuckDB, rows: int, before: int | None, words: list[str]
) -> None:
    engine.bind_arrow("links", filled(Input("links"), {"links": _many(LINK, "target_url", rows)}))
    findings = audit_rows(engine, LINKS, MOMENT, rows_before=before)
    assert [(f.rule, f.severity, f.detail) for f in findings] == [("row_delta", "warn", w) for w in words]


@pytest.mark.parametrize(("days", "rules"), [(30, []), (31, ["stale"])])
def test_a_state_without_anything_new_warns(engine: DuckDB, days: int, rules: list[str]) -> None:
    seen = MOMENT.as_of - timedelta(days=days)
    row = {**LINK, "first_seen": seen, "last_seen": seen, "last_checked_at": seen}
    engine.bind_arrow("links", filled(Input("links"), {"links": [row]}))
    assert [f.rule for f in audit_rows(engine, LINKS, MOMENT)] == rules


@pytest.mark.parametrize(("days", "rules"), [(30, []), (31, ["behind"])])
def test_a_crawl_far_behind_the_newest_warns(engine: DuckDB, days: int, rules: list[str]) -> None:
    engine.bind_arrow("crawls", pa.Table.from_pylist([_sound(CRAWLS)], schema=CRAWLS.schema))
    later = replace(MOMENT, newest_before=_sound(CRAWLS)["observed_to"] + timedelta(days=days))
    assert [f.rule for f in audit_rows(engine, CRAWLS, later)] == rules


def test_a_finding_counts_rows_and_shows_some_keys(engine: DuckDB) -> None:
    rows = [{**LINK, "target_url": f"https://shop.test/{n}", "link_state": "dead"} for n in range(7)]
    engine.bind_arrow("links", filled(Input("links"), {"links": rows}))
    (finding,) = audit_rows(engine, LINKS, MOMENT)
    assert (finding.rule, finding.severity, finding.failed) == ("unknown_link_state", "stop", 7)
    assert str(finding).startswith("links.unknown_link_state: 7 of 7 rows, such as https://news.test/a, https")
    assert len(finding.examples) == 5
    assert all(example.endswith(", dead") for example in finding.examples)


def test_a_null_where_null_may_stand_is_no_unknown_word(engine: DuckDB) -> None:
    sound = filled(Input("farm_verdicts"), {"farm_verdicts": [{"domain": "news.test", "tier": None}]})
    engine.bind_arrow("farm_verdicts", sound)
    assert audit_rows(engine, FARM_VERDICTS, MOMENT) == []


def test_what_only_warns_stops_nothing() -> None:
    warning = Finding("links", "fewer_rows", "warn", 1, "half as many as before")
    assert stopping([warning]) == []


# -- files ---------------------------------------------------------------------------------------------------


def test_a_file_as_the_engine_writes_it_is_sound(engine: DuckDB, tmp_path: Path) -> None:
    rows = filled(Input("link_observations"), {"page_fetches": [FETCH], "link_observations": [SEEN]})
    written = engine.write(
        LINK_OBSERVATIONS, rows, crawl_id=RUN.crawl_id, buckets=1, part=lambda b: tmp_path / f"{b}.parquet"
    )
    assert _audited(LINK_OBSERVATIONS, written[0]) == []


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    path = _parquet(LINKS, tmp_path)
    partition = _partition(LINKS, path)
    path.unlink()
    assert [f.rule for f in audit_files(LINKS, partition, [path])] == ["file_present"]


def test_one_flipped_bit_is_found(tmp_path: Path) -> None:
    path = _parquet(LINKS, tmp_path)
    partition = _partition(LINKS, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert [f.rule for f in audit_files(LINKS, partition, [path])] == ["checksum"]


def test_a_cut_file_is_found(tmp_path: Path) -> None:
    path = _parquet(LINKS, tmp_path)
    partition = _partition(LINKS, path)
    path.write_bytes(path.read_bytes()[:-1])
    assert [f.rule for f in audit_files(LINKS, partition, [path])] == ["checksum"]


def test_another_number_of_rows_than_stated_is_found(tmp_path: Path) -> None:
    path = _parquet(LINKS, tmp_path)
    partition = _partition(LINKS, path)
    partition = replace(partition, files=(replace(partition.files[0], rows=2),))
    assert [f.rule for f in audit_files(LINKS, partition, [path])] == ["row_count"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns("rel"), "rel is missing, not list<item: string>"),
        (lambda t: t.drop_columns("crawl_id"), "crawl_id is missing, not string"),
        (lambda t: t.append_column("weight", pa.array([1.5])), "weight is double, not a column"),
        (
            lambda t: t.set_column(t.column_names.index("sightings"), "sightings", pa.array([1], pa.int32())),
            "sightings is int32, not int64",
        ),
        (
            lambda t: t.set_column(
                t.column_names.index("last_seen"), "last_seen", t["last_seen"].cast(pa.timestamp("us"))
            ),
            "last_seen is timestamp[us], not timestamp[us, tz=UTC]",
        ),
    ],
)
def test_a_wrong_column_is_found(tmp_path: Path, change: Any, words: str) -> None:
    path = _parquet(LINKS, tmp_path, change)
    (finding,) = _audited(LINKS, path)
    assert finding.rule == "columns_and_types"
    assert finding.detail.endswith(words)


# -- making tables -------------------------------------------------------------------------------------------


def _name(law: Law) -> tuple[str, str]:
    return law.stage, f"{law.dataset}.{law.name}"


def _bind(engine: DuckDB, tables: Tables) -> None:
    for name, rows in tables.items():
        input_ = _input(name)
        fetches = tables.get("page_fetches", [])
        engine.bind_arrow(name, filled(input_, {"page_fetches": [FETCH, *fetches], name: rows}))


def _input(name: str) -> Input:
    if name.startswith("previous_"):
        return Input(name.removeprefix("previous_"), "previous")
    if name.endswith("_parts"):
        return Input(name.removesuffix("_parts"), "parts")
    return Input(name)


def _broken(engine: DuckDB, stage: str) -> list[Finding]:
    """What the laws show across the tables of a stage, and within the rows of those that have laws of their own."""
    tables = (HOST_BLOCKS, LINKS) if stage == "dedupe_links" else ()
    of_rows = [finding for table in tables for finding in audit_rows(engine, table, MOMENT)]
    return [*audit_laws(engine, stage), *(f for f in of_rows if f.rule != "duplicate_keys")]


def _sound(table: Dataset) -> dict[str, Any]:
    """A row that breaks no rule."""
    row = filled(Input(table.name), {"page_fetches": [FETCH], table.name: [_some_row(table)]}).to_pylist()[0]
    more: dict[str, Any] = {name: 1 for name in row if name.endswith("_rank")} | {"status": 200}
    more |= dict.fromkeys(("first_seen", "last_seen", "observed_from", "observed_to"), RUN.as_of)
    return row | {name: value for name, value in more.items() if name in row and not row[name]}


def _some_row(table: Dataset) -> dict[str, Any]:
    """The texts that the rest of a sound row follows from."""
    names = {c.name for c in table.columns}
    some = {"fetch_id": "f1", "source_url": A, "target_url": B, "url": A, "domain": "news.test", "host": "news.test"}
    return {k: v for k, v in some.items() if k in names}


def _found(engine: DuckDB, table: Dataset, rows: Rows) -> dict[str, int]:
    schema = pa.schema([f.with_nullable(True) for f in table.schema])
    engine.bind_arrow(table.name, pa.Table.from_pylist(rows, schema=schema))
    return {f.rule: f.failed for f in audit_rows(engine, table, MOMENT)}


def _parquet(table: Dataset, folder: Path, change: Any = lambda t: t) -> Path:
    rows = filled(Input(table.name), {table.name: [LINK]})
    physical = rows.append_column("bucket", pa.array([0], pa.int32())).select(table.physical_schema.names)
    path = folder / "part.parquet"
    pq.write_table(change(physical), path)
    return path


def _partition(table: Dataset, path: Path) -> Partition:
    file = File(path.name, 0, 1, path.stat().st_size, file_sha256(path))
    return Partition(PartitionKey(table.name, RUN.crawl_id), "dedupe_links", "a" * 12, 1, 1, "0", (file,))


def _audited(table: Dataset, path: Path) -> list[Finding]:
    return audit_files(table, _partition(table, path), [path])
