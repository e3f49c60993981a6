"""A domain's score is taken apart and comes out the same; what cannot be explained is said."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.lake import Lake
from tests.linklake.calls import Ended, call, two_pages
from tests.small_lake import publish_by_hand
from transforms.graph.authority import DAMPING, anatomy


def explain(lake: Path, *words: object) -> Ended:
    return call("explain", *words, "--lake", lake)


def test_the_oar_maker_is_worth_what_two_domains_pass_on_and_its_best_links_are_shown(built_lake: Path) -> None:
    ended = explain(built_lake, "heron-oars.test")
    assert (ended.code, ended.err) == (0, "")
    assert "rank 5 of 56" in ended.out
    assert "votes        4 backlinks from 2 domains, on 3 pages; 4 from 2 pass equity" in ended.out
    assert "computed from the edges: the same again" in ended.out
    assert re.search(r"\d% +tidewick-courier\.test \(authority [\d.]+; passes on [\d.]+% of its own\)", ended.out)
    assert re.search(r"\d% +coastalwaters\.test \(authority [\d.]+, linked back; ", ended.out)
    assert "links        those that matter most: the best one of each of 2 domains" in ended.out
    assert "-> http://heron-oars.test/" in ended.out
    assert "farm         not suspected" in ended.out
    assert "data       as of 20" in ended.out
    assert "scope: domains amberporch.test," in ended.out


def test_the_parts_of_a_score_add_up(built_lake: Path) -> None:
    out = explain(built_lake, "heron-oars.test").out
    parts = [float(share) for share in re.findall(r"^ +([\d.]+)%    ", out, flags=re.MULTILINE)]
    assert sum(parts) == pytest.approx(100, abs=0.2)


def test_a_member_of_the_farm_is_told_its_role_and_the_reasons_in_words(built_lake: Path) -> None:
    ended = explain(built_lake, "www.silverquay.test")
    assert ended.code == 0
    assert "  asked for  www.silverquay.test" in ended.out
    assert re.search(r"farm         suspected, as a target of farm -?\d+ \(8 boosters, 4 targets\)", ended.out)
    assert "  88% of the domains that link to it are of the farm" in ended.out
    assert "other domains whose links pass equity: 8" in ended.out


@pytest.mark.parametrize(
    ("domain", "code", "said"),
    [
        ("heron-oar.test", 1, "heron-oar.test is not in the index (data as of "),
        ("heron-oar.test", 1, "); nearest are heron-oars.test, "),
        ("heron oars", 2, "'heron oars' is no domain (unparsable_url): write one like example.org"),
    ],
)
def test_what_is_no_domain_of_the_index_is_said(domain: str, code: int, said: str, built_lake: Path) -> None:
    ended = explain(built_lake, domain)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_lakes_without_marts_say_what_to_run(
    lakes_before_stages: dict[str, Path], tmp_path: Path, copy_of: Callable[[Path], Path]
) -> None:
    Lake.open_or_create(tmp_path / "empty")
    assert "is empty: run linklake crawl, ingest or import-graph" in explain(tmp_path / "empty", "a.test").err
    ended = explain(lakes_before_stages["build_marts"], "heron-oars.test")
    assert (ended.code, "nothing is built to the end: run linklake build" in ended.err) == (1, True)
    (tmp_path / "hosts.csv").write_text("source_host,target_host\nwww.a.test,www.b.test\n")
    hosts = ("--lake", tmp_path / "hosts")
    assert call("import-graph", tmp_path / "hosts.csv", *hosts).code == 0
    assert call("build", *hosts).code == 0
    assert "a graph of hosts alone" in explain(tmp_path / "hosts", "a.test").err
    lake = copy_of(lakes_before_stages["build_marts"])
    publish_by_hand(Lake.open(lake), ["index_info"], "tiny")  # its mart_version is no number of ours
    ended = explain(lake, "heron-oars.test")
    assert (ended.code, "this linklake reads 1.1: run linklake build" in ended.err) == (1, True)


def test_an_import_is_explained_by_its_edges(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("source_domain,target_domain\na.test,b.test\nc.test,b.test\nb.test,c.test\n")
    lake = ("--lake", tmp_path / "lake")
    assert call("import-graph", tmp_path / "edges.csv", *lake).code == 0
    assert call("build", *lake).code == 0
    ended = explain(tmp_path / "lake", "b.test")
    assert (ended.code, ended.err) == (0, "")
    assert "votes        2 backlinks from 2 domains; 2 from 2 pass equity" in ended.out
    assert "links        not known: an imported graph has edges alone" in ended.out
    assert "the same again" in ended.out


def test_where_only_links_to_some_targets_are_known_there_is_no_score(tmp_path: Path) -> None:
    archive, targets = two_pages(tmp_path / "a.warc.gz"), tmp_path / "targets.txt"
    targets.write_text("two.test\n")
    lake = ("--lake", tmp_path / "lake")
    assert call("ingest", archive, "--targets", targets, *lake).code == 0
    assert call("build", *lake).code == 0
    ended = explain(tmp_path / "lake", "two.test")
    assert (ended.code, ended.err) == (0, "")
    assert "authority    none: this index knows only the links to some targets" in ended.out


def test_raw_authority_is_what_is_free_and_what_the_edges_carry() -> None:
    generator = np.random.default_rng(5)
    n, m = 60, 400
    pairs = np.unique(generator.integers(0, n, (m, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    weights = generator.integers(1, 6_000_000, len(pairs))
    totals = np.bincount(pairs[:, 0], weights=weights, minlength=n).astype(np.int64) + 1_000_000
    suspicion = np.where(np.arange(n) % 9 == 0, 0.8, 0.1)
    found = anatomy(n, pairs[:, 0], pairs[:, 1], weights, totals, suspicion)
    assert found.carried.weights is not None
    passed = DAMPING * found.raw[found.carried.sources()] * found.carried.weights
    made = found.free + np.bincount(found.carried.targets, weights=passed, minlength=n)
    assert made == pytest.approx(found.raw, abs=1e-11)
    assert found.raw.sum() == pytest.approx(1)
