"""What a process died of while it read: that which killed it twice is not read a third time.

A defect in a parser's compiled code (a segmentation fault, memory without end) leaves no exception to catch. So what is
being read is written down first; what is still there when the next process begins killed the one before. It costs some
microseconds a page, where a process of its own for every page would cost more than reading it.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MOST_DEATHS: Final = 2

_MARK: Final = "reading"
_DEATHS: Final = "deaths.json"
_LENGTH: Final = 64
_NOTHING: Final = b" " * _LENGTH


class Deadly(Exception):
    """What has killed its reader before, and is not read again."""


class Brink:
    """The thing that is read now, in a file of an observation folder; gone with the folder when that is settled."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / _MARK, os.O_RDWR | os.O_CREAT, 0o644)
        path = folder / _DEATHS
        self._deaths = Counter[str](json.loads(path.read_bytes()) if path.exists() else {})
        if died_of := os.pread(self._file, _LENGTH, 0).decode().strip():
            self._deaths[died_of] += 1
            (folder / f"{_DEATHS}.new").write_text(json.dumps(self._deaths), encoding="utf-8")
            os.replace(folder / f"{_DEATHS}.new", path)
            os.pwrite(self._file, _NOTHING, 0)

    def __del__(self) -> None:
        os.close(self._file)

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Read something of that name (up to 64 ASCII characters) in this block.

        Raises:
            Deadly: it has killed its reader twice.
        """
        if self._deaths and self._deaths[name] >= MOST_DEATHS:
            raise Deadly(f"reading it killed the process {self._deaths[name]} times, so it is left out")
        os.pwrite(self._file, name.encode().ljust(_LENGTH), 0)
        try:
            yield
        finally:
            os.pwrite(self._file, _NOTHING, 0)
