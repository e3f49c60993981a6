"""Values as text that does nothing but show: no control character, no change of direction, no endless line."""

from datetime import UTC, datetime
from typing import Any, Final

from linklake.report.model import Kind

REPLACED: Final = "\ufffd"
_WIDTHS: Final[dict[Kind, int]] = {"url": 110, "anchor": 90, "name": 80, "code": 120, "text": 400}
"""Characters of a cell; a page is read, the lake has the rest."""


def plain(text: str, width: int = 400) -> str:
    """One line of printable characters. What is not printable (control, bidi and zero-width characters, lone
    surrogates) becomes a visible mark, white space a space; what is too long is cut."""
    cut = text[: 4 * width]  # a text of megabytes is not walked through
    shown = " ".join("".join(c if c.isprintable() else " " if c.isspace() else REPLACED for c in cut).split())
    return shown if len(shown) <= width and len(cut) == len(text) else shown[: width - 1] + "…"


def whole(value: int) -> str:
    """A count: 36,505."""
    return f"{value:,}"


def share(value: float) -> str:
    """A part of 1 in percent: 85.8 %; what is not nothing is never shown as 0 %."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.1f} %" if percent < 99.95 or percent == 100 else ">99.9 %"


def score(value: float) -> str:
    """An authority score: 72.8."""
    return f"{value:.1f}"


def day(value: datetime) -> str:
    """A moment by its day, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d}"


def words(value: Any) -> str:
    """A word of a vocabulary as one reads it: ``author_bio`` is author bio."""
    return plain(str(value)).replace("_", " ")


def cell(value: Any, kind: Kind) -> str:
    """A value of a table."""
    if value is None:
        return "–"
    match kind:
        case "whole":
            return whole(int(value))
        case "score":
            return score(float(value))
        case "share":
            return share(float(value))
        case "moment":
            return day(value)
        case "flag":
            return "yes" if value else "no"
        case "verdict":
            return words(value)
        case "anchor" if value == "":
            return "(no text)"
        case _:
            return plain(str(value), _WIDTHS[kind])
