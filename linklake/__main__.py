"""``python -m linklake`` and the command ``linklake``."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

from linklake.cli import main


def leave() -> NoReturn:
    """Run the command and go at once: what libraries say at exit would stand below the receipt, the last line."""
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave()
