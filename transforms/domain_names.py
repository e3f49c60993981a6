"""Names among the ends of links that are no registrable domains: what SQL needs to leave them out of the vote."""

from typing import Final

import pyarrow as pa

from schemas.identity import is_registrable
from transforms.stage import Tables

_SCHEMA: Final = pa.schema([pa.field("domain", pa.string(), nullable=False)])


def bind_non_domains(tables: Tables, room: str) -> None:
    """Make ``non_domains (domain)`` readable: those in ``transforms/<room>/seen_domains.sql`` that nobody can hold.

    Domains are few beside links, so each is looked up once in the public suffix list.
    """
    seen = tables.select(tables.query(room, "seen_domains")).column("domain").to_pylist()
    unheld = [domain for domain in seen if domain and not is_registrable(domain)]
    tables.bind_arrow("non_domains", pa.table({"domain": unheld}, schema=_SCHEMA))
