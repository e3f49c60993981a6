"""Builds the file that BI opens: a copy of the newest marts with their views, made aside, swapped in by one rename."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from schemas.catalog import MARTS, VIEWS
from schemas.dataset import Dataset
from schemas.durable import fsync_path
from schemas.render import comments, create_table, quoted, view_select
from transforms.engines.duckdb import Resources, connect

SERVING_FILE: Final = "authority.duckdb"
STORAGE_VERSION: Final = "v1.2.0"
"""DuckDB storage that every 1.2+ reader opens, Superset's driver among them."""

PREDECESSORS: Final = 3

_ASIDE: Final = f".{SERVING_FILE}.aside"
_LOCK: Final = f".{SERVING_FILE}.lock"


@contextmanager
def sole_builder(folder: Path) -> Iterator[None]:
    """Wait until no other process builds the serving file; a lock that dies with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def build_serving(folder: Path, parts: Mapping[str, Sequence[Path]], *, version: str, resources: Resources) -> Path:
    """Build ``authority.duckdb`` from the Parquet files of each mart and swap it in; call it as ``sole_builder``.

    Open readers keep the file that they have; new ones see the new file. ``version`` is stored in a table of its own,
    so that the file can be compared with the lake. What a killed build left is removed first.
    """
    aside = folder / _ASIDE
    _remove_aside(folder)
    try:
        with connect(resources) as connection:
            connection.execute(f"attach {quoted(str(aside))} as serving (storage_version {quoted(STORAGE_VERSION)})")
            connection.execute("use serving")
            for mart in MARTS:
                connection.execute(create_table(mart))
                _fill(connection, mart, parts[mart.name])
                for comment in comments(mart):
                    connection.execute(comment)
            for view in VIEWS:
                connection.execute(f"create view {view.name} as {view_select(view)}")
                for comment in comments(view):
                    connection.execute(comment)
            connection.execute("create schema linklake_internal")
            connection.execute("create table linklake_internal.version as select ? as version", [version])
            connection.execute("use memory")
            connection.execute("checkpoint serving")  # detaching would do it too, but not say why it could not
            connection.execute("detach serving")
        fsync_path(aside)
        if served_version(folder) is not None:
            _keep_predecessors(folder)
        os.replace(aside, folder / SERVING_FILE)
        fsync_path(folder)
    finally:
        _remove_aside(folder)
        shutil.rmtree(resources.temporary, ignore_errors=True)
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


def _fill(connection: duckdb.DuckDBPyConnection, mart: Dataset, paths: Sequence[Path]) -> None:
    if not paths:
        return
    listed = ", ".join(quoted(str(p)) for p in paths)
    names = ", ".join(c.name for c in mart.columns)
    order = f" order by {', '.join(mart.sort_by)}" if mart.sort_by else ""
    connection.execute(
        f"insert into {mart.name} select {names} from read_parquet([{listed}], hive_partitioning = false){order}"
    )


def _remove_aside(folder: Path) -> None:
    for name in (_ASIDE, f"{_ASIDE}.wal"):
        (folder / name).unlink(missing_ok=True)


def _keep_predecessors(folder: Path) -> None:
    """The file about to be replaced becomes ``.1``, that one ``.2``, and so on; the fourth goes."""
    current, newest = folder / SERVING_FILE, folder / f"{SERVING_FILE}.1"
    if newest.exists() and newest.samefile(current):
        return  # kept already, by a build that was killed before its swap
    for number in range(PREDECESSORS, 1, -1):
        older = folder / f"{SERVING_FILE}.{number - 1}"
        if older.exists():
            os.replace(older, folder / f"{SERVING_FILE}.{number}")
    os.link(current, newest)
