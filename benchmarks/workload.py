"""Workload W: what capturing N pull requests costs in requests, points and seconds, cold and unchanged.

Each pull request has 3 reviews, 3 inline and 2 conversation comments and 8 files. The first capture lets the sandbox
render its answers; the second, of a new database, is the measured one. Ends with 1 where a target is missed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from product import Bench, sandbox

MOST_COLD_REQUESTS, MOST_COLD_POINTS, MOST_UNCHANGED_REQUESTS = 60, 100, 13
# Measured for W-1000 on an emulator of the same kind; the first two store no file rows.
PEERS = {"tap-github": 2_063, "airbyte": 703, "perceval": 5_100}


def measure(bench: Bench, home: Path, total: int) -> bool:
    """One cold capture and one unchanged; prints the figures and whether they hold."""
    bench.stats()
    cold = bench.capture(home, "sync", bench.repository)
    first = bench.stats()
    rows, expected = cold.answer["rows"], sum(bench.truth().values())
    again = bench.capture(home, "sync", bench.repository)
    second = bench.stats()
    complete = (rows, cold.answer["items"], again.answer["items"]) == (expected, total, 0)
    print(f"W-{total:,} cold:      {first['requests']:5,} requests, {first['points']:4,} points")
    print(f"          {rows:,} rows of {expected:,}")
    print(f"          {cold.seconds:8.1f} s with process and database, {rows / cold.seconds:,.0f} rows/s")
    print(
        f"W-{total:,} unchanged: {second['requests']:5,} requests, {second['points']:4,} points, {again.seconds:.1f} s"
    )
    for peer, requests in PEERS.items() if total == 1_000 else ():
        print(f"  {peer}: {requests:,} requests, {requests / first['requests']:.0f} times as many")
    scale = max(1.0, total / 1_000)
    return (
        complete
        and first["requests"] <= MOST_COLD_REQUESTS * scale
        and first["points"] <= MOST_COLD_POINTS * scale
        and second["requests"] <= MOST_UNCHANGED_REQUESTS
    )


def main() -> int:
    """Parse, warm up, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pull-requests", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    held = True
    arguments = ("--shape", "workload", "--pull-requests", str(options.pull_requests), "--replay")
    with sandbox(*arguments) as bench, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench.capture(Path(folder) / "warm", "sync", bench.repository)
        for number in range(options.rounds):
            held = measure(bench, Path(folder) / f"home-{number}", options.pull_requests) and held
    print("holds" if held else "A TARGET IS MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
