"""``python -m tests.killable POINT[:N]|- ARGUMENTS…``: linklake, killed -9 at a named point of the write path."""

import os
import signal
import sys

import linklake.observe
import linklake.pipeline  # noqa: F401  (imported before "ready", so that a random kill hits work, not imports)
from linklake.cli import main
from schemas import lake


def kill_at(point: str, passing: int) -> None:
    """Make the passing-th time that ``point`` is reached the last thing that this process does."""
    left = passing

    def reached(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    lake.reached = reached


if __name__ == "__main__":
    wanted, _, number = sys.argv[1].partition(":")
    if wanted != "-":
        kill_at(wanted, int(number or 1))
    print("ready", flush=True)
    sys.exit(main(sys.argv[2:]))
