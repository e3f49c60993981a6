"""The later marts and the views of the tiny web equal the drawn truth, in the serving file and in the sql door."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas.catalog import VIEWS
from schemas.lake import Lake
from schemas.render import lake_sql, sql_type
from tests.tiny_lake import linklake
from tests.tiny_web import expected_views as drawn

Truth = Callable[[], Any]


@pytest.fixture(scope="module")
def serving(built_lake: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(built_lake / "serving" / "authority.duckdb"), read_only=True)


def rows(serving: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return serving.execute(sql).fetchall()


PLAIN: tuple[tuple[str, int, str, Truth], ...] = (
    ("internal_links", 2, "source_url, target_url, domain, anchor_text, link_type, placement, rel_class",
     drawn.internal_links),
    ("broken_backlinks", 2, "source_url, target_url, target_domain, target_status, passes_equity",
     drawn.broken_backlinks),
    ("disavow_candidates", 2, "target_domain, entry, entry_kind, source_domain, disavow_reason, backlinks, "
     "followed_backlinks", drawn.disavow_candidates),
    ("farm_members", 1, "domain, role, backlinks, referring_domains, followed_referring_domains, linked_domains",
     drawn.farm_members),
    ("outlinks", 2, "source_url, target_url, source_domain, target_domain, anchor_text, rel_class, "
     "equity_block_reason", drawn.outlinks),
    ("v_overview", 1, "domain, suspected_referring_domains, follow_backlinks, nofollow_backlinks, ugc_backlinks, "
     "sponsored_backlinks, text_backlinks, image_backlinks, content_backlinks, boilerplate_backlinks, "
     "broken_backlinks", drawn.overview),
    ("v_referring_domains", 2, "target_domain, source_domain, backlinks, is_suspected, is_followed, is_reciprocal",
     drawn.referring_domains),
    ("v_anchors", 2, "target_domain, anchor_text, backlinks, backlinks_share, referring_domains_share",
     drawn.anchors),
    ("v_best_pages", 1, "url, domain, referring_domains, backlinks, followed_backlinks",
     drawn.best_pages),
    ("v_one_link_per_domain", 2, "target_domain, source_domain, links_of_domain, passes_equity, "
     "placement in ('main', 'list')", drawn.one_link_per_domain),
    ("v_linked_domains", 2, "source_domain, target_domain, links, followed_links, linking_pages, "
     "target_referring_domains", drawn.linked_domains),
    ("v_reciprocal_domains", 2, "domain, partner_domain, links_received, links_given, followed_links_received, "
     "followed_links_given, is_followed_exchange", drawn.reciprocal_domains),
    ("v_broken_targets", 1, "target_url, target_status, backlinks, followed_backlinks", drawn.broken_targets),
    ("v_gov_edu_media", 2, "target_domain, source_domain, platform_class", drawn.gov_edu_media),
    ("v_placement_mix", 1, "target_domain, backlinks, content_backlinks, boilerplate_backlinks, other_backlinks, "
     "followed_content_backlinks, followed_boilerplate_backlinks, content_referring_domains, "
     "boilerplate_only_referring_domains", drawn.placement_mix),
    ("v_zero_backlinks", 1, "domain, crawled_pages, zero_backlink_pages, zero_followed_pages, unlinked_pages, "
     "zero_backlink_share", drawn.zero_backlinks),
)  # fmt: skip


@pytest.mark.parametrize(("table", "key", "columns", "truth"), PLAIN, ids=[table for table, *_ in PLAIN])
def test_a_table_equals_the_drawn_truth(
    serving: duckdb.DuckDBPyConnection, table: str, key: int, columns: str, truth: Truth
) -> None:
    found = rows(serving, f"select {columns} from {table}")
    keyed = {(row[0] if key == 1 else row[:key]): row[key:] for row in found}
    assert len(keyed) == len(found)
    assert keyed == truth()


def test_followed_links_are_the_drawn_ones(serving: duckdb.DuckDBPyConnection) -> None:
    found = rows(serving, "select source_url, target_url from v_followed_links")
    assert sorted(found) == sorted(drawn.followed_links())


def test_the_drawn_farm_is_told_with_its_size_and_reasons(serving: duckdb.DuckDBPyConnection) -> None:
    (row,) = rows(serving, "select boosters, targets, top_target, top_target_boosters, boosting_links, why from farms")
    assert row[:5] == drawn.farm()
    assert row[5].startswith("8 domains link alike; ")
    whys = rows(serving, "select role, why from farm_members")
    assert all("rarely linked domains as 7 of them" in why for role, why in whys if role == "booster")


def test_the_history_of_one_crawl_is_what_its_domains_say(serving: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "authority_score, authority_rank, authority_percentile, farm_score, backlinks, followed_backlinks, "
        "referring_domains, followed_referring_domains, linked_domains, crawled_pages"
    )
    now = f"select domain, {columns} from domains order by domain"
    then = f"select domain, {columns} from domain_history where crawl_id = 'tiny' order by domain"
    assert rows(serving, now) == rows(serving, then)
    said = rows(serving, "select distinct as_of, domain_count from domain_history")
    assert said == rows(serving, "select as_of, domain_count from index_info")


def test_the_best_link_of_a_domain_is_one_of_its_links(serving: duckdb.DuckDBPyConnection) -> None:
    sql = "select count(*) from v_one_link_per_domain as o join backlinks using (source_url, target_url)"
    assert rows(serving, sql) == [(len(drawn.one_link_per_domain()),)]


@pytest.mark.parametrize("view", VIEWS, ids=[v.name for v in VIEWS])
def test_a_view_has_the_columns_types_and_comments_that_are_described_and_is_never_null_elsewhere(
    serving: duckdb.DuckDBPyConnection, view: Any
) -> None:
    described = rows(serving, f"select column_name, column_type from (describe {view.name})")
    assert described == [(c.name, sql_type(c.type)) for c in view.columns]
    comments = serving.execute(
        "select column_name, comment from duckdb_columns() where table_name = ? order by column_index", [view.name]
    ).fetchall()
    assert comments == [(c.name, c.meaning) for c in view.columns]
    never_null = [c.name for c in view.columns if not c.nullable]
    nulls = ", ".join(f"count(*) filter (where {name} is null)" for name in never_null)
    assert set(rows(serving, f"select {nulls} from {view.name}")[0]) == {0}
    (repeated,) = rows(serving, f"select count(*) - count(distinct ({', '.join(view.key)})) from {view.name}")[0]
    assert repeated == 0


def test_views_are_in_the_sql_door_and_in_lake_sql_too(built_lake: Path) -> None:
    for view in VIEWS:
        code, out, err = linklake("sql", f"select count(*) as n from {view.name}", "--lake", built_lake)
        assert code == 0, err
        assert out.split()[0] == "n"
    with duckdb.connect() as connection:
        connection.execute(lake_sql(Lake.open(built_lake).snapshot(), built_lake))
        for view in VIEWS:
            connection.execute(f"select count(*) from {view.name}").fetchall()
