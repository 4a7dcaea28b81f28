"""`capture plan` against what a capture then needs, on five different repositories (and real records with `--data`).

The estimate has to lie within 25 % of the measured requests and points, and its range has to hold them.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from product import sandbox

REPOSITORIES: dict[str, tuple[str, ...]] = {
    "everyday": ("--pull-requests", "300"),
    "workload W": ("--shape", "workload", "--pull-requests", "600"),
    "busier every year": ("--shape", "growing", "--pull-requests", "900", "--seed", "4"),
    "hardly a comment": ("--shape", "bare", "--pull-requests", "1500"),
    "everyday, longer": ("--pull-requests", "1200", "--seed", "9"),
}
TOLERANCE = 0.25


def compare(name: str, arguments: tuple[str, ...]) -> bool:
    """Plan, capture, compare."""
    good = True
    with sandbox(*arguments) as bench, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        plan = bench.capture(home, "plan", bench.repository).answer
        bench.stats()
        bench.capture(home, "sync", bench.repository)
        measured = bench.stats()
    for figure in ("requests", "points"):
        told, found = plan[figure], measured[figure]
        off = told["value"] / found - 1
        held = abs(off) <= TOLERANCE and told["low"] <= found <= told["high"]
        good = good and held
        print(
            f"{name:20} {figure:8} planned {told['value']:6.0f} ({told['low']:.0f} to {told['high']:.0f}), "
            f"measured {found:5}, off by {off:+.0%} {'' if held else 'MISSED'}"
        )
    return good


def main() -> int:
    """Go through the repositories."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of real records to add")
    options = parser.parse_args()
    repositories = dict(REPOSITORIES)
    if options.data:
        repositories["real records"] = ("--data", str(options.data))
    held = [compare(name, arguments) for name, arguments in repositories.items()]
    print("holds" if all(held) else "A TARGET IS MISSED")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
