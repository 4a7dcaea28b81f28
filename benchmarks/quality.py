"""What a validation costs: every night over a million pull requests and three million comments, and over one day.

`uv run python -m benchmarks.quality [--pulls 107000] [--repositories 10]` fills a Postgres of its own (some minutes),
runs each checkpoint in a fresh process, and prints seconds and memory of it, import apart. A window of as many pull
requests is run on a tenth of the data as well, since it must not depend on how much there is beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from capture.store.migrate import migrate
from tests.quality.clean import fill
from tests.support.postgres import Databases, test_server

_MEASURE = """
import json, resource, sys, time
from datetime import datetime
dsn, checkpoint, since = sys.argv[1:4]
begin = time.perf_counter()
from expectations.checkpoints import checks_of, run_checks
from expectations.database import Scope
imported, memory = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
scope = Scope(None, datetime.fromisoformat(since) if since else None)
begin = time.perf_counter()
results, _ = run_checks(dsn, scope, checks_of(checkpoint), checkpoint)
seconds = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"import": imported, "import_mb": memory, "seconds": seconds, "peak_mb": peak, "checks": len(results),
    "passed": sum(r.status == "passed" for r in results), "bad": [(r.expectation, r.status, r.message) for r in results
    if r.status in ("failed", "error")]}))
"""


def measure(dsn: str, checkpoint: str, since: datetime | None = None) -> dict[str, float]:
    """Run one checkpoint in a process of its own."""
    words = [dsn, checkpoint, since.isoformat() if since else ""]
    done = subprocess.run([sys.executable, "-c", _MEASURE, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    assert not figures["bad"], figures["bad"]
    return figures


def filled(server: Databases, name: str, repositories: int, pulls: int) -> str:
    """A database with so much in it; one that a former run has filled is used again."""
    dsn = server.dsn(name)
    with psycopg.connect(server.server) as connection:
        there = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
    if there is None:
        begin = time.perf_counter()
        server.execute(f"create database {name}")
        migrate(dsn)
        fill(dsn, repositories=repositories, pulls=pulls)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        print(f"{name} filled in {time.perf_counter() - begin:.0f} s", flush=True)
    print(f"{name}: {counts(dsn)}", flush=True)
    return dsn


def counts(dsn: str) -> str:
    """How much there is."""
    with psycopg.connect(dsn) as connection:
        found = [
            f"{connection.execute(f'select count(*) from {table}').fetchone()[0]:,} {table.replace('_', ' ')}"  # type: ignore[index,arg-type]
            for table in ("pull_requests", "reviews", "comments", "file_changes")
        ]
    return ", ".join(found)


def line(what: str, figures: dict[str, float]) -> str:
    """One measurement as a row."""
    return (
        f"{what:38} {figures['seconds']:6.2f} s  {figures['peak_mb'] - figures['import_mb']:5.0f} MB"
        f"  (process {figures['peak_mb']:.0f} MB; import {figures['import']:.1f} s, {figures['import_mb']:.0f} MB)"
        f"  {figures['passed']:.0f} of {figures['checks']:.0f} checks passed"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pulls", type=int, default=107_000, help="pull requests in a repository")
    parser.add_argument("--repositories", type=int, default=10)
    parser.add_argument("--home", type=Path, help="keep the databases in this folder, and use them if they are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quality-benchmark-", ignore_cleanup_errors=True) as temporary:
        home = options.home or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        with test_server(home) as server:
            large = filled(server, "large", options.repositories, options.pulls)
            small = filled(server, "small", options.repositories, options.pulls // 10)
            since = datetime.now(UTC) - timedelta(days=1)
            day = measure(large, "window", since)
            print(line("window of one day", day), flush=True)
            print(line("nightly", measure(large, "nightly")), flush=True)
            print(line("weekly", measure(large, "weekly")), flush=True)
            again, tenth = [
                min((measure(dsn, "window", since) for _ in range(3)), key=lambda figures: figures["seconds"])
                for dsn, since in ((large, since), (small, since - timedelta(days=9)))
            ]
            print(line("window of one day, best of three", again))
            print(line("as many pull requests, a tenth beside", tenth))
            print(f"ten times as much beside the window takes {again['seconds'] / tenth['seconds']:.2f} times as long")


if __name__ == "__main__":
    main()
