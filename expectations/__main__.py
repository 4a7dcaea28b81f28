"""Entry point of `python -m expectations`."""

import sys

from expectations.cli import main

if __name__ == "__main__":
    sys.exit(main())
