"""What was observed of a page's links: columns, as they are stored, and rows for those who look at single links."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, overload

import numpy as np
import pyarrow as pa

from crawlers.arrow_cells import Cells
from schemas.catalog import dataset
from schemas.identity import CanonicalUrl

_SCHEMA: Final = dataset("link_observations").schema


class Observation(NamedTuple):
    """A link whose href resolves to http(s). Those that no reader sees have no text, no place and no block."""

    position: int
    """Place among the page's observations, from 0: headers first, then the document's order."""
    href: str
    """As found: decoded, untrimmed, cut at 8 KiB; for a meta refresh the URL in its content."""
    target: CanonicalUrl
    link_type: str
    rel: tuple[str, ...] = ()
    anchor_text: str = ""
    alt: str | None = None
    """Alt text of an image link or area; None for other links and where the attribute is missing."""
    context_left: str = ""
    context_right: str = ""
    placement: str = "unknown"
    placement_confidence: float = 0.0
    block_link_density: float = 0.0
    """Share of the enclosing block's text (white space not counted) that stands inside links, 0 to 1."""
    block_word_count: int | None = None
    block_link_count: int | None = None
    block_id: int | None = None
    dom_path: str | None = None
    """Of structured data the script, type and property: `script > Person.sameAs`."""
    heading_path: tuple[str, ...] | None = None
    is_hidden: bool = False


_TARGET: Final = {
    "target_url": "url", "target_host": "host", "target_domain": "domain", "target_icann_domain": "icann_domain",
}  # fmt: skip
_OF_LINK: Final = tuple(name for name in Observation._fields if name != "target")

_NAMED: Final = frozenset(["href", "link_type", "alt", "placement", "dom_path", *_TARGET])
"""Columns whose values recur on a page, and are stored once."""

SCHEMA: Final = pa.schema([
    _SCHEMA.field(name).with_type(pa.dictionary(pa.int32(), pa.string())) if name in _NAMED else _SCHEMA.field(name)
    for name in (*_OF_LINK, *_TARGET)
])  # fmt: skip
"""The columns of `link_observations` that a page's links fill."""


class Observations(Sequence[Observation]):
    """The links of a page in order: a batch of SCHEMA, or rows of which one is made when it is asked for."""

    def __init__(self, batch: pa.RecordBatch | None = None, rows: Sequence[Observation] = ()) -> None:
        self._batch = batch
        self._rows = rows if batch is None else None
        self._count: int = len(rows) if batch is None else batch.num_rows

    @property
    def batch(self) -> pa.RecordBatch:
        """The columns; a lone surrogate in them, which has no UTF-8, is U+FFFD."""
        if self._batch is None:
            self._batch = _batch_of(self._rows or ())
        return self._batch

    def where(self, is_kept: Callable[[CanonicalUrl], bool]) -> "Observations":
        """Those whose target is to be kept."""
        return Observations(rows=[seen for seen in self if is_kept(seen.target)])

    def count_to(self, domain: str) -> int:
        """How many lead to that registrable domain."""
        column: Cells = self.batch.column("target_domain")
        numbers = [number for number, name in enumerate(column.dictionary.to_pylist()) if name == domain]
        return int(np.isin(column.indices.to_numpy(), numbers).sum())

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | Sequence[Observation]:
        return self._all()[index]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def _all(self) -> Sequence[Observation]:
        if self._rows is None:
            self._rows = _rows_of(self.batch)
        return self._rows


def _rows_of(batch: pa.RecordBatch) -> list[Observation]:
    columns = {name: _values(batch.column(name)) for name in batch.schema.names}
    targets = map(CanonicalUrl, *(columns[name] for name in _TARGET))
    values = ((targets if name == "target" else columns[name]) for name in Observation._fields)
    return list(map(Observation, *values))


def _values(column: Cells) -> list[Any]:
    """The values in Python; by way of NumPy, many times as fast as Arrow's own."""
    if pa.types.is_dictionary(column.type):
        names = [*_values(column.dictionary), None]
        return [names[number] for number in column.indices.fill_null(len(names) - 1).to_numpy().tolist()]
    if pa.types.is_list(column.type):
        texts, offsets = _values(column.values), column.offsets.to_pylist()
        valid = column.is_valid().to_pylist()
        return [
            tuple(texts[first:last]) if is_there else None
            for first, last, is_there in zip(offsets, offsets[1:], valid, strict=False)
        ]
    if pa.types.is_string(column.type) or not column.null_count:
        return list(column.to_numpy(zero_copy_only=False).tolist())
    return list(column.to_pylist())


def _batch_of(rows: Sequence[Observation]) -> pa.RecordBatch:
    columns: dict[str, Sequence[Any]] = {}
    if rows:
        columns.update(zip(Observation._fields, zip(*rows, strict=True), strict=True))
    targets = columns.pop("target", ())
    for name, attribute in _TARGET.items():
        columns[name] = [getattr(target, attribute) for target in targets]
    return pa.record_batch([_cells(columns.get(field.name, ()), field.type) for field in SCHEMA], schema=SCHEMA)


def _cells(values: Sequence[Any], kind: pa.DataType) -> Cells:
    if not pa.types.is_dictionary(kind):
        return array_of(values, kind)
    return array_of(values, kind.value_type).dictionary_encode()


def array_of(values: Sequence[Any], kind: pa.DataType) -> Cells:
    """Values as a column; a lone surrogate among them becomes U+FFFD."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # a lone surrogate: no UTF-8, and one must not cost the other rows of the part
        return pa.array(_scalars(values), kind)


def _scalars(values: Sequence[Any]) -> list[Any]:
    """The same texts (and lists of texts), lone surrogates replaced by U+FFFD."""
    return [
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str)
        else _scalars(value)
        if isinstance(value, Sequence)
        else value
        for value in values
    ]
