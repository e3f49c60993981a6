"""What a report is before anything is written: headline numbers, and sections of pictures with the SQL behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Row = Mapping[str, Any]
Kind = Literal["text", "anchor", "name", "url", "code", "whole", "score", "share", "moment", "flag", "verdict"]

Legend = tuple[tuple[str, str], ...]
"""Tones of a drawing, as classes of the style sheet, each with what it means."""

NUMBERS: Final = frozenset({"whole", "score", "share"})
"""Kinds of cells that are aligned by their digits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question as it was asked, word for word, and the rows that it gave."""

    name: str
    sql: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a shown table; ``kind`` says how its values are written, ``is_head`` that it names the row.

    ``note`` names a value that stands in small print under the column's own.
    """

    name: str
    label: str
    kind: Kind = "text"
    is_head: bool = field(default=False, kw_only=True)
    note: str | None = field(default=None, kw_only=True)
    note_kind: Kind = field(default="text", kw_only=True)


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows as horizontal bars: ``whole`` in all, of which ``part``."""

    label: str
    whole: str
    part: str
    part_words: str
    rest_words: str

    @property
    def legend(self) -> Legend:
        return (("accent", self.part_words), ("rest", self.rest_words))


@dataclass(frozen=True, slots=True)
class Histogram:
    """Rows as columns over bands of a scale; heights grow with the logarithm. ``marked`` is a value on the scale."""

    band_from: str
    band_to: str
    count: str
    marked: float | None = None
    marked_words: str = ""

    @property
    def legend(self) -> Legend:
        return (("mark", self.marked_words),) if self.marked_words else ()


@dataclass(frozen=True, slots=True)
class Member:
    """A domain of a farm as it is drawn: ``number`` is that of its row in the table beside the map."""

    number: int
    domain: str
    role: str


@dataclass(frozen=True, slots=True)
class FarmMap:
    """Members of a farm and who of them links to whom, by their numbers."""

    members: tuple[Member, ...]
    links: tuple[tuple[int, int], ...]

    @property
    def legend(self) -> Legend:
        return (("mark", "target"), ("accent round", "booster"))


Drawing = Bars | Histogram | FarmMap


@dataclass(frozen=True, slots=True)
class Picture:
    """One question answered: a table, perhaps drawn too, with the SQL behind it.

    ``answers`` holds the rows of the table first; ``rows`` are these as they are shown. ``empty`` says what it means
    that there are none, ``said`` in words what the drawing shows.
    """

    id: str
    title: str
    caption: str
    answers: tuple[Answer, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing of the kind is in the index."
    drawing: Drawing | None = None
    said: str = ""
    notes: tuple[str, ...] = ()

    @property
    def shown_columns(self) -> tuple[Column, ...]:
        """The columns but those of flags that no row has."""
        return tuple(
            c for c in self.columns if c.name != "farm_tier" or any(row[c.name] is not None for row in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Pictures under one heading; ``lead`` says in plain words what one sees."""

    id: str
    heading: str
    lead: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline number: already in words, because a rank reads otherwise than a count."""

    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. ``domain`` is None for that of the index; ``about`` is the row of index_info."""

    title: str
    domain: str | None
    about: Row
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    figures_answer: Answer
    sections: tuple[Section, ...]
    caveats: Sequence[str]
