"""What the later marts and the views must say of the tiny web, counted in plain Python from the drawn truth alone.

As ``expected``: shares no code with transforms or their SQL. Scores and times are not drawn. Each function gives rows
by key, without them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.tiny_web import FARM
from tests.tiny_web.expected import (
    VOTES,
    ExpectedLink,
    domain,
    expected_anchors,
    expected_domains,
    expected_links,
    expected_pages,
    expected_referring_domains,
)

Rows = dict[Any, tuple[Any, ...]]

CONTENT = {"main", "list"}
SHARED_BLOCKS = {"navigation", "header", "footer", "sidebar"}
REFUSALS = {401, 403, 407, 429, 451}
ROLES = {member.domain: member.role for member in FARM}
DOMAINS = expected_domains()
PAIRS = expected_referring_domains()


# -- marts ---------------------------------------------------------------------------------------------------


def internal_links() -> Rows:
    """(source_url, target_url) -> domain, anchor_text, link_type, placement, rel_class."""
    return {
        (x.source_url, x.target_url): (domain(x.source_url), x.anchor_text, x.link_type, x.placement, x.rel_class)
        for x in expected_links()
        if x.is_vote and x.is_internal and x.has_domains and x.source_url != x.target_url
    }


def broken_backlinks() -> Rows:
    """(source_url, target_url) -> target_domain, target_status, passes_equity.

    No page of the tiny web that answers with an error is linked to from another domain: its links are all internal.
    """
    pages = expected_pages()
    return {
        (v.source_url, v.target_url): (domain(v.target_url), pages[v.target_url][2], v.passes_equity)
        for v in VOTES
        if pages[v.target_url][1] == "http_error" and pages[v.target_url][2] not in REFUSALS
    }


def disavow_candidates() -> Rows:
    """(target_domain, entry) -> entry_kind, source_domain, disavow_reason, backlinks, followed_backlinks."""
    rows: Rows = {}
    for (target, source), (links, followed, *_) in PAIRS.items():
        if source in ROLES and followed:
            rows[target, source] = ("domain", source, "farm_member", links, followed)
    paid: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
    for vote in VOTES:
        if "/advertorial/" in vote.source_url and vote.rel_class == "follow" and domain(vote.source_url) not in ROLES:
            paid[domain(vote.target_url), vote.source_url].append(vote)
    for (target, url), votes in paid.items():
        if followed := sum(v.passes_equity for v in votes):
            rows[target, url] = ("url", domain(url), "paid_and_followed", len(votes), followed)
    return rows


def farm() -> tuple[int, int, str, int, int]:
    """boosters, targets, top_target, top_target_boosters, boosting_links of the one farm there is."""
    lifting = [v for v in VOTES if ROLES.get(domain(v.source_url)) == "booster"]
    lifting = [v for v in lifting if ROLES.get(domain(v.target_url)) == "target"]
    boosters = Counter(target for _, target in {(domain(v.source_url), domain(v.target_url)) for v in lifting})
    top = min(boosters, key=lambda name: (-boosters[name], name))
    roles = Counter(ROLES.values())
    return roles["booster"], roles["target"], top, boosters[top], len(lifting)


def farm_members() -> Rows:
    """domain -> role, backlinks, referring_domains, followed_referring_domains, linked_domains."""
    return {
        name: (role, DOMAINS[name][0], DOMAINS[name][2], DOMAINS[name][3], DOMAINS[name][5])
        for name, role in ROLES.items()
    }


# -- views ---------------------------------------------------------------------------------------------------


def outlinks() -> Rows:
    """(source_url, target_url) -> source_domain, target_domain, anchor_text, rel_class, equity_block_reason."""
    return {
        (v.source_url, v.target_url): (
            domain(v.source_url),
            domain(v.target_url),
            v.anchor_text,
            v.rel_class,
            v.equity_block_reason,
        )
        for v in VOTES
    }


def overview() -> Rows:
    """domain -> suspected referring domains, backlinks that are follow, nofollow, ugc, sponsored, text, image, in the
    content, in shared blocks, broken."""
    broken = [target for target, _, _ in broken_backlinks().values()]
    return {name: (*_mix(name), broken.count(name)) for name in DOMAINS}


def _mix(name: str) -> tuple[int, ...]:
    votes = [v for v in VOTES if domain(v.target_url) == name]
    classes, types = Counter(v.rel_class for v in votes), Counter(v.link_type for v in votes)
    return (
        len({domain(v.source_url) for v in votes} & ROLES.keys()),
        *(classes[word] for word in ("follow", "nofollow", "ugc", "sponsored")),
        types["text"],
        types["image"] + types["area"],
        sum(v.placement in CONTENT for v in votes),
        sum(v.placement in SHARED_BLOCKS for v in votes),
    )


def referring_domains() -> Rows:
    """(target_domain, source_domain) -> backlinks, is_suspected, is_followed, is_reciprocal."""
    return {
        (target, source): (links, source in ROLES, followed > 0, (source, target) in PAIRS)
        for (target, source), (links, followed, *_) in PAIRS.items()
    }


def anchors() -> Rows:
    """(target_domain, anchor_text) -> backlinks, backlinks_share, referring_domains_share."""
    return {
        (target, text): (links, links / DOMAINS[target][0], domains / DOMAINS[target][2])
        for (target, text), (links, _, domains, _) in expected_anchors().items()
    }


def best_pages() -> Rows:
    """url -> domain, referring_domains, backlinks, followed_backlinks."""
    return {url: (domain(url), row[7], row[5], row[6]) for url, row in expected_pages().items() if row[5]}


def one_link_per_domain() -> dict[tuple[str, str], tuple[int, bool, bool]]:
    """(target_domain, source_domain) -> links_of_domain, passes_equity, and whether it stands in the content."""
    rows = {}
    for pair, votes in _by_pair(VOTES).items():
        best = min(votes, key=lambda v: (not v.passes_equity, v.placement not in CONTENT))
        rows[pair] = (len(votes), best.passes_equity, best.placement in CONTENT)
    return rows


def followed_links() -> set[tuple[str, str]]:
    """(source_url, target_url)."""
    return {(v.source_url, v.target_url) for v in VOTES if v.passes_equity}


def linked_domains() -> Rows:
    """(source_domain, target_domain) -> links, followed_links, linking_pages, target_referring_domains."""
    return {
        (source, target): (links, followed, pages, DOMAINS[target][2])
        for (target, source), (links, followed, pages, *_) in PAIRS.items()
    }


def reciprocal_domains() -> Rows:
    """(domain, partner_domain) -> links_received, links_given, followed received and given, is_followed_exchange."""
    rows: Rows = {}
    for (target, source), (received, followed, *_) in PAIRS.items():
        if back := PAIRS.get((source, target)):
            rows[target, source] = (received, back[0], followed, back[1], followed > 0 and back[1] > 0)
    return rows


def broken_targets() -> Rows:
    """target_url -> target_status, backlinks, followed_backlinks."""
    rows: Rows = {}
    for (_, url), (_, status, follows) in broken_backlinks().items():
        _, links, followed = rows.get(url, (status, 0, 0))
        rows[url] = (status, links + 1, followed + follows)
    return rows


def gov_edu_media() -> Rows:
    """(target_domain, source_domain) -> platform_class; the university and the newspaper do not say what they are."""
    return {pair: row[4:] for pair, row in PAIRS.items() if row[4] in ("gov", "edu", "news")}


def placement_mix() -> Rows:
    """target_domain -> backlinks, in the content, in shared blocks, others; followed ones in the content and in shared
    blocks; domains with one in the content, domains with all in shared blocks."""
    rows: Rows = {}
    for name in {domain(v.target_url) for v in VOTES}:
        votes = [v for v in VOTES if domain(v.target_url) == name]
        content, shared = ([v for v in votes if v.placement in blocks] for blocks in (CONTENT, SHARED_BLOCKS))
        others = {domain(v.source_url) for v in votes if v.placement not in SHARED_BLOCKS}
        rows[name] = (
            len(votes),
            len(content),
            len(shared),
            len(votes) - len(content) - len(shared),
            sum(v.passes_equity for v in content),
            sum(v.passes_equity for v in shared),
            len({domain(v.source_url) for v in content}),
            len({domain(v.source_url) for v in votes} - others),
        )
    return rows


def zero_backlinks() -> Rows:
    """domain -> crawled_pages, zero_backlink_pages, zero_followed_pages, unlinked_pages, zero_backlink_share."""
    rows: Rows = {}
    crawled = {url: row for url, row in expected_pages().items() if row[0]}
    for name in {domain(url) for url in crawled}:
        pages = [row for url, row in crawled.items() if domain(url) == name]
        zero = sum(not row[5] for row in pages)
        unlinked = sum(not row[5] and not row[8] for row in pages)
        rows[name] = (len(pages), zero, sum(not row[6] for row in pages), unlinked, zero / len(pages))
    return rows


def _by_pair(votes: Iterable[ExpectedLink]) -> dict[tuple[str, str], list[ExpectedLink]]:
    found: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
    for vote in votes:
        found[domain(vote.target_url), domain(vote.source_url)].append(vote)
    return found
