"""Poisoned partitions: what a stage with a defect, or a disk, would leave for its gate or among what is published."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.durable import file_sha256
from schemas.lake import Lake, Staged
from schemas.ledger import File, Partition, partition_to_json
from tests.small_lake import damage

Change = Callable[[pa.Table], pa.Table]


def doubled(table: pa.Table) -> pa.Table:
    """Its first row twice."""
    return pa.concat_tables([table, table.slice(0, 1)])


def without_first(table: pa.Table) -> pa.Table:
    """Its first row is gone."""
    return table.slice(1)


def null_first(column: str) -> Change:
    """Its first row has NULL there."""

    def change(table: pa.Table) -> pa.Table:
        values = pa.array([None, *table[column].to_pylist()[1:]], table.schema.field(column).type)
        return table.set_column(table.schema.get_field_index(column), column, values)

    return change


def retyped(column: str, type_: pa.DataType) -> Change:
    """That column has another type."""

    def change(table: pa.Table) -> pa.Table:
        return table.set_column(table.schema.get_field_index(column), column, pc.cast(table[column], type_))

    return change


def renamed_first(column: str, text: str) -> Change:
    """Its first row says that text there."""

    def change(table: pa.Table) -> pa.Table:
        values = pa.array([text, *table[column].to_pylist()[1:]])
        return table.set_column(table.schema.get_field_index(column), column, values)

    return change


@dataclass(frozen=True, slots=True)
class Poison:
    """A kind of poison: what becomes of a dataset's first file; no change: the file is altered behind our back."""

    kind: str
    stage: str
    dataset: str
    rule: str
    change: Change | None
    is_acceptable: bool = True

    def __str__(self) -> str:
        return self.kind


def poison_staged(root: Path, poison: Poison, crawl_id: str) -> None:
    """Poison what a stage staged for a crawl, as if the stage had written it so (unless it is altered)."""
    lake = Lake.open(root)
    staged = lake.staged(poison.stage, crawl_id)[-1]
    file = next(f for p in staged.partitions if p.key.dataset == poison.dataset for f in p.files)
    path = lake.staged_path(staged, file)
    if poison.change is None:
        damage(path, "bit_flip")
        return
    pq.write_table(poison.change(pq.read_table(path)), path)
    _say_so(lake, staged, file, _described(path, file))


def _described(path: Path, file: File) -> File:
    rows = pq.read_metadata(path).num_rows
    return replace(file, rows=rows, bytes=path.stat().st_size, sha256=file_sha256(path))


def _say_so(lake: Lake, staged: Staged, old: File, new: File) -> None:
    manifest = lake.area_of(staged).folder / "manifest.json"
    said: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    partitions: list[Mapping[str, Any]] = []
    for partition in staged.partitions:
        files = tuple(new if f == old else f for f in partition.files)
        partitions.append(partition_to_json(_with_files(partition, files)))
    manifest.write_text(json.dumps(said | {"partitions": partitions}), encoding="utf-8")


def _with_files(partition: Partition, files: tuple[File, ...]) -> Partition:
    return replace(partition, files=files)


KINDS = (
    Poison("duplicate keys", "rank_hosts", "host_ranks", "duplicate_keys", doubled),
    Poison("NULL keys", "rank_hosts", "host_ranks", "null_host", null_first("host")),
    Poison(
        "wrong type",
        "rank_hosts",
        "host_ranks",
        "columns_and_types",
        retyped("pagerank", pa.float32()),
        is_acceptable=False,
    ),
    Poison("broken conservation", "dedupe_links", "links", "no_link_vanishes", without_first),
    Poison("missing reference", "build_edges", "host_nodes", "edge_has_nodes", renamed_first("host", "nobody.test")),
    Poison("altered file", "classify_links", "link_classes", "checksum", None, is_acceptable=False),
)
"""One of each kind."""
