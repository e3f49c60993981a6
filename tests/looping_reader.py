"""``python -m tests.looping_reader LAKE STOP [NEVER]``: reads a lake over and over until the file STOP is there.

Ends with 1 and says why as soon as a read fails, shows tables that do not belong together, or the serving file answers
the SELECT NEVER with a row; else prints how often it read the lake and how often it read the serving file.
"""

import sys
from pathlib import Path

import duckdb

from schemas.lake import Lake
from schemas.render import lake_sql

# Pairs that are equal in any one version of a lake: the first needs both tables, or neither is there yet.
LAKE_LAWS = (
    "select (select count(*) from links), (select count(*) from link_classes) "
    "where exists (select 1 from link_classes)",
    "select (select count(*) from domain_nodes), (select count(*) from domain_ranks) "
    "where exists (select 1 from domain_ranks)",
    "select (select sum(backlinks) from domains), (select count(*) from backlinks) "
    "where exists (select 1 from domains)",
    "select (select page_count from index_info), (select count(*) from pages) where exists (select 1 from index_info)",
)
SERVING_LAWS = (
    "select (select backlink_count from index_info), (select count(*) from backlinks)",
    "select (select page_count from index_info), (select count(*) from pages)",
    "select (select domain_count from index_info), (select count(*) from domains)",
)


def check(connection: duckdb.DuckDBPyConnection, laws: tuple[str, ...]) -> None:
    for law in laws:
        for left, right in connection.execute(law).fetchall():
            if left != right:
                raise SystemExit(f"two versions mixed: {left} and {right} in {law}")


def main(root: Path, stop: Path, never: str | None = None) -> None:
    rounds = served = 0
    print("reading", flush=True)
    while not stop.exists():
        lake = Lake.open(root)
        with duckdb.connect(":memory:") as connection:
            connection.execute(lake_sql(lake.snapshot(), root))
            check(connection, LAKE_LAWS)
        file = lake.serving / "authority.duckdb"
        if file.exists():
            with duckdb.connect(str(file), read_only=True) as connection:
                check(connection, SERVING_LAWS)
                if never and (shown := connection.execute(never).fetchall()):
                    raise SystemExit(f"serving showed {shown}")
            served += 1
        rounds += 1
    print(rounds, served)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
