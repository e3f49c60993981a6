"""``python -m linklake`` and the command ``linklake``."""

import os
from typing import NoReturn

from linklake import cli


def main() -> NoReturn:
    """Run the command and go at once: what libraries say at exit would stand below the receipt, the last line."""
    os._exit(cli.main())


if __name__ == "__main__":
    main()
