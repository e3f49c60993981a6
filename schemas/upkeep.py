"""What lies in a lake that no version of it names: what kills left behind, for housekeeping to remove."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from schemas.catalog import DATASETS
from schemas.lake import Lake

LEAST_AGE: Final = timedelta(hours=24)
"""How long what nothing names is left alone: long enough for whoever may still be at work on it (DESIGN §3)."""

_ROOMS: Final = ("_staging", "_quarantine")
_TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{8}")
"""What ``durable.write_durably`` writes first."""


def unnamed_files(lake: Lake, *, before: datetime) -> list[Path]:
    """Data files, untouched since then, that no retained version names and no attempt in the lake may yet publish.

    Raises:
        LakeError: the log cannot be read, so that nobody knows what it names.
    """
    folders = (lake.root / dataset.name for dataset in DATASETS)
    found = [path for folder in folders for path in folder.rglob("*.parquet") if _is_older(path, before)]
    if not found:
        return []
    # In this order: who publishes meanwhile moves its files first, commits then, and removes its folder last.
    waiting = tuple(f"part-{folder.name}-" for folder in _attempts(lake))
    named = {file.path for commit in lake.commits() for p in commit.added for file in p.files}
    return sorted(
        path
        for path in found
        if path.relative_to(lake.root).as_posix() not in named and not path.name.startswith(waiting)
    )


def unnamed_archives(lake: Lake, *, before: datetime) -> list[Path]:
    """Archives of live crawls, untouched since then, of which no retained version has a row and no output waits.

    Those of a retracted crawl are named by the versions before: it may come back.

    Raises:
        LakeError: the log cannot be read.
    """
    found = {path: path.name.removesuffix(".warc.gz") for path in (lake.root / "_warc").glob("*.warc.gz")}
    old = {path: crawl_id for path, crawl_id in found.items() if _is_older(path, before)}
    if not old:
        return []
    waiting = set(lake.unsettled())  # first of all: who publishes meanwhile commits, and lets go of these last
    waiting.update(folder.name for room in _ROOMS for folder in (lake.root / room).glob("*/*"))
    named = {partition.key.crawl_id for commit in lake.commits() for partition in commit.added}
    return sorted(path for path, crawl_id in old.items() if crawl_id not in waiting | named)


def unfinished_attempts(lake: Lake, *, before: datetime) -> list[Path]:
    """Folders of attempts, untouched since then, that never came to a manifest; some may be at work still."""
    return sorted(f for f in _attempts(lake) if not (f / "manifest.json").exists() and _is_older(f, before))


def temporary_files(lake: Lake, *, before: datetime) -> list[Path]:
    """Small files, untouched since then, that a kill kept from taking their place."""
    places = (lake.root, lake.root / "_log", lake.serving)
    found = (path for place in places if place.is_dir() for path in place.iterdir() if path.is_file())
    return sorted(path for path in found if _TEMPORARY.fullmatch(path.name) and _is_older(path, before))


def _attempts(lake: Lake) -> Iterator[Path]:
    """Folders of attempts that are staged, at work, stopped by a gate, or dead and not removed yet."""
    return (folder for room in _ROOMS for folder in (lake.root / room).glob("*/*/*") if folder.is_dir())


def _is_older(path: Path, before: datetime) -> bool:
    """By the time of its last change, which unlike that of its content is renewed when a file is moved."""
    try:
        return datetime.fromtimestamp(os.stat(path).st_ctime, UTC) < before
    except FileNotFoundError:
        return False
