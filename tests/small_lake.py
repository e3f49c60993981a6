"""Small partitions, staged and published by hand: what a lake does with files does not depend on what they say."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.errors import Conflict
from schemas.lake import CODE_VERSION, Lake, Staged, StagingArea
from schemas.ledger import Partition, PartitionKey

STAGE: Final = "by_hand"
PAIR: Final = ("host_nodes", "host_edges")
"""Two datasets that are published together here, each with the same number of rows."""

DAMAGES: Final = {
    "bit_flip": "is not what was written (checksum)",
    "cut": "is not what was written (size)",
    "missing": "is missing",
}
"""Ways to harm a file, and what is said of each."""


def stage_by_hand(
    lake: Lake, names: Sequence[str], crawl_id: str, *, reads: Mapping[str, int] | None = None, rows: int = 1
) -> Staged:
    """Stage one small partition of each dataset; ``reads`` defaults to what is replaced."""
    with lake.stage_area(STAGE, crawl_id) as area:
        return _finish(lake, area, names, reads=reads or {}, rows=rows)


def publish_by_hand(lake: Lake, names: Sequence[str], crawl_id: str, *, rows: int = 1) -> int:
    """Stage and publish; the number of the commit."""
    return lake.publish(stage_by_hand(lake, names, crawl_id, rows=rows)).number


def republish(root: Path, name: str, crawl_id: str) -> None:
    """Replace a partition by an equal one: nothing changes but its version, as when its stage had run anew."""
    lake = Lake.open(root)
    old = lake.snapshot().partitions[PartitionKey(name, crawl_id)]
    with lake.stage_area(STAGE, crawl_id) as area:
        files = []
        for file in old.files:
            part = area.part(name, file.bucket)
            shutil.copy(lake.path(file), part)
            files.append(lake.seal(part, dataset_named(name), crawl_id, file.bucket))
        new = replace(old, attempt=area.attempt, files=tuple(files), version=0)
        lake.publish(lake.finish_staging(area, [new], reads={}, receipt={}))


def damage(path: Path, how: str) -> None:
    """Harm a file: one of ``DAMAGES``."""
    if how == "missing":
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    if how == "bit_flip":
        content[len(content) // 3] ^= 0x10
    else:
        del content[-7:]
    path.write_bytes(content)


def publish_many(root: str, crawl_ids: Sequence[str]) -> list[int]:
    """Publish a pair for each crawl: what one of several processes does at once with others."""
    lake = Lake.open(Path(root))
    return [publish_by_hand(lake, PAIR, crawl_id, rows=2) for crawl_id in crawl_ids]


def contest(root: str, folder: str, contestants: int) -> tuple[str, str]:
    """Replace a pair at the very moment at which others do; the attempt, and "won" or what the lake says instead."""
    lake = Lake.open(Path(root))
    with lake.stage_area(STAGE, "c1") as area:
        staged = _finish(lake, area, PAIR, reads={}, rows=1)
        (Path(folder) / area.attempt).touch()
        for _ in range(3000):  # at most half a minute
            if len(os.listdir(folder)) == contestants:
                break
            time.sleep(0.01)
        try:
            lake.publish(staged)
        except Conflict as error:
            return area.attempt, str(error)
    return area.attempt, "won"


def make_lake(root: str) -> int:
    """Open or make a lake; its number of buckets."""
    return Lake.open_or_create(Path(root)).buckets


def die_while_staging(root: str, crawl_id: str) -> None:
    """Die, as by kill -9, with a part written and no manifest."""
    lake = Lake.open(Path(root))
    with lake.stage_area(STAGE, crawl_id) as area:
        _partition(lake, area, PartitionKey("host_nodes", crawl_id), 1)
        os._exit(9)


def _finish(lake: Lake, area: StagingArea, names: Sequence[str], *, reads: Mapping[str, int], rows: int) -> Staged:
    snapshot = lake.snapshot()
    keys = [PartitionKey(name, area.crawl_id) for name in names]
    replaced = {str(k): p.version if (p := snapshot.partitions.get(k)) else 0 for k in keys}
    partitions = [_partition(lake, area, key, rows) for key in keys]
    return lake.finish_staging(area, partitions, reads=replaced | dict(reads), receipt={"rows": {}})


def _partition(lake: Lake, area: StagingArea, key: PartitionKey, rows: int) -> Partition:
    dataset = dataset_named(key.dataset)
    path = area.part(dataset.name, 0)
    pq.write_table(_table(dataset, key.crawl_id, rows), path)
    return Partition(
        key=key,
        stage=area.stage,
        attempt=area.attempt,
        stage_version=1,
        schema_version=dataset.schema_version,
        code_version=CODE_VERSION,
        files=(lake.seal(path, dataset, key.crawl_id, 0),),
    )


def _table(dataset: Dataset, crawl_id: str, rows: int) -> pa.Table:
    def value(type_: pa.DataType, row: int) -> Any:
        if pa.types.is_string(type_):
            return f"text {row}"
        if pa.types.is_boolean(type_):
            return False
        return [] if pa.types.is_list(type_) else row

    given = [{c.name: value(c.type, row) for c in dataset.physical_columns} for row in range(rows)]
    said = [row | {"crawl_id": crawl_id, "bucket": 0} for row in given]
    return pa.Table.from_pylist(said, schema=dataset.physical_schema)
