"""A drawn farm is found with its reasons; friends, fans, customers, sister sites and leaves are left
alone."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from schemas.identity import text_id
from transforms.farms.clusters import Farms, Verdict, find_farms
from transforms.farms.colink import similar_pairs

Edges = Iterable[tuple[str, str]]

BOOSTERS = [f"booster-{i}.example" for i in range(7)]
TARGETS = ["pills.example", "loans.example", "watches.example"]
#: Eight sites that link to each other in a circle and across; with the farm 18 domains.
HONEST = [f"site-{i}.example" for i in range(8)]
NEIGHBOURS = [(HONEST[i], HONEST[(i + d) % 8]) for i in range(8) for d in (1, 3)]
FARM = [(b, t) for b in BOOSTERS for t in TARGETS]


def judge(edges: Edges, *, not_crawled: Sequence[str] = (), order: Sequence[str] = ()) -> tuple[Farms, list[str]]:
    """Find farms among named edges; nodes are numbered by name or in the order given."""
    links = sorted(set(edges))
    names = list(order) or sorted({name for link in links for name in link})
    number = {name: i for i, name in enumerate(names)}
    sources, targets = (np.array([number[link[end]] for link in links], dtype=np.int64) for end in (0, 1))
    is_crawled = np.array([name not in not_crawled for name in names])
    return find_farms(sources, targets, names, similar_pairs(sources, targets, len(names), is_crawled)), names


def suspects(edges: Edges, **more: Sequence[str]) -> dict[str, Verdict]:
    farms, names = judge(edges, **more)
    return {names[verdict.node]: verdict for verdict in farms.verdicts if verdict.tier == "suspected"}


def test_a_farm_of_seven_boosters_and_three_targets_among_18_domains_is_found() -> None:
    flagged = suspects([*FARM, *NEIGHBOURS])
    assert {name for name, v in flagged.items() if v.role == "booster"} == set(BOOSTERS)
    assert {name for name, v in flagged.items() if v.role == "target"} == set(TARGETS)
    assert all(0.8 < verdict.farm_score < 0.93 for verdict in flagged.values())
    assert {verdict.farm_id for verdict in flagged.values()} == {text_id("\n".join(sorted(BOOSTERS)))}


def test_every_figure_of_a_cluster_can_be_counted_again() -> None:
    # Booster 0 drops one target; an honest site and a fresh domain link to boosters, another site to a
    # target.
    extra = [(HONEST[0], BOOSTERS[1]), ("fresh.example", BOOSTERS[1]), (HONEST[1], TARGETS[0])]
    farms, names = judge([*FARM[1:], *NEIGHBOURS, *extra])
    (farm,) = farms.clusters
    assert [names[i] for i in farm.members] == sorted(BOOSTERS)
    captured = dict(zip([names[i] for i in farm.targets], farm.captured.tolist(), strict=True))
    assert captured == {"pills.example": pytest.approx(6 / 7), "loans.example": 1.0, "watches.example": 1.0}
    assert (farm.booster_count, farm.pair_count, farm.density) == (7, 21, 1.0)
    assert farm.top_target_share == 1.0
    assert farm.outside_referring_domains == 2
    assert farm.vouched_referrers == pytest.approx(1 / 7)  # nobody links to fresh.example
    reasons = {v.node: {r.code: (r.value, r.threshold) for r in v.reasons} for v in farms.verdicts}
    assert reasons[names.index(BOOSTERS[0])] == {
        "SIMILAR_DOMAINS": (6.0, 1.0),
        "TARGETS_LINKED": (2.0, 2.0),
        "TOP_TARGET_SHARE": (1.0, 0.45),
        "TARGET_COUNT": (3.0, 2.0),
        "CLUSTER_DENSITY": (1.0, 0.22),
        "CLUSTER_SIZE": (7.0, 6.0),
        "VOUCHED_REFERRERS": (1 / 7, 1.2),
    }
    assert reasons[names.index(TARGETS[0])]["CAPTURED_SHARE"] == (6 / 7, 0.4)


def test_the_numbering_of_domains_makes_no_difference() -> None:
    edges = [*FARM, *NEIGHBOURS, (BOOSTERS[0], HONEST[2]), (BOOSTERS[3], HONEST[2])]
    names = sorted({name for link in edges for name in link})
    shuffled = [names[i] for i in np.random.default_rng(5).permutation(len(names))]
    first, again = suspects(edges), suspects(edges, order=shuffled)
    assert first.keys() == again.keys()
    for name, verdict in first.items():
        same = again[name]
        assert (same.role, same.farm_id, same.reasons) == (verdict.role, verdict.farm_id, verdict.reasons)
        assert same.farm_score == pytest.approx(verdict.farm_score, abs=1e-12)


@pytest.mark.parametrize(
    ("story", "edges"),
    [
        (
            "three friendly blogs that link to each other and to what they read",
            [(a, b) for a in "abc" for b in (*"abc", "news", "wiki", "art") if a != b],
        ),
        ("a fan site that links to all there is of its idol", [("fan", f"idol-{i}") for i in range(6)]),
        ("five domains are too few", [(f"f{i}", t) for i in range(5) for t in ("x", "y", "z")]),
        (
            "customers of one provider, with his counter and whatever else they like",
            [(f"c{i}", "provider") for i in range(9)]
            + [(u, "counter") for u in [*(f"c{i}" for i in range(9)), *(f"user-{i}" for i in range(20))]],
        ),
        (
            "readers of the same three sites, which others with a life of their own read too",
            [(f"r{i}", t) for i in range(8) for t in "xyz"]
            + [(f"other-{i}", t) for i in range(20) for t in (*"xyz", *(f"own-{i}-{j}" for j in range(10)))],
        ),
    ],
)  # fmt: skip
def test_innocent_look_alikes_are_left_alone(story: str, edges: list[tuple[str, str]]) -> None:
    assert suspects([*edges, *NEIGHBOURS]) == {}, story


def test_a_fan_beside_a_farm_is_left_alone() -> None:
    fan = [("fan.example", TARGETS[0]), *[("fan.example", f"idol-{i}.example") for i in range(6)]]
    assert "fan.example" not in suspects([*FARM, *NEIGHBOURS, *fan])


def test_sister_sites_with_referrers_of_their_own_are_left_alone_but_not_for_free_links() -> None:
    referred = [(HONEST[i], b) for n, b in enumerate(BOOSTERS) for i in (n, (n + 1) % 8)]
    assert suspects([*FARM, *NEIGHBOURS, *referred]) == {}
    free = [(f"fresh-{n}-{i}.example", b) for n, b in enumerate(BOOSTERS) for i in range(3)]
    assert suspects([*FARM, *NEIGHBOURS, *free]).keys() >= {*BOOSTERS, *TARGETS}


def test_domains_that_were_not_crawled_are_never_members() -> None:
    leaves = BOOSTERS[:1]
    assert suspects([*FARM, *NEIGHBOURS], not_crawled=leaves).keys() == {*BOOSTERS[1:], *TARGETS}
    assert suspects([*FARM, *NEIGHBOURS], not_crawled=BOOSTERS) == {}


def test_domains_of_vetted_registries_are_not_suspected_on_one_family_of_evidence() -> None:
    renamed = {TARGETS[0]: "agency.gov", BOOSTERS[0]: "faculty.ac.uk"}
    flagged = suspects([(renamed.get(b, b), renamed.get(t, t)) for b, t in [*FARM, *NEIGHBOURS]])
    assert flagged.keys() == {*BOOSTERS[1:], *TARGETS[1:]}


@pytest.mark.parametrize(("sold", "flagged"), [(TARGETS[:0], False), (TARGETS[:1], False), (TARGETS[:2], True)])
def test_a_member_needs_two_targets_for_a_verdict(sold: list[str], *, flagged: bool) -> None:
    # The odd one likes three things that three boosters hide behind and others read, and links to so many targets.
    hobby = [(u, f"hobby-{i}.example") for u in (*BOOSTERS[:3], "odd.example") for i in range(3)]
    hobby += [(f"reader-{i}-{j}.example", f"hobby-{i}.example") for i in range(3) for j in range(5)]
    farms, names = judge([*FARM, *NEIGHBOURS, *hobby, *[("odd.example", target) for target in sold]])
    (farm,) = farms.clusters
    assert "odd.example" in [names[i] for i in farm.members]
    assert ("odd.example" in {names[verdict.node] for verdict in farms.verdicts}) == flagged


def test_a_bridge_to_honest_sites_hides_no_farm() -> None:
    # A blog likes what one booster hides behind, and what a member of a large community reads.
    community = [(f"c{i:02}", f"read-{i + d:02}") for i in range(40) for d in range(8)]
    bridge = [(u, f"hobby-{i}.example") for u in (BOOSTERS[0], "blog.example") for i in range(3)]
    bridge += [("blog.example", f"read-{i:02}") for i in range(3)]
    assert suspects([*FARM, *NEIGHBOURS, *community, *bridge]).keys() == {*BOOSTERS, *TARGETS}


def test_a_chain_of_neighbours_is_no_farm() -> None:
    chain = [(f"c{i:02}", f"t{i + d:02}") for i in range(30) for d in range(4)]
    assert judge([*chain, *NEIGHBOURS])[0] == Farms((), ())
    wide = [(f"c{i:02}", f"t{i + d:02}") for i in range(30) for d in range(8)]
    farms, _ = judge([*wide, *NEIGHBOURS])
    assert max(cluster.members.size for cluster in farms.clusters) >= 20
    assert not [verdict for verdict in farms.verdicts if verdict.tier]


def test_a_farm_keeps_its_id_when_its_fringe_changes() -> None:
    core = [(f"b{i:02}.example", t) for i in range(40) for t in TARGETS]
    fringe = [("zz.example", TARGETS[0]), ("zz.example", TARGETS[1]), ("zz.example", "own.example")]
    (before,) = judge([*core, *NEIGHBOURS])[0].clusters
    (after,) = judge([*core, *NEIGHBOURS, *fringe, ("zz.example", TARGETS[2])])[0].clusters
    assert (before.members.size, after.members.size) == (40, 41)
    assert before.farm_id == after.farm_id
    assert len(before.core) == 32


def test_a_graph_without_pairs_has_no_farms() -> None:
    assert judge(NEIGHBOURS)[0] == Farms((), ())
    assert find_farms([], [], [], similar_pairs([], [], 0, np.empty(0, dtype=bool))) == Farms((), ())
