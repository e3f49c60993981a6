"""A small generated web, crawled over HTTP and built once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from linklake.config import load
from linklake.demo.generated.web import GeneratedWeb
from linklake.demo.show import crawl_generated
from schemas.lake import Lake
from schemas.render import lake_sql
from tests.generated_web.expected import Expected
from tests.tiny_lake import MEMORY, linklake

SITES = 60


@pytest.fixture(scope="package")
def web() -> GeneratedWeb:
    return GeneratedWeb(sites=SITES)


@pytest.fixture(scope="package")
def expected(web: GeneratedWeb) -> Expected:
    return Expected(web.truth)


@pytest.fixture(scope="package")
def lake_of_web(web: GeneratedWeb, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with everything built from one crawl of the small web: read it, don't change it."""
    root = tmp_path_factory.mktemp("generated") / "lake"
    lake = Lake.open_or_create(root)
    crawl_generated(lake, load({"memory": MEMORY, "threads": 2}, environment={}, folder=root.parent), web, "web")
    code, _, err = linklake("build", "--crawl-id", "web", "--lake", root, "--memory", MEMORY)
    assert code == 0, err
    return root


@pytest.fixture(scope="package")
def tables(lake_of_web: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every dataset of the lake."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(lake_sql(Lake.open(lake_of_web).snapshot(), lake_of_web))
        yield connection


@pytest.fixture(scope="package")
def serving(lake_of_web: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Marts and views, as BI reads them."""
    with duckdb.connect(str(lake_of_web / "serving" / "authority.duckdb"), read_only=True) as connection:
        yield connection
