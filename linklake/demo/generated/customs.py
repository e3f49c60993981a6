"""What honest sites do and looks suspicious: blogrolls, networks, credits, directories, mirrors, syndication."""

from collections.abc import Sequence
from random import Random
from typing import Final

from linklake.demo.generated.cast import Site
from linklake.demo.generated.site_map import Spot
from linklake.demo.generated.ties import Tie, Weaver

_BLOGROLL: Final = (5, 9)
"""How many blogs list each other."""

_LISTED, _CREDITED = 0.5, 0.3
"""Shares of sites that a directory lists, and that name their designer."""

_TALKATIVE: Final = frozenset({"blog", "news", "project"})
_MARKED_UGC: Final = 0.7
"""Share of comment links that say ugc; the others come from older software, which says nofollow alone."""


def weave(weaver: Weaver) -> None:
    """Draw every custom."""
    rng = weaver.rng
    _blogrolls(weaver, rng)
    _networks(weaver)
    _credits(weaver, rng)
    _profiles(weaver, rng)
    _listings(weaver, rng)
    _wire(weaver, rng)
    _mirrors(weaver)
    _comments(weaver, rng)
    _adverts(weaver, rng)
    _broken(weaver, rng)


def _home(site: Site, intent: str, slot: str, rel: tuple[str, ...] = ()) -> Tie:
    return Tie(site.home, site.look.brand, intent, slot, rel)


def _blogrolls(weaver: Weaver, rng: Random) -> None:
    """Blogs of one topic list each other beside every page."""
    blogs = sorted((s for s in weaver.of("blog") if s is not weaver.plot.small), key=lambda s: s.topic)
    start = 0
    while start + _BLOGROLL[0] <= len(blogs):
        size = rng.randint(*_BLOGROLL)
        friends = blogs[start : start + size]
        start += 2 * size
        for blog in friends:
            rel = ("friend", "met") if rng.random() < 0.3 else ()
            weaver.ties.of_site[blog.domain] += [
                _home(friend, "blogroll", "sidebar", rel) for friend in friends if friend is not blog
            ]


def _networks(weaver: Weaver) -> None:
    """Companies of one group name all sisters at the foot of every page."""
    sisters = weaver.of("corporate")
    for site in sisters:
        weaver.ties.of_site[site.domain] += [_home(s, "network", "footer") for s in sisters if s is not site]


def _credits(weaver: Weaver, rng: Random) -> None:
    designers = weaver.of("designer")
    for site in weaver.sites:
        if site.kind not in ("moved", "designer") and rng.random() < _CREDITED:
            designer = rng.choice(designers)
            tie = Tie(designer.home, f"Site by {designer.look.brand}", "credit", "footer")
            weaver.ties.of_site[site.domain].append(tie)


def _profiles(weaver: Weaver, rng: Random) -> None:
    """Sites link to their page on a social network, which links back without a vote."""
    for network in weaver.of("social"):
        profiles = {spot.title: spot for spot in weaver.spots[network.hosts[0]] if spot.sort == "profile"}
        for site in weaver.sites:
            spot = profiles.get(site.domain)
            if spot is None or site is weaver.plot.small:
                continue
            tie = Tie(spot.url, f"{site.look.brand} on {network.look.brand}", "profile", "footer", ("me",))
            weaver.ties.of_site[site.domain].append(tie)
            back = Tie(site.home, site.hosts[0], "profile", "body", ("nofollow", "ugc"))
            weaver.ties.of_page[spot.url].append(back)


def _listings(weaver: Weaver, rng: Random) -> None:
    """Directories list whoever asked; what farms buy there is theirs to draw."""
    for directory in weaver.of("directory"):
        pages = weaver.articles(directory)
        hidden = (directory, weaver.plot.small)
        listed = [s for s in weaver.sites if s not in hidden and s.kind != "moved" and s.role != "booster"]
        for site in listed:
            if rng.random() < _LISTED:
                tie = _home(site, "listing", "list")
                weaver.ties.of_page[rng.choice(pages).url].append(tie)


def _wire(weaver: Weaver, rng: Random) -> None:
    """Newspapers print the same stories of an agency, links and all."""
    papers = weaver.of("news")
    by_path: dict[str, list[Spot]] = {}
    for paper in papers:
        for spot in weaver.spots[paper.hosts[0]]:
            if spot.sort == "wire":
                by_path.setdefault(spot.path, []).append(spot)
    for copies in by_path.values():
        for _ in range(rng.randint(1, 2)):
            target = weaver.pick(papers[0].topic)
            place = weaver.page_of(target)
            tie = Tie(place.url, weaver.anchor(target, place), "syndicated")
            for spot in copies:
                if target.hosts[0] != spot.host:
                    weaver.ties.of_page[spot.url].append(tie)


def _mirrors(weaver: Weaver) -> None:
    """Copies of the encyclopedia carry its references, and forget the nofollow."""
    (wiki,) = weaver.of("wiki")[:1]
    for mirror in weaver.of("mirror"):
        for original, copy in zip(weaver.articles(wiki), weaver.articles(mirror), strict=True):
            weaver.ties.of_page[copy.url] += [
                Tie(t.target, t.anchor, "mirrored", t.slot) for t in weaver.ties.of_page[original.url]
            ]
            weaver.ties.of_page[copy.url].append(Tie(original.url, "the original article", "mirrored"))


def _comments(weaver: Weaver, rng: Random) -> None:
    """Readers leave their own site under an article, or one they like in a thread."""
    authors = [s for s in weaver.sites if s.kind in ("blog", "company", "project") and s.role == "honest"]
    authors = [s for s in authors if s is not weaver.plot.small]
    for site in weaver.sites:
        if site.kind not in _TALKATIVE and site.kind != "forum":
            continue
        for spot in weaver.articles(site):
            for _ in range(rng.choices((0, 1, 2), (60, 25, 15))[0] + (site.kind == "forum")):
                author = _other(authors, site, rng)
                weaver.ties.of_page[spot.url].append(_home(author, "comment", "comment", comment_rel(rng)))


def comment_rel(rng: Random) -> tuple[str, ...]:
    """What software writes into the rel of a comment's link."""
    return ("ugc", "nofollow") if rng.random() < _MARKED_UGC else ("nofollow",)


def _other(sites: Sequence[Site], than: Site, rng: Random) -> Site:
    while (site := rng.choice(sites)) is than:
        pass
    return site


def _adverts(weaver: Weaver, rng: Random) -> None:
    """Shops buy banners and mentions, and say so."""
    shops = [s for s in weaver.of("shop") + weaver.of("company") if s is not weaver.plot.small]
    for site in weaver.of("news") + weaver.of("blog"):
        if site.kind == "blog" and rng.random() < 0.7:
            continue
        for spot in rng.sample(weaver.articles(site), 3):
            shop = _other(shops, site, rng)
            if rng.random() < 0.6:
                tie = Tie(shop.home, shop.look.brand, "sponsored", "ad", ("sponsored",), is_image=rng.random() < 0.5)
            else:
                rel = ("sponsored", "nofollow") if rng.random() < 0.5 else ("sponsored",)
                tie = Tie(shop.home, shop.look.brand, "sponsored", "body", rel)
            weaver.ties.of_page[spot.url].append(tie)


def _broken(weaver: Weaver, rng: Random) -> None:
    """Links rot: to pages that are not there, to sites that have moved, to names that nobody owns."""
    living = weaver.of("blog") + weaver.of("project") + weaver.of("company") + weaver.of("news")
    for site in weaver.sites:
        if site.kind in ("moved", "social", "designer", "mirror") or rng.random() < 0.8:
            continue
        spot = rng.choice(weaver.articles(site))
        host = _other(living, site, rng).hosts[0]
        gone = rng.random() < 0.3
        target = f"http://gone-{rng.randint(1, 40)}.test/" if gone else f"http://{host}/lost/{rng.randint(1, 99)}"
        weaver.ties.of_page[spot.url].append(Tie(target, "an older article", "broken"))
    for site in weaver.of("moved"):
        for _ in range(2):
            source = _other(living, site, rng)
            spot = rng.choice(weaver.articles(source))
            weaver.ties.of_page[spot.url].append(Tie(site.home, site.look.brand, "moved"))
