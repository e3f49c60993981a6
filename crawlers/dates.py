"""Dates as pages write them, where they are sure enough to be read."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_YEAR: Final = 1991
"""The web's first; what is older is the date of something else."""

LAST_YEAR: Final = 2099
_MAX_CHARACTERS: Final = 64

_ISO = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)"
    r"(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE | re.ASCII,
)


def read_date(text: str | None) -> datetime | None:
    """Read an ISO 8601 or RFC 5322 date, whole days included; without a zone it counts as UTC.

    None for anything else (`04/05/2020` has two readings) and for years out of 1991–2099.
    """
    if not text or len(text) > _MAX_CHARACTERS:
        return None
    text = text.strip()
    found = _ISO.match(text)
    try:
        date = _iso(found) if found else parsedate_to_datetime(text)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


def _iso(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, zone = found.groups()
    date = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    if zone is None or zone[0] not in "+-":
        return date.replace(tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].lstrip(":") or 0))
    return date.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))
