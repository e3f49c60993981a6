"""What the tables must say of the generated web, counted in plain Python from its truth.

As tests/tiny_web/expected.py a model of its own: it shares no code with crawlers, transforms or their SQL.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from linklake.demo.generated.truth import LinkTruth, WebTruth

NEUTRAL = frozenset({"canonical"})
UNREAD = frozenset({"feed"})
TYPES = ("text", "image", "feed", "canonical")


def domain(url: str) -> str:
    """Registrable domain: every name of this web is one label under a reserved top-level domain."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


@dataclass(frozen=True, slots=True)
class ExpectedLink:
    """A link with what its sightings on its page add up to."""

    source_url: str
    target_url: str
    link_type: str
    rel_class: str
    placement: str
    link_scope: str
    is_live: bool
    equity_block_reason: str | None
    anchor_text: str

    @property
    def is_backlink(self) -> bool:
        return self.is_live and self.link_scope == "external" and self.link_type not in NEUTRAL

    @property
    def passes_equity(self) -> bool:
        return self.equity_block_reason is None


class Expected:
    """Tables that follow from the truth of a web all of whose pages were read."""

    def __init__(self, truth: WebTruth) -> None:
        self.truth = truth

    @cached_property
    def links(self) -> dict[tuple[str, str], ExpectedLink]:
        """Every link by its ends."""
        sightings: defaultdict[tuple[str, str], list[LinkTruth]] = defaultdict(list)
        for link in self.truth.links:
            sightings[link.source_url, link.target_url].append(link)
        good = {page.url for page in self.truth.pages if page.status == 200}
        return {ends: _merged(seen, is_live=ends[0] in good) for ends, seen in sightings.items()}

    @cached_property
    def backlinks(self) -> list[ExpectedLink]:
        """The rows of the mart of that name."""
        return [link for link in self.links.values() if link.is_backlink]

    def referring_domains(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """(target_domain, source_domain) -> backlinks, followed_backlinks, referring_pages."""
        votes: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
        for vote in self.backlinks:
            votes[domain(vote.target_url), domain(vote.source_url)].append(vote)
        return {pair: (len(v), _followed(v), len({x.source_url for x in v})) for pair, v in votes.items()}

    def anchors(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """(target_domain, anchor_text) -> backlinks, followed_backlinks, referring_domains."""
        votes: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
        for vote in self.backlinks:
            votes[domain(vote.target_url), vote.anchor_text].append(vote)
        return {pair: (len(v), _followed(v), len({domain(x.source_url) for x in v})) for pair, v in votes.items()}

    def domains(self) -> dict[str, tuple[int, int, int, int]]:
        """domain -> backlinks, followed_backlinks, referring_domains, linked_domains, of all that have one of these."""
        into: defaultdict[str, list[ExpectedLink]] = defaultdict(list)
        out: defaultdict[str, set[str]] = defaultdict(set)
        for vote in self.backlinks:
            into[domain(vote.target_url)].append(vote)
            out[domain(vote.source_url)].add(domain(vote.target_url))
        return {name: _of_domain(into[name], len(out[name])) for name in {*into, *out}}


def _of_domain(votes: list[ExpectedLink], linked: int) -> tuple[int, int, int, int]:
    return len(votes), _followed(votes), len({domain(v.source_url) for v in votes}), linked


def _merged(seen: list[LinkTruth], *, is_live: bool) -> ExpectedLink:
    voting = [s for s in seen if s.link_type not in NEUTRAL]
    classes = {s.rel_class for s in voting}
    strongest = next((c for c in ("follow", "sponsored", "ugc", "nofollow") if c in classes), "follow")
    first = next((s for s in voting if s.rel_class == "follow"), (voting or seen)[0])
    kind = min((s.link_type for s in seen), key=TYPES.index)
    return ExpectedLink(
        source_url=first.source_url,
        target_url=first.target_url,
        link_type=kind,
        rel_class=strongest,
        placement=first.placement,
        link_scope=first.link_scope,
        is_live=is_live,
        equity_block_reason=_reason(kind, strongest, seen, is_live=is_live),
        anchor_text=first.alt if first.link_type == "image" else first.anchor_text,
    )


def _reason(kind: str, rel_class: str, seen: list[LinkTruth], *, is_live: bool) -> str | None:
    if not is_live:
        return "not_live"
    if kind in NEUTRAL | UNREAD:
        return "neutral_type"
    if all(s.is_hidden for s in seen):
        return "hidden"
    if rel_class in ("sponsored", "ugc"):
        return f"rel_{rel_class}"
    if rel_class == "nofollow":
        return "rel_nofollow" if any("nofollow" in s.rel for s in seen) else "page_nofollow"
    return None


def _followed(votes: list[ExpectedLink]) -> int:
    return sum(1 for vote in votes if vote.passes_equity)
