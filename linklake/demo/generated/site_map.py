"""Which pages each site has, before anything is said of links between sites."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from linklake.demo.generated.cast import Site
from linklake.demo.generated.words import phrase, slug, title

PER_ARCHIVE: Final = 20

_PATH_OF_KIND: Final = {
    "news": "/news/{}",
    "forum": "/forum/{}",
    "wiki": "/wiki/{}",
    "directory": "/directory/{}",
    "mirror": "/mirror/{}",
}
"""Kinds whose software makes addresses in its own way; of others the look decides."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A page that exists: where, what sort it is, its title, and how it answers."""

    host: str
    path: str
    sort: str
    """home, about, archive, article, print, members, private, profile, missing, moved."""
    title: str
    status: int = 200
    location: str = ""
    directives: tuple[str, ...] = ()
    """Of its meta robots element."""
    header_directives: tuple[str, ...] = ()
    """Of its X-Robots-Tag header."""
    canonical: str = ""
    """Another URL that it names as canonical."""

    @property
    def url(self) -> str:
        return f"http://{self.host}{self.path}"


def spots_of(site: Site, seed: int) -> list[Spot]:
    """Every page of a site but those that other sites make necessary (wire stories, profiles)."""
    if site.kind == "moved":
        return [Spot(site.hosts[0], "/", "moved", site.look.brand, 301)]
    rng = Random(f"pages {seed} {site.domain}")
    spots = []
    for host in site.hosts:
        articles = list(_articles(site, host, rng))
        spots += [Spot(host, "/", "home", site.look.brand), Spot(host, "/about", "about", f"About {site.look.brand}")]
        spots += articles
        spots += archives(site, host, len(articles))
        spots += _oddities(site, host, articles, rng)
    return spots


def archives(site: Site, host: str, count: int) -> Iterator[Spot]:
    """Lists of all articles, of equal length."""
    pages = max(1, -(-count // PER_ARCHIVE))
    for number in range(1, pages + 1):
        hidden = ("noindex",) if number > 1 and site.look.theme in (0, 5) else ()
        path = "/archive" if number == 1 else f"/archive/{number}"
        yield Spot(host, path, "archive", f"Archive, page {number}", directives=hidden)


def _articles(site: Site, host: str, rng: Random) -> Iterator[Spot]:
    style = _PATH_OF_KIND.get(site.kind, site.look.path_style)
    count = site.look.article_count if host == site.hosts[0] else 6
    taken = set[str]()
    while len(taken) < count:
        said = phrase(site.topic, rng) if site.kind == "wiki" else title(site.topic, rng)
        said = said[0].upper() + said[1:]
        path = style.format(slug(said))
        if path in taken:
            path = style.format(f"{slug(said)}-{len(taken)}")
        taken.add(path)
        yield Spot(host, path, "article", said)


def _oddities(site: Site, host: str, articles: list[Spot], rng: Random) -> Iterator[Spot]:
    """Pages that say something in a header, a directive or a status; drawn alike for every kind of site."""
    one, other = rng.sample(articles, 2)
    if rng.random() < 0.25:
        yield Spot(host, f"/old{one.path}", "moved", one.title, 301, one.path)
    if rng.random() < 0.15:
        yield Spot(host, "/retired", "missing", "This page is gone", 410)
    if rng.random() < 0.15:
        yield Spot(host, "/drafts", "about", "Drafts", directives=("noindex", "nofollow"))
    if rng.random() < 0.1:
        yield Spot(host, "/terms", "about", "Terms", header_directives=("noindex",))
    if rng.random() < 0.1:
        yield Spot(host, "/partners", "about", "Partners", header_directives=("nofollow",))
    if site.kind in ("news", "gov", "edu") or rng.random() < 0.1:
        yield Spot(host, f"/print{other.path}", "print", other.title, directives=("noindex",), canonical=other.url)
    if rng.random() < 0.15:
        yield Spot(host, "/members/list", "members", "Members")
