"""Builds the file that BI opens: a copy of the newest marts, made aside and swapped in by one rename."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from schemas.catalog import MARTS
from schemas.lake import fsync_path
from schemas.render import comments, create_table, quoted

SERVING_FILE: Final = "authority.duckdb"
STORAGE_VERSION: Final = "v1.2.0"
"""DuckDB storage that every 1.2+ reader opens, Superset's driver among them."""

PREDECESSORS: Final = 3


def build_serving(folder: Path, parts: Mapping[str, Sequence[Path]], *, version: str) -> Path:
    """Build ``authority.duckdb`` from the Parquet files of each mart and swap it in.

    Open readers keep the file that they have; new ones see the new file. ``version`` is stored as the comment of the
    database's marker table, so that the file can be compared with the lake.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{SERVING_FILE}.{os.getpid()}"
    aside.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {quoted(str(aside))} as serving (storage_version {quoted(STORAGE_VERSION)})")
        connection.execute("use serving")
        for mart in MARTS:
            connection.execute(create_table(mart))
            paths = parts[mart.name]
            if paths:
                listed = ", ".join(quoted(str(p)) for p in paths)
                names = ", ".join(c.name for c in mart.columns)
                order = f" order by {', '.join(mart.sort_by)}" if mart.sort_by else ""
                connection.execute(
                    f"insert into {mart.name} select {names} "
                    f"from read_parquet([{listed}], hive_partitioning = false){order}"
                )
            for comment in comments(mart):
                connection.execute(comment)
        connection.execute("create schema linklake_internal")
        connection.execute("create table linklake_internal.version as select ? as version", [version])
        connection.execute("use memory")
        connection.execute("detach serving")
    fsync_path(aside)
    _keep_predecessors(folder)
    os.replace(aside, folder / SERVING_FILE)
    fsync_path(folder)
    return folder / SERVING_FILE


def served_version(folder: Path) -> str | None:
    """Which version of the marts the serving file holds; None when there is none or it cannot be read."""
    path = folder / SERVING_FILE
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            row = connection.execute("select version from linklake_internal.version").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row else None


def _keep_predecessors(folder: Path) -> None:
    """The file about to be replaced becomes ``.1``, that one ``.2``, and so on; the fourth goes."""
    for number in range(PREDECESSORS, 1, -1):
        older = folder / f"{SERVING_FILE}.{number - 1}"
        if older.exists():
            os.replace(older, folder / f"{SERVING_FILE}.{number}")
    current = folder / SERVING_FILE
    if current.exists():
        newest = folder / f"{SERVING_FILE}.1"
        newest.unlink(missing_ok=True)
        os.link(current, newest)
