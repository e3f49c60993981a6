"""Talk beside the results, on stderr: what is going on, and how far long work is."""

import os
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, TextIO

_TERMINAL_SECONDS: Final = 0.5
_LOG_SECONDS: Final = 30.0


def say(text: str, *, end: str = "\n") -> None:
    """Write to stderr at once; work goes on when whoever listened has left (``2>&1 | head``)."""
    with suppress(BrokenPipeError):
        print(text, end=end, file=sys.stderr, flush=True)


def silence(stream: TextIO) -> None:
    """After its reader has left: keep the interpreter from complaining about what is still unwritten at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Progress:
    """How far reading ``total`` bytes is: on a terminal a line that renews itself, elsewhere one now and then."""

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
        if self._is_terminal:
            say(f"\r{text}\x1b[K", end="")
        else:
            say(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_terminal:
            say("\r\x1b[K", end="")
