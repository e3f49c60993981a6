"""The tiny web, crawled over HTTP and built by every stage, equals the drawn truth."""

import json
from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import pytest

from schemas.catalog import MARTS, VIEWS
from schemas.lake import Lake
from schemas.render import lake_sql
from tests.tiny_web import FARM, LINKS, OTHER_SCHEMES, PAGES, REJECTED
from tests.tiny_web.expected import (
    VOTES,
    domain,
    expected_anchors,
    expected_domains,
    expected_edges,
    expected_links,
    expected_pages,
    expected_referring_domains,
    host,
)


@pytest.fixture(scope="module")
def tables(built_lake: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(lake_sql(Lake.open(built_lake).snapshot(), built_lake))
    return connection


@pytest.fixture(scope="module")
def serving(built_lake: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(built_lake / "serving" / "authority.duckdb"), read_only=True)


def rows(tables: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return tables.execute(sql).fetchall()


def keyed(tables: duckdb.DuckDBPyConnection, sql: str, key: int) -> dict[Any, tuple[Any, ...]]:
    """Rows by their first columns; no key may come twice."""
    found = rows(tables, sql)
    result = {(row[0] if key == 1 else row[:key]): row[key:] for row in found}
    assert len(result) == len(found)
    return result


def test_every_page_has_the_drawn_state(tables: duckdb.DuckDBPyConnection) -> None:
    found = keyed(
        tables,
        "select requested_url, state, status, case when status is null then '' else source_url end, "
        "coalesce(title, ''), is_nofollow, is_noindex, coalesce(canonical_url, '') from page_fetches",
        1,
    )
    assert found == {
        p.requested_url: (p.state, p.status, p.final_url, p.title, p.is_nofollow, p.is_noindex, p.canonical_url)
        for p in PAGES
    }


def test_every_observation_is_drawn_and_every_drawn_link_is_observed(tables: duckdb.DuckDBPyConnection) -> None:
    # Several requests may end at one page: its rows are the same for each, so they are compared once.
    found = rows(
        tables,
        "select distinct source_url, position, href, target_url, link_type, array_to_string(rel, ' '), anchor_text, "
        "coalesce(alt, ''), placement, is_hidden from link_observations",
    )
    expected = [
        (
            x.source_url,
            x.position,
            x.href,
            x.target_url,
            x.link_type,
            " ".join(x.rel),
            x.anchor_text,
            x.alt,
            x.placement,
            x.is_hidden,
        )
        for x in LINKS
    ]
    assert sorted(found) == sorted(expected)


def test_rejected_links_and_other_schemes_are_counted(tables: duckdb.DuckDBPyConnection) -> None:
    rejected = rows(tables, "select distinct source_url, record, reason from rejected_records")
    assert sorted(rejected) == sorted((r.source_url, r.href, r.reason) for r in REJECTED)
    schemes = {
        (url, scheme, count)
        for url, text in rows(tables, "select source_url, other_scheme_links from page_fetches")
        for scheme, count in json.loads(text).items()
    }
    assert schemes == {(o.source_url, o.scheme, o.count) for o in OTHER_SCHEMES}


def test_every_link_has_the_drawn_class_and_state(tables: duckdb.DuckDBPyConnection) -> None:
    found = keyed(
        tables,
        "select source_url, target_url, l.link_type, l.sightings, l.link_state, l.placement, l.anchor_text, "
        "c.rel_class, c.is_nofollow, c.is_ugc, c.is_sponsored, c.page_is_nofollow, c.passes_equity, "
        "c.equity_block_reason, c.anchor_class, c.origin_role, c.platform_class "
        "from links as l inner join link_classes as c using (source_url, target_url)",
        2,
    )
    assert found == {
        (x.source_url, x.target_url): (
            x.link_type,
            x.sightings,
            x.link_state,
            x.placement,
            x.anchor_text,
            x.rel_class,
            x.is_nofollow,
            x.is_ugc,
            x.is_sponsored,
            x.page_is_nofollow,
            x.passes_equity,
            x.equity_block_reason,
            x.anchor_class,
            x.origin_role,
            x.platform_class,
        )
        for x in expected_links()
    }


BACKLINK_COLUMNS = (
    "source_url, target_url, target_domain, target_host, source_domain, source_host, anchor_text, link_type, "
    "placement, rel, rel_class, is_nofollow, is_ugc, is_sponsored, passes_equity, equity_block_reason, "
    "anchor_class, origin_role, platform_class, source_title"
)


def backlink_row(link: Any) -> tuple[Any, ...]:
    titles = {p.final_url: p.title or None for p in PAGES if p.state == "fetched"}
    return (
        domain(link.target_url),
        host(link.target_url),
        domain(link.source_url),
        host(link.source_url),
        link.anchor_text,
        link.link_type,
        link.placement,
        link.rel,
        link.rel_class,
        link.is_nofollow,
        link.is_ugc,
        link.is_sponsored,
        link.passes_equity,
        link.equity_block_reason,
        link.anchor_class,
        link.origin_role,
        link.platform_class,
        titles.get(link.source_url),
    )


def test_the_mart_backlinks_equals_the_drawn_votes(serving: duckdb.DuckDBPyConnection) -> None:
    found = keyed(serving, f"select {BACKLINK_COLUMNS} from backlinks", 2)
    assert found == {(v.source_url, v.target_url): backlink_row(v) for v in VOTES}


def test_the_mart_backlinks_all_adds_what_is_no_vote(serving: duckdb.DuckDBPyConnection) -> None:
    found = keyed(serving, f"select {BACKLINK_COLUMNS}, link_state, lost_at, lost_reason from backlinks_all", 2)
    assert found == {
        (x.source_url, x.target_url): (*backlink_row(x), x.link_state, None, None)
        for x in expected_links()
        if x.is_external
    }


def test_the_mart_referring_domains_equals_the_drawn_truth(serving: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select target_domain, source_domain, backlinks, followed_backlinks, referring_pages, editorial_backlinks, "
        "platform_class from referring_domains"
    )
    assert keyed(serving, sql, 2) == expected_referring_domains()


def test_the_mart_anchors_equals_the_drawn_truth(serving: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select target_domain, anchor_text, backlinks, followed_backlinks, referring_domains, anchor_class from anchors"
    )
    assert keyed(serving, sql, 2) == expected_anchors()


def test_the_mart_domains_equals_the_drawn_truth(serving: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select domain, backlinks, followed_backlinks, referring_domains, followed_referring_domains, referring_pages, "
        "linked_domains, crawled_pages from domains"
    )
    assert keyed(serving, sql, 1) == expected_domains()


def test_the_mart_pages_equals_the_drawn_truth(serving: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select url, is_crawled, state, status, redirects_to, title, backlinks, followed_backlinks, referring_domains, "
        "internal_backlinks from pages"
    )
    assert keyed(serving, sql, 1) == expected_pages()


def test_index_info_counts_the_marts(serving: duckdb.DuckDBPyConnection) -> None:
    sql = "select crawl_id, crawl_count, page_count, crawled_page_count, domain_count, backlink_count from index_info"
    pages = expected_pages()
    crawled = sum(1 for page in pages.values() if page[0])
    assert rows(serving, sql) == [("tiny", 1, len(pages), crawled, len(expected_domains()), len(VOTES))]


def test_metric_catalog_explains_every_metric(serving: duckdb.DuckDBPyConnection) -> None:
    expected = sorted((m.name, c.name, c.meaning, c.policy) for m in (*MARTS, *VIEWS) for c in m.columns if c.policy)
    assert rows(serving, "select * from metric_catalog order by 1, 2") == expected


def test_graph_measures_equal_networkx(serving: duckdb.DuckDBPyConnection) -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from(expected_domains())
    graph.add_edges_from(expected_edges())
    pagerank = nx.pagerank(graph, alpha=0.85, tol=1e-14, max_iter=1000)
    harmonic = nx.harmonic_centrality(graph)
    found = keyed(serving, "select domain, pagerank, harmonic_centrality from domains", 1)
    assert set(found) == set(pagerank)
    for name, (rank, centrality) in found.items():
        assert rank == pytest.approx(pagerank[name], abs=1e-10)
        assert centrality == pytest.approx(harmonic[name], abs=1e-9)


def test_the_drawn_farm_is_found_and_nobody_else_is_suspected(serving: duckdb.DuckDBPyConnection) -> None:
    found = rows(serving, "select domain, farm_role from domains where farm_tier is not null")
    assert sorted(found) == sorted((m.domain, m.role) for m in FARM)


def test_the_farm_signal_is_the_mean_of_ten_cosines_not_one_of_them(tables: duckdb.DuckDBPyConnection) -> None:
    found = keyed(tables, "select domain, value from farm_signals where signal = 'out_link_similarity'", 1)
    boosters = {m.domain for m in FARM if m.role == "booster"}
    assert all(0.51 <= found[name][0] <= 0.63 for name in boosters)
    assert all(value < 0.1 for name, (value,) in found.items() if name not in boosters)


def test_one_good_link_outweighs_dozens_of_bad_ones(serving: duckdb.DuckDBPyConnection) -> None:
    found = keyed(serving, "select domain, authority_score, referring_domains from domains", 1)
    good, farmed = found["heron-oars.test"], found["silverquay.test"]
    assert good[1] * 5 <= farmed[1], "the plot: two referring domains against eleven"
    assert good[0] > farmed[0] + 50
    assert all(found[m.domain][0] < 5 for m in FARM)


def test_scores_in_the_marts_are_those_of_their_tables(
    tables: duckdb.DuckDBPyConnection, serving: duckdb.DuckDBPyConnection
) -> None:
    authority = keyed(
        tables,
        "select domain, authority_score, authority_rank, authority_percentile, authority_score_with_farms "
        "from domain_authority",
        1,
    )
    sql = (
        "select domain, authority_score, authority_rank, authority_percentile, authority_score_with_farms from domains"
    )
    assert keyed(serving, sql, 1) == authority
    verdicts = keyed(tables, "select domain, farm_score from farm_verdicts", 1)
    for source, score, farm_score in rows(
        serving, "select distinct source_domain, source_authority_score, source_farm_score from backlinks"
    ):
        assert score == authority[source][0]
        assert farm_score == verdicts.get(source, (0.0,))[0]


def test_every_mart_table_and_column_has_its_comment(serving: duckdb.DuckDBPyConnection) -> None:
    tables_found = dict(rows(serving, "select table_name, comment from duckdb_tables() where schema_name = 'main'"))
    assert tables_found == {m.name: f"One row per {m.grain}." for m in MARTS}
    views_found = dict(rows(serving, "select view_name, comment from duckdb_views() where schema_name = 'main'"))
    assert {v.name: views_found.get(v.name) for v in VIEWS} == {v.name: f"One row per {v.grain}." for v in VIEWS}
    columns = rows(
        serving,
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'main' and not internal",
    )
    assert sorted(columns) == sorted((m.name, c.name, c.meaning) for m in (*MARTS, *VIEWS) for c in m.columns)
