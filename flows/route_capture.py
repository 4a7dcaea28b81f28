"""The routing flow: a request becomes a decision, the decision becomes jobs, and the jobs go to their processors.

`python -m flows.route_capture OWNER/NAME [--days N] [--execute-locally]` runs it without a deployment; the last line
of its output is JSON.
"""

import argparse
import asyncio
import sys
from typing import Any
from uuid import UUID

from prefect import flow

from capture.core.errors import CaptureError, JobFailed
from flows.console import ending, print_json
from flows.historical_sync import run_and_wait
from tasks.artifacts import show_decision, show_link
from tasks.forms import CaptureForm, HistoricalForm
from tasks.requests import runnable, submit_request


@flow(name="route-capture", flow_run_name="{request.repository}", retries=0)
async def route_capture(request: CaptureForm, execute_locally: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """Decide where a request is captured, queue its jobs, and hand them over.

    With `execute_locally` this flow run does the jobs itself, one after the other; with `dry_run` it only decides.
    """
    submission = await submit_request(request, dry_run=dry_run, hand_over=not execute_locally)
    await show_decision(submission["decision"], request.repository)
    outcomes: list[dict[str, Any]] = []
    if execute_locally and not dry_run:
        job_ids = [UUID(job["id"]) for job in submission["jobs"]]
        forms = [HistoricalForm(repository=request.repository, job_id=job_id) for job_id in await runnable(job_ids)]
        outcomes = [await run_and_wait(form, "local") for form in forms]
    else:
        for handed in submission["handed"]:
            if handed["run"]:
                await show_link(handed["run"], "Log of the workflow run")
    return {**submission, "outcomes": outcomes}


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.route_capture", description=__doc__)
    parser.add_argument("repository", metavar="OWNER/NAME")
    parser.add_argument("--days", dest="days_back", type=int)
    parser.add_argument("--since")
    parser.add_argument("--until")
    parser.add_argument("--pr", dest="numbers", type=int, action="append")
    parser.add_argument("--datasets", type=lambda text: text.split(","))
    parser.add_argument("--max-items", type=int)
    parser.add_argument("--trigger")
    parser.add_argument("--processor")
    parser.add_argument("--mode")
    parser.add_argument("--force", action="store_true", default=None)
    parser.add_argument("--execute-locally", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the flow once and print decision, jobs and outcomes; the exit codes are the command line's."""
    given = vars(_arguments(argv))
    here, dry_run = given.pop("execute_locally"), given.pop("dry_run")
    try:
        form = CaptureForm(**{name: value for name, value in given.items() if value is not None})
        result = asyncio.run(route_capture(form, execute_locally=here, dry_run=dry_run))
        print_json(result)
        ended_badly = [outcome for outcome in result["outcomes"] if outcome["status"] == "cancelled"]
        if ended_badly:
            raise JobFailed(f"Job {ended_badly[0]['job_id']} was cancelled")
    except (CaptureError, ValueError) as error:
        return ending(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
