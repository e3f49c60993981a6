"""What a site looks like from outside: drawn alike for every site, before anybody knows which part it will play.

So nothing of it tells a farm from an honest site: names, top-level domains, addresses, numbers of pages and templates
of farms come from the same distributions because they come from the same draw.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from linklake.demo.generated.themes import THEMES
from linklake.demo.generated.words import NAME_HEADS, NAME_TAILS

TOP_LEVEL: Final = (("test", 65), ("example", 35))
"""Reserved for ever (RFC 2606): nobody real has such a name. With their share in percent. Names under `invalid` are
no domains to linklake (schemas.identity.LOCAL_SUFFIXES)."""

LEAST_PAGES, MOST_PAGES = 6, 70

_HOSTERS: Final = 40
"""Networks of 256 addresses each; the first holds about every fourth site, as large hosters do."""


@dataclass(frozen=True, slots=True)
class Look:
    """A site's name, where it is hosted, how many articles it has, and its template."""

    domain: str
    brand: str
    address: str
    """Of 198.18.0.0/15, reserved for benchmarks (RFC 2544)."""
    article_count: int
    theme: int
    """Number in THEMES."""
    path_style: str
    """How addresses of its articles are made."""


_PATH_STYLES: Final = ("/posts/{}", "/{}", "/articles/{}", "/notes/{}/", "/2026/{}", "/pages/{}.html")


def draw_looks(rng: Random, count: int) -> list[Look]:
    """So many looks with distinct names."""
    looks: dict[str, Look] = {}
    while len(looks) < count:
        look = _draw(rng)
        looks.setdefault(look.domain.partition(".")[0].replace("-", ""), look)
    return list(looks.values())


def _draw(rng: Random) -> Look:
    head, tail = rng.choice(NAME_HEADS), rng.choice(NAME_TAILS)
    joiner = "-" if rng.random() < 0.25 else ""
    prefix, number = ("the" if rng.random() < 0.06 else ""), (str(rng.randint(2, 99)) if rng.random() < 0.06 else "")
    (suffix,) = rng.choices([t for t, _ in TOP_LEVEL], [share for _, share in TOP_LEVEL])
    (hoster,) = rng.choices(range(_HOSTERS), [1 / (n + 1) for n in range(_HOSTERS)])
    (theme,) = rng.choices(range(len(THEMES)), [1 / (n + 2) for n in range(len(THEMES))])
    return Look(
        domain=f"{prefix}{head}{joiner}{tail}{number}.{suffix}",
        brand=f"{head.capitalize()} {tail.capitalize()}",
        address=f"198.18.{hoster}.{rng.randint(1, 24)}",
        article_count=min(MOST_PAGES, max(LEAST_PAGES, round(rng.lognormvariate(2.2, 0.75)))),
        theme=theme,
        path_style=rng.choice(_PATH_STYLES),
    )
