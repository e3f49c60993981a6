"""``python -m linklake`` and the command ``linklake``."""

import os
from typing import NoReturn

from linklake import stopping
from linklake.progress import say


def main() -> NoReturn:
    """Run the command and go at once: what libraries say at exit would stand below the receipt, the last line."""
    try:
        stopping.listen()
        from linklake import cli  # takes a second, in which a signal may come

        code = cli.main()
    except stopping.Stopped:
        number = stopping.asked()
        assert number is not None
        code, words = stopping.end(number)
        say(f"linklake: {words}")
    os._exit(code)


if __name__ == "__main__":
    main()
