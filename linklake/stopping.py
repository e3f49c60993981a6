"""SIGINT and SIGTERM: engines are interrupted, the command says how it ended, and after a few seconds it is over.

Python runs a signal handler between two of its own instructions only, and DuckDB may not come back to it for hours. So
a thread, woken by the signal itself, interrupts the engines, sees that the main thread hears of it, and ends the
process should nothing else do.
"""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Final

GRACE_SECONDS: Final = 5.0
"""How long a command may take to end; Docker kills after 10 s."""

_AGAIN_SECONDS: Final = 0.2
_ENGINES: Final = "transforms.engines.duckdb"


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end."""


@dataclass(slots=True)
class _State:
    asked: signal.Signals | None = None
    is_over: bool = False
    last_words: Callable[[], None] = lambda: None


_state: Final = _State()


def listen() -> None:
    """Heed SIGINT and SIGTERM from now on; one that the process was started to ignore (``nohup``) stays ignored."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)
    sys.unraisablehook = _leave_unsaid
    threading.Thread(target=_watch, args=(readable,), name="stopping", daemon=True).start()


def asked() -> signal.Signals | None:
    """The signal that asked the command to end; any error after it is its consequence."""
    return _state.asked


def end(number: signal.Signals) -> tuple[int, str]:
    """Exit code, as a shell expects it, and the words for a command that a signal ended."""
    words = f"stopped by {number.name}: nothing published or acknowledged is lost, run the same command again to go on"
    return 128 + number, words


def at_the_latest(last_words: Callable[[], None]) -> None:
    """What to say should the command not end by itself in time; called from another thread."""
    _state.last_words = last_words


def over() -> None:
    """The command is about to say how it ended: nothing interrupts it any more."""
    _state.is_over = True


def _hear(number: int, _: FrameType | None) -> None:
    """Break off what the main thread does, unless an error is on its way out already (and so are its clean-ups)."""
    _state.asked = _state.asked or signal.Signals(number)
    if not _state.is_over and sys.exc_info()[1] is None:
        raise Stopped(_state.asked.name)


def _leave_unsaid(lost: "sys.UnraisableHookArgs") -> None:
    """Python drops what is raised in a finalizer or a callback of a weak reference, and says so with a traceback. That
    the signal met one of those is no news: ``_watch`` sees that the main thread hears of it again."""
    if not isinstance(lost.exc_value, Stopped):
        sys.__unraisablehook__(lost)


def _watch(readable: int) -> None:
    number = signal.Signals(os.read(readable, 1)[0])
    deadline = time.monotonic() + GRACE_SECONDS
    _state.asked = _state.asked or number
    while time.monotonic() < deadline:
        time.sleep(_AGAIN_SECONDS)
        if _state.is_over:
            continue
        if engines := sys.modules.get(_ENGINES):
            engines.interrupt_all()
        _thread.interrupt_main(number)  # again: the first may have come in the middle of an except block
    _state.last_words()
    os._exit(128 + number)
