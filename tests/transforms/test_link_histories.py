"""What is believed of links follows from the visits of their page, however these fall into crawls."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.transforms.sql_cases import Row, Rows, rows_of

START = datetime(2026, 10, 1, tzinfo=UTC)
TARGETS = [f"https://shop.test/{name}" for name in ("cup", "jug", "pot")]
FAILURES: dict[str, Row] = {
    "gone": {"state": "http_error", "status": 404},
    "blocked": {"state": "robots_disallowed"},
    "unreachable": {"state": "unreachable"},
}
BELIEFS = ("link_state", "first_seen", "last_seen", "last_checked_at", "lost_at", "lost_reason", "gone_since")


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of a page: what became of it, the links seen, and whether the page redirected to another."""

    at: datetime
    outcome: str
    targets: tuple[str, ...]
    is_redirected: bool = False


@dataclass(slots=True)
class Belief:
    """What is believed of one link."""

    link_state: str
    first_seen: datetime
    last_seen: datetime
    lost_at: datetime | None = None
    lost_reason: str | None = None


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("crawl_count", [1, 2, 4])
def test_a_history_is_believed_alike_in_however_many_crawls_it_was_seen(
    crawl_count: int, seed: int, tmp_path: Path
) -> None:
    random = Random(seed)
    histories = {f"https://news.test/{number}": list(_visits(random)) for number in range(300)}
    cuts = {page: sorted(random.randrange(1, 9) for _ in range(crawl_count - 1)) for page in histories}
    believed: Rows = []
    for crawl in range(crawl_count):
        seen = {}
        for page, visits in histories.items():
            ends = [0, *cuts[page], len(visits)]
            seen[page] = visits[ends[crawl] : ends[crawl + 1]]
        believed = rows_of("links", {"previous_links": believed, **_observed(seen)}, tmp_path)
    found = {(r["source_url"], r["target_url"]): {b: r[b] for b in BELIEFS} for r in believed}
    expected = dict(_told(histories))
    assert len(found) > 500
    assert {r["link_state"] for r in found.values()} == {"live", "lost", "unreachable", "blocked", "unchecked"}
    assert {k: v for k, v in found.items() if v != expected[k]} == {}
    assert found.keys() == expected.keys()


def test_good_visits_are_believed_alike_in_whatever_order_their_crawls_arrive(tmp_path: Path) -> None:
    random = Random(3)
    histories = {f"https://news.test/{number}": list(_visits(random, only_good=True)) for number in range(300)}
    shuffled = {page: random.sample(visits, len(visits)) for page, visits in histories.items()}
    believed: Rows = []
    for crawl in range(3):
        seen = {page: visits[crawl::3] for page, visits in shuffled.items()}
        believed = rows_of("links", {"previous_links": believed, **_observed(seen)}, tmp_path)
    expected = dict(_told(histories))
    certain = BELIEFS[:4]
    for row in believed:
        told = expected.pop((row["source_url"], row["target_url"]))
        assert [row[c] for c in certain] == [told[c] for c in certain]
        if row["link_state"] == "lost":
            assert row["last_seen"] < row["lost_at"] <= row["last_checked_at"]
            assert row["lost_reason"] == "link_removed"
    assert not expected


def _visits(random: Random, *, only_good: bool = False) -> Iterator[Visit]:
    """Nine visits. The first, and good ones that may arrive first, show a link: a page without any leaves no trace."""
    at = START
    for number in range(9):
        outcome = "good" if only_good or number == 0 else random.choice(["good", "gone", "gone", *FAILURES])
        shown = TARGETS[:1] if only_good or number == 0 else []
        targets = (*shown, *(t for t in TARGETS if t not in shown and random.random() < 0.4))
        is_redirected = not only_good and number > 0 and random.random() < 0.15
        yield Visit(at, outcome, () if is_redirected else targets, is_redirected)
        at += timedelta(hours=random.choice([1, 5, 23, 24, 40]))


def _observed(seen: dict[str, list[Visit]]) -> dict[str, Rows]:
    fetches: Rows = []
    observations: Rows = []
    for page, visits in seen.items():
        for visit in visits:
            fetch: Row = {"fetch_id": f"{len(fetches):06}", "source_url": page, "fetched_at": visit.at}
            fetch |= FAILURES.get(visit.outcome, {})
            if visit.is_redirected:
                elsewhere = page.replace("news.test", "moved.test")
                fetch |= {"requested_url": page, "redirect_chain": [page], "source_url": elsewhere}
            fetches.append(fetch)
            observations += [{"fetch_id": fetch["fetch_id"], "target_url": t} for t in visit.targets]
    return {"page_fetches": fetches, "link_observations": observations}


def _told(histories: dict[str, list[Visit]]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """The same histories told visit by visit: what the SQL must come to without ever seeing them in order."""
    for page, visits in histories.items():
        links: dict[str, Belief] = {}
        last_checked_at = gone_since = None
        for visit in visits:
            if visit.outcome == "good":
                last_checked_at, gone_since = visit.at, None
                _good_visit(links, visit)
                continue
            gone_since = (gone_since or visit.at) if visit.outcome == "gone" else gone_since
            _failed_visit(links, visit, gone_since)
        for target, link in links.items():
            about = {"last_checked_at": last_checked_at, "gone_since": gone_since}
            facts = {b: about[b] if b in about else getattr(link, b) for b in BELIEFS}
            yield (page, target), facts


def _good_visit(links: dict[str, Belief], visit: Visit) -> None:
    for target in visit.targets:
        first_seen = links[target].first_seen if target in links else visit.at
        links[target] = Belief("live", first_seen, visit.at)
    for target, link in links.items():
        if target not in visit.targets and link.link_state not in ("lost", "unchecked"):
            link.link_state, link.lost_at, link.lost_reason = "lost", visit.at, "link_removed"


def _failed_visit(links: dict[str, Belief], visit: Visit, gone_since: datetime | None) -> None:
    is_gone_for_a_day = visit.outcome == "gone" and gone_since and visit.at >= gone_since + timedelta(hours=24)
    for link in links.values():
        if link.link_state in ("lost", "unchecked"):
            continue
        link.link_state = "blocked" if visit.outcome == "blocked" else "unreachable"
        if is_gone_for_a_day:
            link.link_state, link.lost_at, link.lost_reason = "lost", visit.at, "page_gone"
    for target in visit.targets:
        if target not in links:
            links[target] = Belief("unchecked", visit.at, visit.at)
        elif links[target].link_state == "unchecked":
            links[target].last_seen = visit.at
