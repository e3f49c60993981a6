"""Columns that several datasets share, each described once."""

from typing import Final, Literal

import pyarrow as pa

from schemas.dataset import TIMESTAMP, Column

End = Literal["source", "target"]

_WHAT = {"source": "the page that links", "target": "what is linked to"}


def url(end: End) -> tuple[Column, ...]:
    """``<end>_url`` with its id."""
    return (
        Column(f"{end}_url", pa.string(), f"Canonical URL of {_WHAT[end]}.", f"https://www.{end}.example/page"),
        Column(f"{end}_url_id", pa.int64(), f"Id of {end}_url.", -4418083921442716533),
    )


def host(end: End, *, nullable: bool = False) -> tuple[Column, ...]:
    """``<end>_host`` with its id."""
    return (
        Column(f"{end}_host", pa.string(), f"Host of {_WHAT[end]}.", f"www.{end}.example", nullable=nullable),
        Column(f"{end}_host_id", pa.int64(), f"Id of {end}_host.", 6220117304410129951, nullable=nullable),
    )


def domain(end: End) -> tuple[Column, ...]:
    """``<end>_domain`` with its id."""
    return (
        Column(f"{end}_domain", pa.string(), f"Registrable domain (eTLD+1) of {_WHAT[end]}.", f"{end}.example"),
        Column(f"{end}_domain_id", pa.int64(), f"Id of {end}_domain.", 1170935903116328959),
    )


def icann_domain(end: End) -> Column:
    """``<end>_icann_domain``: as Common Crawl counts domains."""
    meaning = f"Registrable domain of {_WHAT[end]} without the private section of the public suffix list."
    return Column(f"{end}_icann_domain", pa.string(), meaning, f"{end}.example")


def whole(end: End) -> tuple[Column, ...]:
    """Everything that identifies one end of a link."""
    return (*url(end), *host(end), *domain(end), icann_domain(end))


FIRST_SEEN: Final = Column("first_seen", TIMESTAMP, "When it was first observed.", "2026-11-02T08:15:00Z")
LAST_SEEN: Final = Column("last_seen", TIMESTAMP, "When it was last observed.", "2026-11-19T21:40:12Z")
FETCH_ID: Final = Column(
    "fetch_id", pa.string(), "Names the fetch within its crawl: 16 hex digits.", "9f86d081884c7d65"
)
FETCHED_AT: Final = Column("fetched_at", TIMESTAMP, "When the page was fetched.", "2026-11-19T21:40:12Z")
