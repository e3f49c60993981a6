"""A small generated web, crawled over HTTP and built by every stage, equals its truth."""

from typing import Any

import duckdb

from linklake.demo.generated.web import GeneratedWeb
from tests.generated_web.expected import Expected

HARD = frozenset({"directory", "list", "sidebar"})
"""Placements that are not always told from menus on pages with many links (docs/placement.md)."""


def keyed(tables: duckdb.DuckDBPyConnection, sql: str, key: int) -> dict[Any, tuple[Any, ...]]:
    """Rows by their first columns; no key may come twice."""
    found = tables.execute(sql).fetchall()
    result = {(row[0] if key == 1 else row[:key]): row[key:] for row in found}
    assert len(result) == len(found)
    return result


def test_every_page_is_reached_and_answers_as_it_must(web: GeneratedWeb, tables: duckdb.DuckDBPyConnection) -> None:
    sql = "select requested_url, state, status, is_noindex, is_nofollow, coalesce(canonical_url, '') from page_fetches"
    found = keyed(tables, sql, 1)
    for page in web.truth.pages:
        if page.is_disallowed:
            assert found[page.url][0] == "robots_disallowed"
        elif not page.redirects_to:
            state = "fetched" if page.status == 200 else "http_error"
            told = (state, page.status, page.is_noindex, page.is_nofollow, page.canonical_url)
            assert found[page.url] == told, page.url
        else:
            assert found[page.url][0] == "fetched"
    beyond = found.keys() - {page.url for page in web.truth.pages}
    assert all(found[url][1] == 404 for url in beyond), "all else that is linked is broken"


def test_every_observation_is_true(web: GeneratedWeb, tables: duckdb.DuckDBPyConnection) -> None:
    columns = "source_url, position, target_url, link_type, array_to_string(rel, ' '), anchor_text, coalesce(alt, '')"
    found = keyed(tables, f"select distinct {columns}, is_hidden from link_observations", 2)
    assert found == {
        (x.source_url, x.position): (x.target_url, x.link_type, " ".join(x.rel), x.anchor_text, x.alt, x.is_hidden)
        for x in web.truth.links
    }


def test_placements_are_true_but_for_some_lists(web: GeneratedWeb, tables: duckdb.DuckDBPyConnection) -> None:
    found = keyed(tables, "select distinct source_url, position, placement from link_observations", 2)
    wrong = [x for x in web.truth.links if found[x.source_url, x.position] != (x.placement,)]
    print(f"{len(wrong)} of {len(web.truth.links)} placements differ")
    assert {x.placement for x in wrong} <= HARD
    assert len(wrong) <= 0.04 * len(web.truth.links)


def test_every_link_has_its_class_scope_and_reason(expected: Expected, tables: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select source_url, target_url, l.link_type, c.rel_class, l.link_scope, l.link_state = 'live', "
        "c.equity_block_reason, l.anchor_text "
        "from links as l inner join link_classes as c using (source_url, target_url)"
    )
    found = keyed(tables, sql, 2)
    assert found == {
        ends: (x.link_type, x.rel_class, x.link_scope, x.is_live, x.equity_block_reason, x.anchor_text)
        for ends, x in expected.links.items()
    }


def test_the_marts_count_what_is_true(expected: Expected, tables: duckdb.DuckDBPyConnection) -> None:
    ends = {(x.source_url, x.target_url): (x.rel_class, x.passes_equity) for x in expected.backlinks}
    assert keyed(tables, "select source_url, target_url, rel_class, passes_equity from backlinks", 2) == ends
    sql = "select target_domain, source_domain, backlinks, followed_backlinks, referring_pages from referring_domains"
    assert keyed(tables, sql, 2) == expected.referring_domains()
    sql = "select target_domain, anchor_text, backlinks, followed_backlinks, referring_domains from anchors"
    assert keyed(tables, sql, 2) == expected.anchors()
    sql = (
        "select domain, backlinks, followed_backlinks, referring_domains, linked_domains from domains "
        "where backlinks > 0 or linked_domains > 0"
    )
    assert keyed(tables, sql, 1) == expected.domains()


def test_the_planted_farm_is_found_and_nobody_honest_is_suspected(
    web: GeneratedWeb, tables: duckdb.DuckDBPyConnection
) -> None:
    suspected = keyed(tables, "select domain, role from farm_verdicts where farm_score >= 0.5", 1)
    planted = {s.domain: (s.role,) for s in web.truth.sites if s.role in ("booster", "target")}
    assert suspected == planted


def test_two_good_links_outweigh_all_that_a_farm_has_to_give(
    web: GeneratedWeb, tables: duckdb.DuckDBPyConnection
) -> None:
    found = keyed(tables, "select domain, authority_score, referring_domains, backlinks from domains", 1)
    small, farmed = found[web.truth.small], found[web.truth.farmed]
    assert (small[1], farmed[1] > 8, farmed[2] >= 4 * small[2]) == (2, True, True)
    assert small[0] > farmed[0] + 20
