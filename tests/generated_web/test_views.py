"""The views that people know say of the generated web what is true of it."""

from collections import Counter, defaultdict
from urllib.parse import urlsplit

import duckdb

from linklake.demo.generated.web import GeneratedWeb
from tests.generated_web.expected import Expected, ExpectedLink, domain

CONTENT = frozenset({"main", "list"})
BOILERPLATE = frozenset({"navigation", "header", "footer", "sidebar"})


def pairs(expected: Expected) -> dict[tuple[str, str], list[ExpectedLink]]:
    """(target_domain, source_domain) -> the backlinks between the two."""
    found: defaultdict[tuple[str, str], list[ExpectedLink]] = defaultdict(list)
    for link in expected.backlinks:
        found[domain(link.target_url), domain(link.source_url)].append(link)
    return found


def test_one_link_per_domain_and_linked_domains_name_every_pair(
    expected: Expected, serving: duckdb.DuckDBPyConnection
) -> None:
    counts = {pair: len(links) for pair, links in pairs(expected).items()}
    found = serving.execute(
        "select target_domain, source_domain, links_of_domain from v_one_link_per_domain"
    ).fetchall()
    assert sorted(found) == sorted((*pair, count) for pair, count in counts.items())
    found = serving.execute("select target_domain, source_domain, links from v_linked_domains").fetchall()
    assert sorted(found) == sorted((*pair, count) for pair, count in counts.items())


def test_followed_links_are_those_that_pass_equity(expected: Expected, serving: duckdb.DuckDBPyConnection) -> None:
    found = serving.execute("select source_url, target_url from v_followed_links").fetchall()
    assert sorted(found) == sorted((x.source_url, x.target_url) for x in expected.backlinks if x.passes_equity)


def test_reciprocal_domains_link_to_each_other(expected: Expected, serving: duckdb.DuckDBPyConnection) -> None:
    counts = {pair: len(links) for pair, links in pairs(expected).items()}
    mutual = {(a, b): (n, counts[b, a]) for (a, b), n in counts.items() if (b, a) in counts}
    sql = "select domain, partner_domain, links_received, links_given from v_reciprocal_domains"
    assert {(a, b): (r, g) for a, b, r, g in serving.execute(sql).fetchall()} == mutual


def test_the_overview_breaks_down_what_domains_have(expected: Expected, serving: duckdb.DuckDBPyConnection) -> None:
    received: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for link in expected.backlinks:
        mine = received[domain(link.target_url)]
        mine.update([link.rel_class, link.link_type])
        mine["content"] += link.placement in CONTENT
        mine["boilerplate"] += link.placement in BOILERPLATE
    names = ("follow", "nofollow", "ugc", "sponsored", "text", "image")
    columns = ", ".join(f"{name}_backlinks" for name in (*names, "boilerplate"))
    for name, *counts in serving.execute(f"select domain, {columns} from v_overview").fetchall():
        assert counts == [received[name][kind] for kind in (*names, "boilerplate")], name
    for name, boilerplate in serving.execute(
        "select target_domain, boilerplate_backlinks from v_placement_mix"
    ).fetchall():
        assert boilerplate == received[name]["boilerplate"]


def test_broken_targets_are_pages_that_are_not_there(
    web: GeneratedWeb, expected: Expected, serving: duckdb.DuckDBPyConnection
) -> None:
    pages = {page.url: page.status for page in web.truth.pages}
    linked = Counter(x.target_url for x in expected.backlinks if urlsplit(x.target_url).hostname in web.hosts)
    broken = {url: count for url, count in linked.items() if pages.get(url, 404) >= 400}
    sql = "select target_url, backlinks from v_broken_targets where target_status >= 400"
    assert dict(serving.execute(sql).fetchall()) == broken


def test_media_are_the_newspapers(web: GeneratedWeb, expected: Expected, serving: duckdb.DuckDBPyConnection) -> None:
    papers = {site.domain for site in web.truth.sites if site.kind == "news"}
    printed = {
        pair
        for pair, links in pairs(expected).items()
        if pair[1] in papers and any(urlsplit(x.source_url).path.startswith(("/news/", "/wire/")) for x in links)
    }
    sql = "select target_domain, source_domain from v_gov_edu_media where platform_class = 'news'"
    assert set(serving.execute(sql).fetchall()) == printed


def test_farm_members_are_the_planted_ones_and_disavow_names_the_boosters(
    web: GeneratedWeb, expected: Expected, serving: duckdb.DuckDBPyConnection
) -> None:
    roles = {s.domain: s.role for s in web.truth.sites if s.role in ("booster", "target")}
    assert dict(serving.execute("select domain, role from farm_members").fetchall()) == roles
    followed = {
        pair
        for pair, links in pairs(expected).items()
        if pair[1] in roles and any(link.passes_equity for link in links)
    }
    sql = "select target_domain, source_domain from disavow_candidates where disavow_reason = 'farm_member'"
    assert set(serving.execute(sql).fetchall()) == followed
