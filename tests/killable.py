"""``python -m tests.killable POINT[:N]|- ARGUMENTS…``: linklake, killed -9 at a named point of the write path."""

import os
import signal
import sys

import linklake.observe
import linklake.pipeline  # noqa: F401  (imported before "ready", so that a random kill hits work, not imports)
from linklake.cli import main
from schemas import lake


def kill_at(wanted: str, passing: int) -> None:
    """Make the passing-th time that ``wanted`` is reached the last thing that this process does."""
    left = passing

    def kill(reached: str, /) -> None:
        nonlocal left
        if reached == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    lake.reached = kill


if __name__ == "__main__":
    point, _, number = sys.argv[1].partition(":")
    if point != "-":
        kill_at(point, int(number or 1))
    print("ready", flush=True)
    sys.exit(main(sys.argv[2:]))
