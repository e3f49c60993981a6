"""What an interrupted crawl had already fetched and found, read back from its acknowledged parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawlers.journal import JournalState

FOLLOWED_TYPES: Final = frozenset(["text", "image", "area", "meta_refresh"])
"""Link types that lead a reader, and so the spider, to another page."""

NOT_FOLLOWED: Final = frozenset(["nofollow", "ugc", "sponsored"])
"""Rel tokens that stop following, never recording."""


def is_followable(link_type: str, rel: list[str] | tuple[str, ...]) -> bool:
    """Whether a link of a page that may be followed may itself be followed."""
    return link_type in FOLLOWED_TYPES and NOT_FOLLOWED.isdisjoint(rel)


def adopted_states(folder: Path, state: JournalState) -> dict[str, str]:
    """State of the fetch of every URL that was asked for."""
    states: dict[str, str] = {}
    for path in _files(folder, state, "page_fetches"):
        table = pq.read_table(path, columns=["requested_url", "state"])
        states.update(zip(*_lists(table, "requested_url", "state"), strict=True))
    return states


def adopted_links(folder: Path, state: JournalState) -> Iterator[tuple[str, int]]:
    """Every link to be followed, as target and its links from a seed."""
    for part in state.parts:
        if "link_observations" not in part.files:
            continue
        depths = _depths(folder / part.files["page_fetches"].name)
        names = ("fetch_id", "target_url", "link_type", "rel")
        table = pq.read_table(folder / part.files["link_observations"].name, columns=list(names))
        for fetch_id, target, link_type, rel in zip(*_lists(table, *names), strict=True):
            if fetch_id in depths and is_followable(link_type, rel):
                yield target, depths[fetch_id] + 1


def _depths(path: Path) -> dict[str, int]:
    """Depth of each fetched page of a part whose links may be followed."""
    names = ("fetch_id", "depth", "state", "is_nofollow")
    rows = zip(*_lists(pq.read_table(path, columns=list(names)), *names), strict=True)
    return {fetch_id: depth for fetch_id, depth, state, is_nofollow in rows if state == "fetched" and not is_nofollow}


def _lists(table: pa.Table, *names: str) -> tuple[list[Any], ...]:
    return tuple(table.column(name).to_pylist() for name in names)


def _files(folder: Path, state: JournalState, dataset: str) -> Iterator[Path]:
    return (folder / part.files[dataset].name for part in state.parts if dataset in part.files)
