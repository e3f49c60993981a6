"""``python -m linklake`` and the command ``linklake``."""

import sys

from linklake.cli import main

if __name__ == "__main__":
    sys.exit(main())
