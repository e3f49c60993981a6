"""Who lives in the generated web: every site with its kind, topic and part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from linklake.demo.generated.looks import Look, draw_looks
from linklake.demo.generated.words import TOPICS

Role = Literal["honest", "booster", "target", "ring"]

LEAST_SITES: Final = 60
"""With fewer there is no room for sites of each kind beside the ordinary ones."""

ORDINARY: Final = (("blog", 42), ("company", 28), ("shop", 14), ("project", 16))
"""Kinds of most sites, with their share of these in percent; farms hide as these."""

_SPECIAL: Final = (
    ("news", 0.033, 4), ("gov", 0.012, 1), ("edu", 0.012, 1), ("social", 0.004, 1), ("forum", 0.013, 1),
    ("directory", 0.006, 1), ("wiki", 0.003, 1), ("mirror", 0.006, 1), ("corporate", 0.027, 4), ("designer", 0.006, 1),
    ("moved", 0.01, 1),
)  # fmt: skip
"""Kinds of which there are few: share of all sites, and how many there are at least."""

_LARGE_FROM: Final = 200
"""A web of so many sites has a second, smaller farm."""

_HOST_LABELS: Final = {
    "gov": ("coast", "land", "statistics", "health"),
    "edu": ("library", "physics", "history", "press"),
}
"""Further hosts of the first site of a kind: agencies of a government, departments of a university."""


@dataclass(frozen=True, slots=True)
class Site:
    """A registrable domain and who is behind it."""

    look: Look
    kind: str
    topic: str
    role: Role = "honest"
    group: str = ""
    """What it belongs to beyond its topic: `farm-1`, `ring-1`, `network-1`, `wire-1`."""
    hosts: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        return self.look.domain

    @property
    def home(self) -> str:
        return f"http://{self.hosts[0]}/"


def cast_sites(seed: int, count: int) -> list[Site]:
    """Every site of a web; who plays which part is drawn apart from how anybody looks.

    Raises:
        ValueError: too few sites.
    """
    if count < LEAST_SITES:
        raise ValueError(f"{count} sites are too few for a web of every kind of site: give {LEAST_SITES} or more")
    rng = Random(f"cast {seed}")
    parts = list(_parts(count, rng))
    looks = draw_looks(Random(f"looks {seed}"), len(parts))
    sites: list[Site] = []
    for look, (kind, role, group) in zip(looks, parts, strict=True):
        (topic,) = rng.choices(list(TOPICS), [(n + 1) ** -0.7 for n in range(len(TOPICS))])
        labels: tuple[str, ...] = ()
        if kind in _HOST_LABELS and not any(site.kind == kind for site in sites):
            look = replace(look, domain=f"{kind}.test", brand=_OFFICIAL[kind])
            labels = _HOST_LABELS[kind]
        hosts = (look.domain, *(f"{label}.{look.domain}" for label in labels))
        sites.append(Site(look, kind, topic, role, group, hosts))
    return sites


_OFFICIAL: Final = {"gov": "Government Portal", "edu": "State University"}


def _parts(count: int, rng: Random) -> Iterator[tuple[str, Role, str]]:
    """Kind, role and group of each site."""
    left = count
    for kind, share, least in _SPECIAL:
        number = max(least, round(share * count))
        left -= number
        group = {"news": "wire-1", "corporate": "network-1"}.get(kind, "")
        for _ in range(number):
            yield kind, "honest", group
    for group, role, number in _spam(count):
        left -= number
        for _ in range(number):
            yield _ordinary(rng), role, group
    yield "company", "honest", ""  # the one that the demo tells of
    for _ in range(left - 1):
        yield _ordinary(rng), "honest", ""


def _spam(count: int) -> Iterator[tuple[str, Role, int]]:
    """Group, role and number of the members of farms and rings."""
    if count < _LARGE_FROM:
        yield "farm-1", "booster", max(8, count // 8)
        yield "farm-1", "target", 4
        yield "ring-1", "ring", 4
        return
    yield "farm-1", "booster", round(0.09 * count)
    yield "farm-1", "target", 4
    yield "farm-2", "booster", round(0.04 * count)
    yield "farm-2", "target", 5
    yield "ring-1", "ring", 7


def _ordinary(rng: Random) -> str:
    (kind,) = rng.choices([kind for kind, _ in ORDINARY], [share for _, share in ORDINARY])
    return kind
