"""How soon a manual request is seen: from POST /api/capture to the first row, and to the end of the job.

`python -m benchmarks.real_time [--requests 20] [--items 50] [--delay 0.1]`: real processes, the stand-ins for GitHub
(each call takes `delay` seconds more) and Inngest, a Postgres of the script's own. Prints a line for each figure.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.inngest.rig import Rig, start_rig
from tests.support.postgres import test_server
from tests.support.sandbox import start_sandbox


def ask(rig: Rig, numbers: list[int]) -> dict[str, Any]:
    """One request, as its job ended."""
    return rig.ended(rig.request(numbers=numbers))


def seconds(job: dict[str, Any], until: str) -> float:
    """From the request to a moment of the job."""
    return (job[until] - job["created_at"]).total_seconds()


def show(name: str, values: list[float]) -> None:
    """The middle and the 95th percentile."""
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"{name:<34} p50 {statistics.median(values):6.2f} s   p95 {late:6.2f} s   n={len(values)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.1)
    options = parser.parse_args()
    pulls = options.requests * options.items
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        test_server(Path(folder) / "postgres") as databases,
        databases.fresh() as dsn,
        start_rig(dsn, Path(folder), github=start_sandbox(pull_requests=pulls)) as rig,
    ):
        rig.github.faults({"match": {}, "action": {"kind": "delay", "seconds": options.delay}})
        numbers = [pull["number"] for pull in rig.github.everything()]
        jobs = [ask(rig, numbers[begin : begin + options.items]) for begin in range(0, pulls, options.items)]
        jobs = [rig.job(str(job["id"])) for job in jobs]  # what they took is noted after their end
    print(
        f"{options.requests} requests of {options.items} items, one after the other, GitHub {options.delay:g} s slower"
    )
    show("request to first row", [seconds(job, "first_row_at") for job in jobs])
    show("request to the end of the job", [seconds(job, "completed_at") for job in jobs])
    for figure in ("requests", "points", "executions"):
        mean = statistics.mean(job["metrics"].get(figure, 0) for job in jobs)
        print(f"{f'{figure} a job':<34} {mean:.1f}")


if __name__ == "__main__":
    main()
