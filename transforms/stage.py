"""What a stage is: a pure function from tables to tables that knows no path, no clock and no scheduler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

import pyarrow as pa

Which = Literal["crawl", "previous", "history", "parts"]
"""Which partitions of an input a stage reads: that of its crawl, the newest before it (a state), those of its crawl
and all before it (events), or the unsettled parts of the observation."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that a stage knows of time: the crawl it builds for, and when that crawl ended."""

    crawl_id: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Input:
    """A dataset that a stage reads, as the table ``name``; an optional one that is missing is an empty table."""

    dataset: str
    which: Which = "crawl"
    is_optional: bool = False
    is_record: bool = False
    """A record of what was: read as it stands when the stage runs, and never a reason to run it again."""

    @property
    def name(self) -> str:
        """How SQL calls it."""
        return {"previous": f"previous_{self.dataset}", "parts": f"{self.dataset}_parts"}.get(self.which, self.dataset)


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT whose rows are an output; nothing is computed until it is written."""

    sql: str
    values: Mapping[str, object]


Output = Query | pa.Table


class Tables(Protocol):
    """The inputs of a stage, whichever engine holds them."""

    def query(self, room: str, file: str, **values: object) -> Query:
        """The SELECT of ``transforms/<room>/<file>.sql`` over the inputs, with values for its ``$names``."""

    def arrow(self, table: str, columns: Sequence[str], *, order_by: Sequence[str] = ()) -> pa.Table:
        """Columns of an input in memory."""

    def select(self, query: Query) -> pa.Table:
        """The rows of a SELECT in memory."""

    def bind_arrow(self, name: str, table: pa.Table) -> None:
        """Make a table in memory readable as ``name`` for the SELECTs that follow."""

    def keep(self, name: str, query: Query) -> None:
        """Compute the rows of a SELECT now, readable as ``name`` for the SELECTs that follow."""


Build = Callable[[Run, Tables], Mapping[str, Output]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the pipeline; ``version`` goes up when the same inputs would give other rows.

    ``counts_rows_of`` names the input whose rows the receipt counts as rows in. ``is_corpus_wide`` says that what it
    makes means nothing where only links to some targets are known.
    """

    name: str
    meaning: str
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    build: Build
    version: int = 1
    counts_rows_of: str | None = None
    is_corpus_wide: bool = False


REJECTS: Final = "rejected_records"
"""The dataset in which a stage's rejected rows appear, in the stage's own slot."""
