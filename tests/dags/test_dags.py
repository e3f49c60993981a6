"""The DAGs as Airflow reads them: they import quickly, and arrows, retries and forms are as designed."""

import time
from typing import Any

import pytest

pytest.importorskip("airflow.sdk", reason="no Airflow in this environment: make test-airflow")

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from tests.dags.commands import REPOSITORY

pytestmark = pytest.mark.airflow

CONSUMERS = {
    "refine_links": ["dedupe_links", "classify_links"],
    "detect_farms": ["build_edges", "score_farms"],
    "build_authority": ["rank_hosts", "rank_domains", "score_authority", "build_marts"],
}


@pytest.fixture(scope="module")
def bag(airflow_database: None) -> BundleDagBag:
    return BundleDagBag(str(REPOSITORY), bundle_path=REPOSITORY, bundle_name="linklake")


def test_all_dags_import_within_two_seconds(bag: BundleDagBag) -> None:
    started = time.monotonic()
    again = BundleDagBag(str(REPOSITORY), bundle_path=REPOSITORY, bundle_name="linklake")
    seconds = time.monotonic() - started
    assert again.import_errors == {}
    assert len(again.dags) == 6
    assert seconds <= 2
    assert sum(s.duration.total_seconds() for s in bag.dagbag_stats) <= 2  # the first time, imports included


def test_only_our_dag_files_are_read(bag: BundleDagBag) -> None:
    assert {s.file for s in bag.dagbag_stats} <= {f"dags/{p.name}" for p in (REPOSITORY / "dags").glob("*.py")}


def test_every_dag_says_whose_it_is_and_what_to_do(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        assert dag.owner == "linklake"
        assert "linklake" in dag.tags
        assert "Triage notes" in (dag.doc_md or "")
        assert not dag.catchup


def test_every_failed_task_tells_the_next_command(bag: BundleDagBag) -> None:
    commands = [t for dag in bag.dags.values() for t in dag.tasks]
    assert all([type(c).__name__ for c in task.on_failure_callback] == ["TellNextCommand"] for task in commands)


@pytest.mark.parametrize("dag_id", CONSUMERS)
def test_a_consumer_builds_one_crawl_and_looks_for_more(bag: BundleDagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert dag.max_active_runs == 1
    stages = CONSUMERS[dag_id]
    assert set(dag.task_dict) == {"next_crawl", "more_crawls", *(f"{s}.{t}" for s in stages for t in ("run", "gate"))}
    for stage in stages:
        assert dag.task_dict[f"{stage}.gate"].upstream_task_ids == {f"{stage}.run"}
        assert dag.task_dict[f"{stage}.run"].get_flat_relative_ids(upstream=True) >= {"next_crawl"}
    assert dag.task_dict["more_crawls"].upstream_task_ids == {f"{stages[-1]}.gate"}


def test_gates_are_never_tried_again_and_all_else_is_with_back_off(bag: BundleDagBag) -> None:
    tasks = [task for dag in bag.dags.values() for task in dag.tasks]
    gates = {t.task_id for t in tasks if t.task_id.endswith(".gate")}
    assert len(gates) == 9
    for task in tasks:
        if task.task_id in {*gates, "status", "verify", "archive_sets", "path_shards"}:
            assert task.retries == 0, task.task_id
        else:
            assert task.retries == 3, task.task_id
            assert task.retry_exponential_backoff, task.task_id


def test_the_lake_is_tidied_then_verified_and_looked_at(bag: BundleDagBag) -> None:
    dag = bag.dags["housekeeping"]
    assert set(dag.task_dict) == {"housekeeping", "verify", "status", "more_crawls"}
    for last in ("verify", "status"):  # leaves, so that either makes the run red
        assert dag.task_dict[last].upstream_task_ids == {"housekeeping"}
        assert not dag.task_dict[last].downstream_task_ids


def test_dags_are_joined_by_assets(bag: BundleDagBag) -> None:
    conditions = {name: bag.dags[name].timetable.asset_condition for name in CONSUMERS}
    woken_by = {name: [asset.uri.rstrip("/") for asset in all_of.objects] for name, all_of in conditions.items()}
    assert woken_by == {
        "refine_links": ["linklake://link_observations"],
        "detect_farms": ["linklake://link_classes"],
        "build_authority": ["linklake://farm_verdicts"],
    }
    tasks = [task for dag in bag.dags.values() for task in dag.tasks if task.outlets]
    sent = {f"{task.dag.dag_id}.{task.task_id}": [asset.name for asset in task.outlets] for task in tasks}
    assert sent == {
        "crawl_cycle.crawl": ["link_observations"],
        "ingest_archives.ingest": ["link_observations"],
        "ingest_archives.settle_crawl.gate": ["link_observations"],
        "refine_links.classify_links.gate": ["link_classes"],
        "refine_links.more_crawls": ["link_observations"],
        "detect_farms.score_farms.gate": ["farm_verdicts"],
        "detect_farms.more_crawls": ["link_classes"],
        "build_authority.score_authority.gate": ["domain_authority"],
        "build_authority.build_marts.gate": ["marts"],
        "build_authority.more_crawls": ["farm_verdicts"],
        "housekeeping.more_crawls": ["link_observations"],
    }


def test_a_path_list_is_settled_once_when_every_shard_is_done(bag: BundleDagBag) -> None:
    dag = bag.dags["ingest_archives"]
    settle = dag.task_dict["settle_crawl.run"]
    assert settle.upstream_task_ids == {"ingest_shard"}
    assert settle.trigger_rule == "none_failed_min_one_success", "a shard may have nothing to read"
    assert dag.task_dict["settle_crawl.gate"].upstream_task_ids == {"settle_crawl.run"}
    assert dag.task_dict["ingest_shard"].is_mapped


def test_a_crawl_cannot_be_backfilled_and_archives_can(bag: BundleDagBag) -> None:
    assert "backfill" not in {t.value for t in bag.dags["crawl_cycle"].allowed_run_types}
    archives = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags["ingest_archives"]))
    assert archives.timetable.periodic
    assert archives.allowed_run_types is None


@pytest.mark.parametrize("dag_id", [*CONSUMERS, "crawl_cycle"])
@pytest.mark.parametrize("crawl_id", ["2026-w46", "a", "0a", "20261120t113400z-184299", "x" * 63, None])
def test_a_crawl_id_is_taken(bag: BundleDagBag, dag_id: str, crawl_id: str | None) -> None:
    assert checked(bag.dags[dag_id], {"crawl_id": crawl_id})["crawl_id"] == crawl_id


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        *((dag_id, {"crawl_id": crawl_id}) for dag_id in (*CONSUMERS, "crawl_cycle") for crawl_id in (
            "", "2026-11-20", "A", "a b", "a\n", "-a", "../a", "$(touch a)", 'a"; rm -rf /', "{{ 1 }}", "x" * 64, 7,
        )),
        ("crawl_cycle", {"seeds": ["example.org"]}),
        ("crawl_cycle", {"seeds": ["--follow-external"]}),
        ("crawl_cycle", {"seeds": ["http://a.test/\nhttp://b.test/"]}),
        ("crawl_cycle", {"seeds": "http://a.test/"}),
        ("crawl_cycle", {"pages": 0}),
        ("crawl_cycle", {"demo": "yes"}),
        ("ingest_archives", {"archive_sets": {"2026-11-20": ["/a.warc"]}}),
        ("ingest_archives", {"archive_sets": {"a": []}}),
        ("ingest_archives", {"archive_sets": {"a": ["/a\n/b"]}}),
        ("ingest_archives", {"archive_sets": {"a": "/a.warc"}}),
        ("ingest_archives", {"archive_sets": ["/a.warc"]}),
        ("ingest_archives", {"paths": "wat.paths.gz"}),
        ("ingest_archives", {"paths": "/a\n/b"}),
        ("ingest_archives", {"paths": ["/a"]}),
        ("ingest_archives", {"prefix": "ftp://a.test"}),
        ("ingest_archives", {"targets": "https://a.test/mine.txt"}),
        ("ingest_archives", {"shards": 0}),
        ("ingest_archives", {"shards": 257}),
        ("ingest_archives", {"crawl_id": "2026-11-20"}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_none_is_refused_by_the_form(bag: BundleDagBag, dag_id: str, conf: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Invalid input for param"):
        checked(bag.dags[dag_id], conf)


def checked(dag: DAG, conf: dict[str, Any]) -> dict[str, Any]:
    """The params of a run that is triggered with that conf, checked as the API server checks them."""
    known = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return dict(known.params.deep_merge(conf).validate())
