"""`python -m sandbox NAME [options]`: start one stand-in as a process."""

import sys
from importlib import import_module

NAMES = ("github", "inngest", "actions")


def main(arguments: list[str]) -> None:
    """Hand over to `sandbox.<name>_main:run`; each is imported only when it is wanted."""
    if not arguments or arguments[0] not in NAMES:
        sys.exit(f"usage: python -m sandbox {'|'.join(NAMES)} [options]")
    import_module(f"sandbox.{arguments[0]}_main").run(arguments[1:])


main(sys.argv[1:])
