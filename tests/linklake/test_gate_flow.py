"""What a run hands to its gate, and what it does with two judges."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

import linklake.runs as runs
from linklake.data_docs import Documented
from linklake.findings import facts
from schemas.errors import GateFailed
from schemas.lake import Lake, Staged
from schemas.ledger import File, Partition, PartitionKey, Snapshot
from transforms.expectations import Validation
from transforms.gates import Audit, Finding, Profile
from transforms.links.stages import DEDUPE_LINKS
from transforms.stage import Run

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
WARNING = Finding("links", "row_delta", "warn", 1, "9 rows after 1 in the previous crawl (9 times as many)")
STOP = Finding("links", "null_rel", "stop", 3, "3 of 9 rows", ("https://news.test/a, https://shop.test/b",))


def _partition(dataset: str, crawl_id: str, rows: int, facts: Mapping[str, str] | None = None) -> Partition:
    file = File(f"{dataset}/part.parquet", 0, rows, 1, "0" * 64)
    return Partition(PartitionKey(dataset, crawl_id), "by_hand", "a" * 12, 1, 1, "0", (file,), facts=facts or {})


def _crawl(crawl_id: str, day: int, kind: str = "crawl") -> Partition:
    time = f"2026-11-{day:02d}T00:00:00+00:00"
    return _partition("crawls", crawl_id, 1, {"kind": kind, "started_at": time, "observed_to": time})


def _staged(*partitions: Partition) -> Staged:
    first = partitions[0]
    return Staged(first.stage, first.key.crawl_id, first.attempt, AS_OF.isoformat(), {}, partitions, {"rows": {}})


def _snapshot(*partitions: Partition) -> Snapshot:
    return Snapshot(1, {p.key: p for p in partitions})


@pytest.mark.parametrize(
    ("staged", "rows_before", "newest_before"),
    [
        ([_partition("links", "c2", 9)], 7, 9),  # the crawl is known: the state before it
        ([_partition("links", "c1", 9)], None, 9),  # the first crawl has nothing before it
        ([_partition("links", "new", 9), _crawl("new", 5)], 8, 9),  # a new crawl: the newest state
        ([_partition("links", "new", 9), _crawl("new", 5, "import")], None, 9),  # an import is compared with nothing
    ],
)
def test_a_gate_is_told_of_the_crawl_before(
    tmp_path: Path, staged: list[Partition], rows_before: int | None, newest_before: int
) -> None:
    snapshot = _snapshot(
        _crawl("c1", 1),
        _crawl("c2", 2),
        _crawl("c9", 9),
        _crawl("edges", 19, "import"),
        *(_partition("links", crawl_id, rows) for crawl_id, rows in (("c1", 7), ("c2", 6), ("c9", 8))),
    )
    lake = Lake(tmp_path, buckets=1)
    moment, given = runs._given(lake, snapshot, _staged(*staged), Run(staged[0].key.crawl_id, AS_OF))
    assert given[0].rows_before == rows_before
    assert moment.newest_before == datetime(2026, 11, newest_before, tzinfo=UTC)
    assert (moment.as_of, moment.made_at) == (AS_OF, AS_OF)


def _gated(tmp_path: Path, *findings: Finding) -> None:
    counts = {"null_rel": 0, "row_delta": 0} | {f.rule: f.failed for f in findings}
    found = Audit("dedupe_links", "c2", (Profile("links", 9, counts),), findings)
    runs._gate(Lake(tmp_path, buckets=1), DEDUPE_LINKS, _staged(_partition("links", "c2", 9)), found)


def test_a_warning_is_said_and_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _gated(tmp_path, WARNING)
    assert f"warning: {WARNING}\n" in capsys.readouterr().err


def test_a_stop_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    _gated(tmp_path, WARNING, STOP)
    page = tmp_path / "_docs" / "c2" / "dedupe_links.html"
    found = (*facts([WARNING, STOP], runs.NOTHING_ACCEPTED),)
    stopped = runs._stopped(DEDUPE_LINKS, _staged(_partition("links", "c2", 9)), [STOP], found, page)
    assert stopped.next_command == "linklake gate dedupe_links --crawl-id c2 --accept links.null_rel --reason WHY"
    assert str(stopped) == (
        "the gate stopped dedupe_links for crawl c2: links.null_rel: 3 of 9 rows, such as https://news.test/a, "
        "https://shop.test/b. It lies in quarantine, nothing was published: mend the cause, then run linklake run "
        f"dedupe_links --crawl-id c2, or let it through by {stopped.next_command} (see {page})"
    )
    assert page.exists()


@pytest.mark.parametrize("finding", [None, STOP])
def test_judges_that_differ_stop_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finding: Finding | None
) -> None:
    other = frozenset[str]() if finding else frozenset({"links.null_rel"})
    differing = Documented(tmp_path / "page.html", Validation("1", other, bool(other), {}))
    monkeypatch.setattr(runs, "document", lambda *_, **__: differing)
    with pytest.raises(GateFailed, match=r"Great Expectations differ on links\.null_rel of dedupe_links for crawl c2"):
        _gated(tmp_path, *([finding] if finding else []))


@pytest.mark.parametrize("finding", [None, STOP])
def test_a_second_judge_that_is_absent_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finding: Finding | None
) -> None:
    monkeypatch.setattr(runs, "document", lambda *_, **__: Documented(None, None, "the disk is full"))
    _gated(tmp_path, *([finding] if finding else []))
    assert "warning: the disk is full\n" in capsys.readouterr().err
