"""Shows how far long work is: a line that renews itself on a terminal, a log line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Final, Self

_TERMINAL_SECONDS: Final = 0.5
_LOG_SECONDS: Final = 30.0


class Progress:
    """Progress of reading ``total`` bytes."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._is_terminal = sys.stderr.isatty()
        self._every = _TERMINAL_SECONDS if self._is_terminal else _LOG_SECONDS
        self._started = self._shown = time.monotonic()

    def show(self, records: int, bytes_done: int, bytes_total: int) -> None:
        """Say how far it is, when it is time to."""
        at = time.monotonic()
        if at - self._shown < self._every:
            return
        self._shown = at
        rate = bytes_done / 1e6 / max(at - self._started, 1e-9)
        share = 100 * bytes_done // max(bytes_total or self._total, 1)
        text = f"{self._what}: {records:,} records, {bytes_done / 1e6:,.0f} MB ({share} %), {rate:.1f} MB/s"
        sys.stderr.write(f"\r{text}\x1b[K" if self._is_terminal else f"{text}\n")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
