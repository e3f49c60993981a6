"""What a dataset is: its grain, key and columns, from which DDL, docs and gate rules are derived."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

import pyarrow as pa

Kind = Literal["state", "event", "mart", "view"]

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")
TEXTS: Final = pa.list_(pa.string())


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, Arrow type, one sentence of meaning, an example.

    ``values`` names the closed vocabulary, ``policy`` says how a metric counts (see the mart ``metric_catalog``),
    ``in_hash`` is false for columns that say how a row was made rather than what it says.
    """

    name: str
    type: pa.DataType
    meaning: str
    example: object = None
    nullable: bool = field(default=False, kw_only=True)
    values: tuple[str, ...] | None = field(default=None, kw_only=True)
    policy: str | None = field(default=None, kw_only=True)
    in_hash: bool = field(default=True, kw_only=True)

    def called(self, name: str, meaning: str) -> "Column":
        """The same column under another name, beside others."""
        return replace(self, name=name, meaning=meaning)


BUCKET: Final = Column("bucket", pa.int32(), "Which of the lake's buckets the row lies in.", example=3, in_hash=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of the lake.

    ``kind``: ``state`` tables are read in their newest partition, ``event`` tables over all crawls, ``mart`` tables
    are state tables promised to BI, and so are ``view`` tables, which are no files but questions to marts (see
    ``schemas/views``). ``bucket_by`` names the int64 id whose low bits choose the bucket (none: one
    bucket). ``writers``: more than one command writes it, each its own slot of a crawl's partition.
    """

    name: str
    grain: str
    kind: Kind
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    bucket_by: str | None = None
    sort_by: tuple[str, ...] = ()
    writers: Literal["one", "many"] = "one"
    schema_version: int = 1

    @property
    def says_its_crawl(self) -> bool:
        """Whether ``crawl_id`` of every row is the partition's crawl: not where a mart compares crawls."""
        has_crawl = any(c.name == "crawl_id" for c in self.columns)
        return has_crawl and (self.kind != "mart" or self.key == ("crawl_id",))

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the logical columns, in order."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @property
    def physical_columns(self) -> tuple[Column, ...]:
        """The logical columns plus ``crawl_id`` and ``bucket``, which every file carries."""
        names = {c.name for c in self.columns}
        head = () if "crawl_id" in names else (CRAWL_ID,)
        return (*head, *self.columns, BUCKET)

    @property
    def physical_schema(self) -> pa.Schema:
        """Arrow schema of a file."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.physical_columns])

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.physical_columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    def taken(self, *names: str) -> tuple[Column, ...]:
        """Some of its columns, for a table that repeats them."""
        return tuple(self.column(name) for name in names)


CRAWL_ID: Final = Column("crawl_id", pa.string(), "The crawl that this row belongs to.", example="2026-w46")


def words(vocabulary: dict[str, str]) -> tuple[str, ...]:
    """The words of a vocabulary, for ``Column(values=…)``."""
    return tuple(vocabulary)
