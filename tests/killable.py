"""linklake in a process of its own that may be killed at any moment, or kills itself at a named point.

It is forked from a server that has everything imported: a kill hits work, not imports, and nobody waits for them.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.imported"])


class Killable:
    """A running command, with the part of Popen's face that tests use; its streams are merged, ``ready`` comes first.

    With ``kill_at`` it kills itself (SIGKILL) at the first passing of that point of the write path; ``point:n`` at the
    n-th. ``first`` is called in it before the command.
    """

    def __init__(
        self, arguments: Sequence[object], *, kill_at: str | None = None, first: Callable[[], object] | None = None
    ) -> None:
        reader, writer = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_work, args=([str(a) for a in arguments], kill_at, first, writer))
        self._process.start()
        writer.close()
        self._said = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        self._process.join()
        self._said.close()

    def wait_until_ready(self) -> None:
        """Everything is imported, and the command is about to begin."""
        assert self._said.readline() == "ready\n"

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def ended(self, *, seconds: float = 60) -> str:
        """Wait for its end, and kill it when that takes too long; what it has said, both streams."""
        overdue = threading.Timer(seconds, self.kill)
        overdue.start()
        try:
            said = self._said.read()
            self._process.join()
        finally:
            overdue.cancel()
        return said.removeprefix("ready\n")

    @property
    def returncode(self) -> int | None:
        """As Popen's: negative for a signal."""
        return self._process.exitcode


def _work(arguments: list[str], kill_at: str | None, first: Callable[[], object] | None, said: Connection) -> None:
    from linklake import cli

    for stream in (1, 2):
        os.dup2(said.fileno(), stream)
    if kill_at:
        point, _, number = kill_at.partition(":")
        _kill_at(point, int(number or 1))
    if first:
        first()
    print("ready", flush=True)
    code = cli.main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _kill_at(wanted: str, passing: int) -> None:
    """Make the passing-th time that ``wanted`` is reached the last thing that this process does."""
    from schemas import lake

    left = passing

    def kill(reached: str, /) -> None:
        nonlocal left
        if reached == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    lake.reached = kill
