"""Farms and rings, planted: boosters that link to what they are paid for, with some camouflage."""

from random import Random
from typing import Final

from linklake.demo.generated.cast import Site
from linklake.demo.generated.customs import comment_rel
from linklake.demo.generated.ties import Tie, Weaver
from linklake.demo.generated.words import MONEY_WORDS

KEPT, CAMOUFLAGE, BOUGHT = 0.9, 0.3, 0.2
"""Level L1: the share of its farm's targets that a booster links to, the share of its links that lead to honest sites,
and links from honest sites for each booster."""

_RING_STEPS: Final = (1, 2)
"""A member of a ring links to its next and to the one after it."""


def weave(weaver: Weaver) -> None:
    """Plant everything."""
    rng = weaver.rng
    groups = sorted({s.group for s in weaver.sites if s.role != "honest"})
    for group in groups:
        members = [s for s in weaver.sites if s.group == group]
        if group.startswith("ring"):
            _ring(weaver, members)
        else:
            _farm(weaver, members, rng)


def _farm(weaver: Weaver, members: list[Site], rng: Random) -> None:
    boosters = [s for s in members if s.role == "booster"]
    targets = [s for s in members if s.role == "target"]
    words = {t.domain: [*rng.sample(MONEY_WORDS, 3), t.look.brand] for t in targets}
    for booster, kept in zip(boosters, _kept_targets(boosters, targets, rng), strict=True):
        for target in kept:
            weaver.link(booster, target, "farm", anchors=words[target.domain])
        for _ in range(_camouflage_count(len(kept), rng)):
            weaver.link(booster, weaver.pick(booster.topic), "camouflage")
    _attention(weaver, boosters, targets, words, rng)


def _kept_targets(boosters: list[Site], targets: list[Site], rng: Random) -> list[list[Site]]:
    """Of each booster the targets that it links to: all pairs but a tenth, no booster without two of its targets."""
    dropped = round((1 - KEPT) * len(boosters) * len(targets))
    careless = rng.sample(boosters, min(dropped, len(boosters)))
    return [
        [t for t in targets if b not in careless or t is not left_out]
        for b in boosters
        for left_out in [rng.choice(targets)]
    ]


def _camouflage_count(farm_links: int, rng: Random) -> int:
    """So many that on average the wanted share of all links is camouflage."""
    wanted = farm_links * CAMOUFLAGE / (1 - CAMOUFLAGE)
    return int(wanted) + (rng.random() < wanted % 1)


def _attention(
    weaver: Weaver, boosters: list[Site], targets: list[Site], words: dict[str, list[str]], rng: Random
) -> None:
    """What a farm gets from elsewhere: bought and hacked links, comments, adverts."""
    blogs = weaver.of("blog") + weaver.of("project")
    directories = weaver.of("directory")
    for booster in rng.sample(boosters, round(BOUGHT * len(boosters))):
        if rng.random() < 0.5:
            weaver.link(rng.choice(blogs), booster, "sponsored_unlabelled", pages=1)
        else:
            weaver.link(rng.choice(directories), booster, "listing", slot="list", pages=1)
    # No honest site sells to two customers of one farm: nothing but the label would tell it from a booster.
    for target, blog in zip(targets, rng.sample(blogs, len(targets)), strict=True):
        weaver.link(blog, target, "sponsored_unlabelled", anchors=words[target.domain], pages=1)
        seller = rng.choice(weaver.of("news"))
        weaver.link(seller, target, "sponsored", rel=("sponsored",), anchors=words[target.domain], pages=1)
        for site in rng.choices(blogs + weaver.of("forum"), k=4):
            spot = rng.choice(weaver.articles(site))
            anchor = rng.choice(words[target.domain])
            weaver.ties.of_page[spot.url].append(Tie(target.home, anchor, "comment", "comment", comment_rel(rng)))
    hacked = rng.choice(blogs)
    tie = Tie(targets[-1].home, words[targets[-1].domain][0], "hacked", "footer", is_hidden=True)
    weaver.ties.of_site[hacked.domain].append(tie)


def _ring(weaver: Weaver, members: list[Site]) -> None:
    for place, site in enumerate(members):
        for step in _RING_STEPS:
            weaver.link(site, members[(place + step) % len(members)], "ring")
        weaver.link(site, weaver.pick(site.topic), "editorial")
