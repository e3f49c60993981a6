"""The drawn truth and the drawn pages cannot drift apart: html5lib is the referee between them.

The referee asks the running server, parses with html5lib, resolves with ada-url and shares no code with the
crawlers or the transforms.
"""

import http.client
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from urllib.parse import parse_qsl, urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import Element

import html5lib
import networkx as nx
import pytest
from ada_url import URL, join_url

from linklake.demo.server import DemoServer, seeds
from schemas.vocabulary import ANCHOR_CLASS
from tests.tiny_web import ANCHORS, FARM, LINKS, OTHER_SCHEMES, PAGES, REJECTED, Link, OtherScheme, Page, RejectedLink

NEVER_REQUESTED = {
    # Reached only by nofollow links, or only from a nofollow page.
    "http://tidewick-courier.test/subscribe",
    "http://kettleandtwine.test/basket",
    "http://coastalwaters.test/open-data/raw",
    "http://harbourtalk.test/t/10-locker-room",
}
ONLY_WITH_A_QUERY = {"http://tidewick-courier.test/search": "http://tidewick-courier.test/search?q=tide"}
"""Pages that are only ever asked for with a query."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the server, redirects not followed."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What the referee reads on one page."""

    title: str
    is_nofollow: bool
    is_noindex: bool
    canonical_url: str
    links: tuple[Link, ...]
    rejected: tuple[RejectedLink, ...]
    other_schemes: tuple[OtherScheme, ...]


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


def ask(server: DemoServer, url: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Host": parts.netloc})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()


def follow(server: DemoServer, url: str) -> tuple[str, Answer]:
    """Follow at most five redirects."""
    for _ in range(6):
        answer = ask(server, url)
        if "location" not in answer.headers:
            return url, answer
        url = canonical(join_url(url, answer.headers["location"]))
    raise AssertionError(f"too many redirects: {url}")


def canonical(href: str) -> str:
    """WHATWG serialisation without fragment, userinfo, trailing dot, session and campaign keys."""
    url = URL(href)
    url.hash = url.username = url.password = ""
    url.hostname = url.hostname.rstrip(".")
    url.pathname = url.pathname.partition(";jsessionid=")[0]
    dropped = ("PHPSESSID", "gclid", "fbclid")
    pairs = url.search.removeprefix("?").split("&")
    kept = [p for p in pairs if not p.startswith("utm_") and p.partition("=")[0] not in dropped]
    url.search = "&".join(kept)
    return str(url.href)


def domain(url: str) -> str:
    """The last two labels: every name of the tiny web is one label under .test."""
    host = urlsplit(url).hostname or ""
    return ".".join(host.split(".")[-2:]) if host.endswith(".test") else host


def read(url: str, answer: Answer) -> Seen:
    """Read one HTML answer as the truth files describe it."""
    root = html5lib.parse(
        answer.body,
        transport_encoding=answer.headers["content-type"].partition("charset=")[2],
        namespaceHTMLElements=False,
    )
    parents: dict[Element, Element] = {child: parent for parent in root.iter() for child in parent}
    base = next((join_url(url, b.get("href")) for b in root.iter("base")), url)
    directives = {
        word.strip().lower()
        for meta in root.iter("meta")
        if meta.get("name", "").lower() == "robots"
        for word in meta.get("content", "").split(",")
    } | {answer.headers.get("x-robots-tag", "")}
    is_nofollow = bool(directives & {"nofollow", "none"})
    links: list[Link] = []
    rejected: list[RejectedLink] = []
    schemes: Counter[str] = Counter()
    canonical_url = ""
    for element in root.iter():
        kind, href = _link_type_and_href(element)
        if not kind:
            continue
        try:
            resolved = join_url(base, href)
        except ValueError:
            rejected.append(RejectedLink(url, href, "unparsable_url"))
            continue
        if not resolved.startswith(("http://", "https://")):
            schemes[resolved.partition(":")[0]] += 1
            continue
        target = canonical(resolved)
        canonical_url = canonical_url or (target if kind == "canonical" else "")
        lineage = [element]
        while lineage[-1] in parents:
            lineage.append(parents[lineage[-1]])
        rel = tuple(dict.fromkeys(element.get("rel", "").lower().replace(",", " ").split()))
        links.append(
            Link(
                source_url=url,
                position=len(links),
                href=href,
                target_url=target,
                link_type=kind,
                rel=rel,
                anchor_text=" ".join("".join(element.itertext()).split()),
                alt=_alt(element, kind),
                placement=_placement(lineage),
                is_hidden=any("display:none" in e.get("style", "").replace(" ", "") for e in lineage),
                rel_class=_rel_class(rel, page_is_nofollow=is_nofollow),
                page_is_nofollow=is_nofollow,
            )
        )
    return Seen(
        title=" ".join((root.findtext("head/title") or "").split()),
        is_nofollow=is_nofollow,
        is_noindex=bool(directives & {"noindex", "none"}),
        canonical_url=canonical_url,
        links=tuple(links),
        rejected=tuple(rejected),
        other_schemes=tuple(OtherScheme(url, scheme, count) for scheme, count in sorted(schemes.items())),
    )


def _link_type_and_href(element: Element) -> tuple[str, str]:
    """The kind of link an element is and its href; the kind is empty when it is no link."""
    href = element.get("href")
    if element.tag == "meta" and element.get("http-equiv", "").lower() == "refresh":
        return "meta_refresh", element.get("content", "").partition("url=")[2]
    if href is None:
        return "", ""
    if element.tag == "area":
        return "area", href
    if element.tag == "link" and "canonical" in element.get("rel", "").split():
        return "canonical", href
    if element.tag != "a":
        return "", ""
    is_image = element.find(".//img") is not None and not "".join(element.itertext()).strip()
    return ("image" if is_image else "text"), href


def _alt(element: Element, kind: str) -> str:
    image = element.find(".//img") if kind == "image" else element
    return image.get("alt", "") if image is not None and kind in ("image", "area") else ""


def _placement(lineage: list[Element]) -> str:
    """By the nearest ancestor that says something; the header of an article is no page header."""
    tags = [element.tag for element in lineage]
    for depth, element in enumerate(lineage):
        if element.tag == "section" and "comments" in element.get("class", "").split():
            return "comment"
        if element.tag == "header" and not {"article", "main"} & set(tags[depth:]):
            return "header"
        names = {
            "nav": "navigation",
            "footer": "footer",
            "aside": "sidebar",
            "main": "main",
            "article": "main",
        }
        if element.tag in names:
            return names[element.tag]
    return "unknown"


def _rel_class(rel: tuple[str, ...], *, page_is_nofollow: bool) -> str:
    for token in ("sponsored", "ugc", "nofollow"):
        if token in rel:
            return token
    return "nofollow" if page_is_nofollow else "follow"


# ── pages and links, as the referee sees them ──


@pytest.mark.parametrize("page", [p for p in PAGES if p.status], ids=lambda page: page.requested_url)
def test_every_page_is_as_drawn(server: DemoServer, page: Page) -> None:
    final_url, answer = follow(server, page.requested_url)
    assert (final_url, answer.status) == (page.final_url, page.status)
    is_html = answer.headers["content-type"].startswith("text/html")
    assert page.state == ("http_error" if answer.status >= 400 else "fetched" if is_html else "not_html")
    if not is_html:
        assert page == Page(page.requested_url, page.state, page.status, final_url, "", False, False, "")
        assert [link for link in LINKS if link.source_url == final_url] == []
        return
    seen = read(final_url, answer)
    assert (seen.title, seen.is_nofollow, seen.is_noindex, seen.canonical_url) == (
        page.title,
        page.is_nofollow,
        page.is_noindex,
        page.canonical_url,
    )
    assert seen.links == tuple(link for link in LINKS if link.source_url == final_url)
    assert seen.rejected == tuple(r for r in REJECTED if r.source_url == final_url)
    assert sorted(map(repr, seen.other_schemes)) == sorted(repr(s) for s in OTHER_SCHEMES if s.source_url == final_url)


def test_the_truth_speaks_only_of_pages_that_are_fetched() -> None:
    final_urls = {page.final_url for page in PAGES if page.status}
    assert {link.source_url for link in LINKS} <= final_urls
    assert {link.source_url for link in REJECTED} <= final_urls
    assert {scheme.source_url for scheme in OTHER_SCHEMES} <= final_urls


def test_every_anchor_is_classed_once_and_none_that_nobody_drew() -> None:
    drawn = {
        (x.target_url, x.alt if x.link_type in ("image", "area") else x.anchor_text, x.link_type in ("image", "area"))
        for x in LINKS
        if x.link_type not in ("canonical", "meta_refresh")
    }
    classed = [(a.target_url, a.anchor_text, a.is_image) for a in ANCHORS]
    assert sorted(classed) == sorted(drawn)


def test_every_kind_of_anchor_is_drawn() -> None:
    assert {a.anchor_class for a in ANCHORS} == set(ANCHOR_CLASS) - {"empty"}  # a meta refresh has no anchor at all


def test_no_row_is_drawn_twice() -> None:
    assert len({page.requested_url for page in PAGES}) == len(PAGES)
    assert len({(link.source_url, link.position) for link in LINKS}) == len(LINKS)
    assert len({member.domain for member in FARM}) == len(FARM)


def test_pages_that_robots_txt_forbids_are_the_ones_drawn_so(server: DemoServer) -> None:
    for page in PAGES:
        parts = urlsplit(page.requested_url)
        _, robots = follow(server, f"{parts.scheme}://{parts.netloc}/robots.txt")
        parser = RobotFileParser()
        parser.parse(robots.body.decode().splitlines() if robots.status == 200 else [])
        allowed = parser.can_fetch("linklake", page.requested_url)
        assert allowed == (page.state != "robots_disallowed"), page.requested_url
        assert allowed or page == Page(page.requested_url, page.state, None, "", "", False, False, "")


def test_every_drawn_file_is_asked_for_or_named_as_never_asked_for() -> None:
    drawn = set()
    for site in (files("linklake.demo") / "web").iterdir():
        for name in _names(site):
            if name.endswith((".html", ".txt", ".pdf")) and name != "robots.txt":
                path = name.removesuffix(".html").removesuffix("index")
                drawn.add(f"http://{site.name}/{path}")
    drawn = {ONLY_WITH_A_QUERY.get(url, url) for url in drawn}
    asked = {page.requested_url for page in PAGES} | NEVER_REQUESTED
    assert drawn <= asked
    assert {url for url in NEVER_REQUESTED if url not in drawn} == set()


def _names(folder: Traversable, prefix: str = "") -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _names(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


# ── the crawl that the truth assumes ──


@pytest.mark.parametrize("is_bold", [False, True])
def test_a_crawl_of_all_seeds_requests_exactly_the_drawn_pages(*, is_bold: bool) -> None:
    """The same whether ugc, sponsored, canonical and refresh links are followed (bold) or not."""
    scope = {domain(seed) for seed in seeds()}
    page_of = {page.requested_url: page for page in PAGES}
    out = defaultdict(set)
    for link in LINKS:
        is_quiet = "nofollow" in link.rel or link.page_is_nofollow
        is_plain = link.rel_class == "follow" and link.link_type in ("text", "image", "area")
        if domain(link.target_url) in scope and (not is_quiet if is_bold else is_plain):
            out[link.source_url].add(link.target_url)
    depth = dict.fromkeys(seeds(), 0)
    queue = list(depth)
    for url in queue:
        page = page_of[url]
        for target in out[page.final_url] if page.state == "fetched" else ():
            if target not in depth:
                depth[target] = depth[url] + 1
                queue.append(target)
    assert set(depth) == set(page_of)
    assert max(depth.values()) <= 4


def test_never_requested_pages_exist_and_are_linked_only_with_nofollow(server: DemoServer) -> None:
    for url in NEVER_REQUESTED:
        assert ask(server, url).status == 200
        assert {link.rel_class for link in LINKS if link.target_url == url} == {"nofollow"}
        assert url not in {page.requested_url for page in PAGES}


def test_links_that_leave_the_built_in_web_have_no_server(server: DemoServer) -> None:
    scope = {domain(seed) for seed in seeds()}
    outside = {urlsplit(link.target_url).hostname for link in LINKS if domain(link.target_url) not in scope}
    assert outside.isdisjoint(server.hosts)
    assert {"gone.test", "localhost", "127.0.0.1", "192.0.2.44"} <= outside
    assert all(not link.target_url.startswith("https:") for link in LINKS if domain(link.target_url) in scope)


# ── the plot: the farm, the innocents, the one good link ──

BOOSTERS = {member.domain for member in FARM if member.role == "booster"}
TARGETS = {member.domain for member in FARM if member.role == "target"}


def out_sets(*, without: Collection[str] = ()) -> dict[str, set[str]]:
    """Followed, visible links between domains, as {source: targets}; the Gazette is the Courier."""
    moved = {"tidewick-gazette.test": "tidewick-courier.test"}
    out: dict[str, set[str]] = defaultdict(set)
    for link in LINKS:
        source, target = domain(link.source_url), domain(link.target_url)
        target = moved.get(target, target)
        is_vote = link.rel_class == "follow" and link.link_type != "canonical" and not link.is_hidden
        if is_vote and source != target and source not in without:
            out[source].add(target)
    return out


def referring_domains(target: str, *, followed: bool) -> set[str]:
    return {
        domain(link.source_url)
        for link in LINKS
        if domain(link.target_url) == target != domain(link.source_url) and (link.rel_class == "follow" or not followed)
    }


def test_boosters_run_the_same_errands_and_innocents_do_not() -> None:
    out = out_sets()
    nodes = set(out) | set().union(*out.values())
    indegree = Counter(target for targets in out.values() for target in targets)
    idf = {node: math.log(len(nodes) / (1 + indegree[node])) for node in nodes}
    for a, b in combinations(sorted(out), 2):
        shared = out[a] & out[b]
        norm = sum(idf[t] for t in out[a]) * sum(idf[t] for t in out[b])
        cosine = sum(idf[t] for t in shared) / math.sqrt(norm)
        if {a, b} <= BOOSTERS:
            assert cosine >= 0.69, (a, b)
            assert len(shared) >= 3, (a, b)
        else:
            assert cosine < 0.6, (a, b)
            assert cosine < 0.47 or len(shared) < 3, (a, b)


def test_boosters_hide_among_famous_links_and_receive_none() -> None:
    for booster in BOOSTERS:
        assert len(out_sets()[booster] & TARGETS) >= 3
        assert referring_domains(booster, followed=True) == set()
    camouflage = set().union(*(out_sets()[booster] for booster in BOOSTERS)) - TARGETS
    assert camouflage == {"commonlore.test", "tidewick-courier.test"}


def test_one_good_link_outweighs_many_worthless_ones() -> None:
    assert referring_domains("heron-oars.test", followed=False) == {
        "coastalwaters.test",
        "tidewick-courier.test",
    }
    assert len(referring_domains("silverquay.test", followed=False)) == 11
    assert len(referring_domains("silverquay.test", followed=True)) == 9
    for without in ((), BOOSTERS):
        out = out_sets(without=without)
        graph = nx.DiGraph([(source, target) for source, targets in out.items() for target in targets])
        rank = nx.pagerank(graph, tol=1e-10, max_iter=1000)
        assert rank["heron-oars.test"] > rank["silverquay.test"]


def test_the_traps_are_planted() -> None:
    kinds = Counter(link.link_type for link in LINKS)
    assert set(kinds) == {"text", "image", "area", "canonical", "meta_refresh"}
    assert {link.placement for link in LINKS} == {
        "main",
        "navigation",
        "header",
        "footer",
        "sidebar",
        "comment",
        "unknown",
    }
    assert {link.rel_class for link in LINKS} == {"follow", "nofollow", "ugc", "sponsored"}
    assert sum(link.is_hidden for link in LINKS) == 3
    assert {scheme.scheme for scheme in OTHER_SCHEMES} == {"mailto", "tel", "javascript"}
    twice = Counter((link.source_url, link.target_url) for link in LINKS if link.placement == "main")
    mixed = [
        {link.rel_class for link in LINKS if (link.source_url, link.target_url) == pair}
        for pair, count in twice.items()
        if count > 1
    ]
    assert {"follow", "nofollow"} in mixed
    for key in ("utm_source", "utm_medium", "gclid", "fbclid", "PHPSESSID", ";jsessionid="):
        assert any(key in link.href for link in LINKS), key
    assert not any(key.startswith("utm_") for link in LINKS for key, _ in parse_qsl(urlsplit(link.target_url).query))
