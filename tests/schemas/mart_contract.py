"""What BI was promised (``marts.tsv``), held against the marts and views of today: ``make contract`` writes it anew.

A table or column that goes, changes its type or may suddenly be NULL breaks whoever reads it: that takes a new first
number of ``MART_VERSION``. What is added takes a new second one.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.catalog import MART_VERSION, MARTS, VIEWS
from schemas.dataset import Dataset
from schemas.render import sql_type

FILE: Final = Path(__file__).with_name("marts.tsv")

Columns = Mapping[tuple[str, str], str]
"""(table, column) -> its type and whether it may be NULL."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A version, and all that it promises."""

    version: str
    columns: Columns

    @property
    def first(self) -> int:
        """The number that goes up when something breaks."""
        return int(self.version.partition(".")[0])

    def to_text(self) -> str:
        """As it stands in the file."""
        lines = [f"mart_version\t{self.version}"]
        lines += [f"{table}\t{column}\t{what}" for (table, column), what in self.columns.items()]
        return "\n".join(lines) + "\n"


def todays(tables: Sequence[Dataset] = (*MARTS, *VIEWS), version: str = MART_VERSION) -> Contract:
    """What the schemas say."""
    return Contract(
        version,
        {(t.name, c.name): f"{sql_type(c.type)}{'' if c.nullable else ' not null'}" for t in tables for c in t.columns},
    )


def written(text: str | None = None) -> Contract:
    """What the file says."""
    head, *lines = (FILE.read_text(encoding="utf-8") if text is None else text).splitlines()
    rows = [line.split("\t") for line in lines]
    return Contract(head.split("\t")[1], {(table, column): what for table, column, what in rows})


def breaches(promised: Contract, today: Contract) -> Iterator[str]:
    """What today breaks of a promise, or adds to it without saying so by its version."""
    if today.first == promised.first:
        for key, what in promised.columns.items():
            if key not in today.columns:
                yield f"{'.'.join(key)} is gone"
            elif today.columns[key] not in (what, f"{what} not null"):
                yield f"{'.'.join(key)} was {what}, and is {today.columns[key]}"
    if today.version == promised.version:
        for key in today.columns.keys() - promised.columns.keys():
            yield f"{'.'.join(key)} is new, and mart_version is {today.version} still"


def main() -> int:
    """Write the contract of today, unless it breaks the last one."""
    found = sorted(breaches(written(), todays())) if FILE.exists() else []
    if found:
        print("\n".join(found), "raise MART_VERSION in schemas/catalog.py first", sep="\n", file=sys.stderr)
        return 1
    FILE.write_text(todays().to_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
