"""Text of the web made harmless for files that people open: no formula, nothing that hides or turns what they read."""

import re
import unicodedata
from typing import Any, Final

LONGEST_CELL: Final = 32_000
"""A spreadsheet's cell holds 32,767 characters; what is beyond runs over into cells of its own."""

_FORMULA: Final = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula (OWASP, CSV injection), also in the full width that East Asian spreadsheets read alike."""

_BEGINS: Final = re.compile(rf"^[\s\"']*[{re.escape(_FORMULA)}]")
_AFTER_SEPARATOR: Final = re.compile(rf"(;[\s\"]*)([{re.escape(_FORMULA)}])")
"""Where a spreadsheet takes the semicolon for the separator, a cell begins behind it."""

_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Fillers and blanks that are letters or marks by category, and take no ink."""


def visible(text: str) -> str:
    """Each character that hides, has no width, ends a line or changes the direction, as ``\\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if _is_unseen(c) else c for c in text)


def cell(value: Any) -> Any:
    """A value for a spreadsheet: what would be a formula becomes text by an apostrophe; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    if len(value) > LONGEST_CELL:
        value = f"{value[:LONGEST_CELL]}…"
    text = _AFTER_SEPARATOR.sub(r"\1'\2", visible(value))
    return f"'{text}" if _BEGINS.match(text) else text


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN_CATEGORIES or character in _UNSEEN


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
