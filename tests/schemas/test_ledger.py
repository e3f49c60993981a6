"""Which partition is meant: by the order of crawls, as of one version of the lake."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from schemas.ledger import (
    Commit,
    File,
    Partition,
    PartitionKey,
    Snapshot,
    partition_from_json,
    partition_to_json,
    replay,
)

EMPTY = Snapshot(0, {})
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def partition(dataset: str, crawl_id: str, *, version: int = 1, facts: dict[str, str] | None = None) -> Partition:
    key = PartitionKey(dataset, crawl_id)
    file = File(f"{dataset}/crawl={crawl_id}/b=00/part-a-00.parquet", 0, 2, 100, "00ff", first="a", last="z'")
    inputs = {f"crawls/{crawl_id}": "1"}
    return Partition(key, "a_stage", "a", 1, 1, "0.1.0", (file, file), inputs, facts or {}, version)


def crawl(crawl_id: str, *, to: int, start: int = 0, kind: str = "crawl") -> Partition:
    """A crawl observed up to a day of that week, and started at an hour of Sunday."""
    times = {"observed_to": MONDAY + timedelta(days=to), "started_at": MONDAY + timedelta(hours=start - 24)}
    facts = {"kind": kind} | {name: time.isoformat() for name, time in times.items()}
    return partition("crawls", crawl_id, facts=facts)


def lake_of(*partitions: Partition) -> Snapshot:
    return Snapshot(1, {p.key: p for p in partitions})


def ids(snapshot: Snapshot, crawl_id: str) -> list[str]:
    return [c.crawl_id for c in snapshot.history(crawl_id)]


def test_crawls_are_ordered_by_what_they_observed_then_by_their_start_then_by_id_however_they_arrived() -> None:
    crawls = (
        crawl("z", to=0),
        crawl("b", to=1, start=3),
        crawl("a", to=1, start=4),
        crawl("y", to=2, start=1),
        crawl("z-2", to=2, start=1),
    )
    for order in itertools.permutations(crawls):
        assert [c.crawl_id for c in lake_of(*order).crawls()] == ["z", "b", "a", "y", "z-2"]


def test_moments_are_compared_as_such_whatever_their_time_zone_is() -> None:
    east, west = crawl("east", to=1), crawl("west", to=1)
    later = {**east.facts, "observed_to": "2026-11-17T05:45:01+05:45"}  # Kathmandu: one second past midnight in UTC
    snapshot = lake_of(partition("crawls", "east", facts=later), west)
    assert [c.crawl_id for c in snapshot.crawls()] == ["west", "east"]


def test_the_history_of_a_crawl_ends_with_it_and_leaves_imports_out() -> None:
    snapshot = lake_of(
        crawl("a", to=0),
        crawl("i", to=1, kind="import"),
        crawl("b", to=2),
        crawl("c", to=3),
        crawl("w", to=1, kind="ingest"),
    )
    assert ids(snapshot, "b") == ["a", "w", "b"]
    assert ids(snapshot, "c") == ["a", "w", "b", "c"]
    assert ids(snapshot, "i") == ["i"]
    assert ids(snapshot, "never heard of") == []


def test_the_previous_state_is_that_of_the_last_crawl_before_that_has_one() -> None:
    crawls = [crawl("a", to=0), crawl("i", to=1, kind="import"), crawl("b", to=2), crawl("c", to=3)]
    links = {name: partition("links", name) for name in ("a", "i", "b", "c")}
    assert lake_of(*crawls, *links.values()).previous("links", "c") == links["b"]
    without_b = lake_of(*crawls, links["a"], links["i"], links["c"])
    assert without_b.previous("links", "c") == links["a"]
    assert without_b.previous("links", "a") is None
    assert without_b.previous("links", "i") is None
    assert without_b.previous("links", "never heard of") is None


def test_the_newest_state_is_an_imports_only_where_there_is_nothing_else() -> None:
    imported = [crawl("i", to=5, kind="import"), partition("host_edges", "i")]
    crawled = [crawl("a", to=0), crawl("b", to=1), partition("host_edges", "a")]
    newest = lake_of(*imported, *crawled).newest("host_edges")
    assert newest is not None
    assert newest.key.crawl_id == "a"
    alone = lake_of(*imported).newest("host_edges")
    assert alone is not None
    assert alone.key.crawl_id == "i"
    assert lake_of(*imported, crawl("a", to=0)).newest("host_edges") is None
    assert EMPTY.newest("host_edges") is None


def test_a_snapshot_does_not_change_when_the_lake_goes_on() -> None:
    first = EMPTY.apply(Commit(1, "", "s", "a", "x", {}, (partition("links", "a", version=1),)))
    second = first.apply(Commit(2, "", "s", "a", "y", {}, (partition("links", "a", version=2),)))
    third = second.apply(
        Commit(3, "", "s", "a", "z", {}, (partition("links", "b", version=3),), (PartitionKey("links", "a"),))
    )
    assert [(s.number, {k.crawl_id: p.version for k, p in s.partitions.items()}) for s in (first, second, third)] == [
        (1, {"a": 1}),
        (2, {"a": 2}),
        (3, {"b": 3}),
    ]


def test_replaying_from_any_version_gives_the_same_lake() -> None:
    commits = []
    for number in range(1, 31):
        added = tuple(partition("links", f"c{(number * k) % 7}", version=number) for k in (1, 2))
        removed = (PartitionKey("links", f"c{number % 5}"),) if number % 4 == 0 else ()
        commits.append(Commit(number, "", "s", "c", "a", {}, added, removed))
    whole = replay(commits, start=EMPTY)
    for cut in range(31):
        assert replay(commits[cut:], start=replay(commits[:cut], start=EMPTY)) == whole


def test_what_is_written_down_is_read_back_as_it_was() -> None:
    slotted = Partition(PartitionKey("rejected_records", "2026.a", "settle_crawl"), "s", "a", 1, 1, "0.1.0", ())
    commit = Commit(
        7, "2026-11-20T11:49:47+00:00", "s", "2026.a", "a", {"links/2026.a": 3}, (slotted, partition("links", "a"))
    )
    assert Commit.from_json(json.loads(json.dumps(commit.to_json()))) == commit
    assert partition_from_json(json.loads(json.dumps(partition_to_json(slotted)))) == slotted
    assert str(slotted.key) == "rejected_records/2026.a/settle_crawl"
    assert PartitionKey.parse(str(slotted.key)) == slotted.key


def test_a_partition_counts_over_all_its_files() -> None:
    assert (partition("links", "a").rows, partition("links", "a").bytes) == (4, 200)


def test_partitions_of_a_dataset_come_in_the_order_of_their_keys() -> None:
    snapshot = lake_of(partition("links", "b"), partition("links", "a"), partition("anchors", "a"))
    assert [str(p.key) for p in snapshot.of("links")] == ["links/a", "links/b"]
    assert [str(p.key) for p in snapshot.of("links", "b")] == ["links/b"]
    assert snapshot.of("pages") == ()
