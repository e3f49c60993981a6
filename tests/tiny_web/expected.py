"""What the tables must say of the tiny web, counted in plain Python from the drawn truth alone.

A model of its own: it shares no code with crawlers, transforms or their SQL. Times and scores are not drawn; graph
measures are checked against networkx, scores by what the plot demands (tests/test_end_to_end.py).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tests.tiny_web import ANCHORS, LINKS, PAGES, Link

NEUTRAL = {"canonical", "alternate"}
TYPES = ("text", "image", "area", "meta_refresh", "canonical")
BOILERPLATE = {"navigation", "header", "footer", "sidebar"}
ANCHOR_CLASSES = {(a.target_url, a.anchor_text, a.is_image): a.anchor_class for a in ANCHORS}
CANONICALS = {page.final_url: page.canonical_url for page in PAGES}
TEMPLATES = {("harbourtalk.test", "Read this first"): "footer"}
"""What no page by itself tells from content, and all pages of the host together do."""

GOOD_PAGES = {page.final_url for page in PAGES if page.state == "fetched"}


def host(url: str) -> str:
    return urlsplit(url).hostname or ""


def domain(url: str) -> str:
    """Registrable domain; on the tiny web the last two labels, or the whole of an IP address or single label."""
    name = host(url)
    labels = name.split(".")
    return name if labels[-1].isdigit() else ".".join(labels[-2:])


def is_registrable(name: str) -> bool:
    """Whether somebody could hold that domain: on the tiny web all but IP addresses and single labels."""
    return "." in name and not name.rpartition(".")[2].isdigit()


@dataclass(frozen=True, slots=True)
class ExpectedLink:
    """A link with what its sightings on its page add up to."""

    source_url: str
    target_url: str
    link_type: str
    rel: str
    rel_class: str
    anchor_text: str
    placement: str
    is_nofollow: bool
    is_ugc: bool
    is_sponsored: bool
    page_is_nofollow: bool
    link_state: str
    equity_block_reason: str | None
    sightings: int
    anchor_class: str

    @property
    def platform_class(self) -> str:
        """The only site of the tiny web that says what it is, in its URLs, is the encyclopedia."""
        return "wiki" if "/wiki/" in self.source_url and self.source_url in GOOD_PAGES else "unknown"

    @property
    def origin_role(self) -> str:
        """How it came about, from the drawing: who owns both ends, what it says, where it stands."""
        if self.is_internal:
            return "self_owned"
        if self.rel_class in ("sponsored", "ugc"):
            return self.rel_class
        if "/advertorial/" in self.source_url:
            return "sponsored"
        original = CANONICALS.get(self.source_url)
        if original and domain(original) != domain(self.source_url):
            return "syndicated"
        if self.link_type in ("canonical", "meta_refresh"):
            return "unknown"
        if self.placement in BOILERPLATE:
            return "widget"
        if self.placement == "comment" or self.platform_class == "wiki":
            return "ugc"
        return "editorial" if self.placement == "main" else "unknown"

    @property
    def is_vote(self) -> bool:
        return self.link_type not in NEUTRAL and self.link_state == "live"

    @property
    def is_external(self) -> bool:
        return self.has_domains and domain(self.source_url) != domain(self.target_url)

    @property
    def is_internal(self) -> bool:
        return domain(self.source_url) == domain(self.target_url)

    @property
    def has_domains(self) -> bool:
        return is_registrable(domain(self.source_url)) and is_registrable(domain(self.target_url))

    @property
    def passes_equity(self) -> bool:
        return self.equity_block_reason is None


def expected_links() -> list[ExpectedLink]:
    """Every link of the tiny web."""
    sightings: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in LINKS:
        sightings[link.source_url, link.target_url].append(link)
    return [_merge(source, target, seen) for (source, target), seen in sightings.items()]


def _merge(source: str, target: str, seen: list[Link]) -> ExpectedLink:
    voting = [s for s in seen if s.link_type not in NEUTRAL]
    classes = {s.rel_class for s in voting}
    strongest = next((c for c in ("follow", "sponsored", "ugc", "nofollow") if c in classes), "follow")
    first = next((s for s in voting if s.rel_class == "follow"), (voting or seen)[0])
    is_restricted = strongest != "follow"
    state = "live" if source in GOOD_PAGES else "unchecked"
    tokens = {token for s in seen for token in s.rel}
    voting_tokens = {token for s in voting for token in s.rel}
    merged = ExpectedLink(
        source_url=source,
        target_url=target,
        link_type=min((s.link_type for s in seen), key=TYPES.index),
        rel=" ".join(sorted(tokens)),
        rel_class=strongest,
        anchor_text=first.alt if first.link_type in ("image", "area") else first.anchor_text,
        placement=TEMPLATES.get((host(source), first.anchor_text), first.placement),
        is_nofollow=is_restricted,
        is_ugc=is_restricted and "ugc" in voting_tokens,
        is_sponsored=is_restricted and "sponsored" in voting_tokens,
        page_is_nofollow=seen[0].page_is_nofollow,
        link_state=state,
        equity_block_reason=None,
        sightings=len(seen),
        anchor_class=_anchor_class(first),
    )
    return replace(merged, equity_block_reason=_reason(merged, seen))


def _anchor_class(link: Link) -> str:
    if link.link_type in ("canonical", "meta_refresh"):
        return "empty"
    is_image = link.link_type in ("image", "area")
    return ANCHOR_CLASSES[link.target_url, link.alt if is_image else link.anchor_text, is_image]


def _reason(link: ExpectedLink, seen: list[Link]) -> str | None:
    if link.link_state != "live":
        return "not_live"
    if link.link_type in NEUTRAL:
        return "neutral_type"
    if not link.has_domains:
        return "no_domain"
    if all(s.is_hidden for s in seen):
        return "hidden"
    if link.rel_class == "follow":
        return None
    if link.rel_class in ("sponsored", "ugc"):
        return f"rel_{link.rel_class}"
    return "rel_nofollow" if "nofollow" in link.rel.split() else "page_nofollow"


VOTES = [link for link in expected_links() if link.is_vote and link.is_external]
"""The rows of the mart backlinks."""


def expected_referring_domains() -> dict[tuple[str, str], tuple[int, int, int, int, str]]:
    """(target_domain, source_domain) -> backlinks, followed_backlinks, referring_pages, editorial_backlinks,
    platform_class."""
    votes: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
    for vote in VOTES:
        votes[domain(vote.target_url), domain(vote.source_url)].append(vote)
    return {
        pair: (
            len(v),
            _followed(v),
            len({x.source_url for x in v}),
            _editorial(v),
            _known([x.platform_class for x in v]),
        )
        for pair, v in votes.items()
    }


def expected_anchors() -> dict[tuple[str, str], tuple[int, int, int, str]]:
    """(target_domain, anchor_text) -> backlinks, followed_backlinks, referring_domains, anchor_class."""
    votes: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
    for vote in VOTES:
        votes[domain(vote.target_url), vote.anchor_text].append(vote)
    return {
        pair: (len(v), _followed(v), len({domain(x.source_url) for x in v}), _commonest([x.anchor_class for x in v]))
        for pair, v in votes.items()
    }


def expected_domains() -> dict[str, tuple[int, int, int, int, int, int, int]]:
    """domain -> backlinks, followed_backlinks, referring_domains, followed_referring_domains, referring_pages,
    linked_domains, crawled_pages, for every node of the graph."""
    pages = Counter(domain(url) for url in GOOD_PAGES)
    known = set(pages)
    for link in expected_links():
        if link.is_vote:
            known |= {domain(link.source_url), domain(link.target_url)}
    known = {name for name in known if is_registrable(name)}
    return {name: _domain_row(name, pages[name]) for name in known}


def _domain_row(name: str, crawled_pages: int) -> tuple[int, int, int, int, int, int, int]:
    received = [v for v in VOTES if domain(v.target_url) == name]
    return (
        len(received),
        _followed(received),
        len({domain(v.source_url) for v in received}),
        len({domain(v.source_url) for v in received if v.passes_equity}),
        len({v.source_url for v in received}),
        len({domain(v.target_url) for v in VOTES if domain(v.source_url) == name}),
        crawled_pages,
    )


def expected_pages() -> dict[str, tuple[bool, str | None, int | None, str | None, str | None, int, int, int, int]]:
    """url -> is_crawled, state, status, redirects_to, title, backlinks, followed_backlinks, referring_domains,
    internal_backlinks, for every URL asked for or linked to from a live link."""
    asked = {page.requested_url: page for page in PAGES}
    final = {page.final_url: page for page in PAGES if page.final_url}
    live = [link for link in expected_links() if link.link_state == "live"]
    urls = set(asked) | set(final) | {link.target_url for link in live}
    rows = {}
    for url in urls:
        page = asked.get(url) or final.get(url)
        is_final = page is not None and (not page.final_url or page.final_url == url or url not in asked)
        votes = [v for v in live if v.is_vote and v.target_url == url]
        external = [v for v in votes if v.is_external]
        rows[url] = (
            url in GOOD_PAGES,
            page.state if page else None,
            page.status if page else None,
            None if page is None or is_final else page.final_url,
            (page.title or None) if page and is_final else None,
            len(external),
            _followed(external),
            len({domain(v.source_url) for v in external}),
            len([v for v in votes if v.is_internal and v.source_url != url]),
        )
    return rows


def expected_edges() -> dict[tuple[str, str], bool]:
    """(source_domain, target_domain) of live votes -> whether one passes equity."""
    edges: dict[tuple[str, str], bool] = {}
    for vote in VOTES:
        pair = (domain(vote.source_url), domain(vote.target_url))
        edges[pair] = edges.get(pair, False) or vote.passes_equity
    return edges


def _followed(votes: Iterable[ExpectedLink]) -> int:
    return sum(1 for vote in votes if vote.passes_equity)


def _editorial(votes: Iterable[ExpectedLink]) -> int:
    return sum(1 for vote in votes if vote.origin_role == "editorial")


def _commonest(words: list[str]) -> str:
    """The first in the alphabet among equals."""
    return min(words, key=lambda word: (-words.count(word), word))


def _known(words: list[str]) -> str:
    known = [word for word in words if word != "unknown"]
    return _commonest(known) if known else "unknown"
