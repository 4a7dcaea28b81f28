"""The historical stages of one job as chunked, retried tasks. One body; four deployments differ by the kind of job.

`python -m flows.historical_sync --job-id ID` runs it without a deployment; the last line of its output is JSON.
"""

import argparse
import asyncio
import sys
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed

from capture.core.errors import CaptureError, JobFailed
from capture.core.models import Executor
from flows.console import ending, print_json
from tasks.capture import capture_job, outcome_values
from tasks.forms import HistoricalForm
from tasks.jobs import job_for

STOP_AFTER_MINUTES = 330
"""Half an hour before GitHub would end a job without a word (its limit is 6 hours)."""


@flow(name="historical-sync", flow_run_name="{job.repository}", retries=0, log_prints=False)
async def historical_sync(
    job: HistoricalForm,
    executed_by: Executor = "github_actions",
    stop_after_minutes: float = STOP_AFTER_MINUTES,
) -> Any:
    """Capture what one bulk job covers: claim, manifest, plan, chunks, finish.

    Ends Completed also when the job was put off (the message says until when), Cancelled when somebody stopped it,
    and Failed with the job's own sentence.
    """
    job_id = job.job_id or await job_for(job)
    outcome = await capture_job(job_id, executed_by=executed_by, stop_after_minutes=stop_after_minutes)
    return final_state(outcome_values(outcome))


def final_state(outcome: dict[str, Any]) -> State[dict[str, Any]]:
    """The flow run's state for what became of the job. Raises `JobFailed` for a job that failed or was not found."""
    status, reason = outcome["status"], outcome["reason"] or ""
    if status == "cancelled":
        return Cancelled(message=f"Cancelled: {reason or 'somebody asked for it'}")
    if status == "failed" or (status == "refused" and reason == "not_found"):
        raise JobFailed(f"Job {outcome['job_id']} {status}: {reason}")
    messages = {
        "completed": f"Captured {outcome['items']} items",
        "deferred": f"Put off: {reason}",
        "continued": f"Checkpointed; goes on in job {outcome['continuation_id'] or outcome['job_id']}",
        "refused": f"Nothing to do here: {reason}",
    }
    return Completed(message=messages[status], data=outcome)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.historical_sync", description=__doc__)
    parser.add_argument("--repository-name", required=True, metavar="OWNER/NAME")
    parser.add_argument("--job-id", type=UUID)
    parser.add_argument("--job-type", default="historical-pr-sync")
    parser.add_argument("--days-back", type=int)
    parser.add_argument("--max-items", type=int)
    parser.add_argument("--executed-by", default="local", choices=["local", "github_actions", "inngest"])
    parser.add_argument("--stop-after-minutes", type=float, default=STOP_AFTER_MINUTES)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the flow once and print the outcome; the exit codes are the command line's."""
    given = _arguments(argv)
    try:
        form = HistoricalForm(
            repository=given.repository_name,
            job_id=given.job_id,
            job_type=given.job_type,
            days_back=given.days_back,
            max_items=given.max_items,
        )
        outcome = asyncio.run(run_and_wait(form, given.executed_by, given.stop_after_minutes))
        print_json(outcome)
        if outcome["status"] == "cancelled":
            return JobFailed.exit_code
    except (CaptureError, ValueError) as error:
        return ending(error)
    return 0


async def run_and_wait(
    job: HistoricalForm, executed_by: Executor, stop_after_minutes: float = STOP_AFTER_MINUTES
) -> dict[str, Any]:
    """Run the flow and answer the outcome as JSON, also where it was cancelled. Raises `JobFailed`, or an outage."""
    started: Any = historical_sync(
        job, executed_by=executed_by, stop_after_minutes=stop_after_minutes, return_state=True
    )
    state = await started
    if state.is_cancelled():
        return {"status": "cancelled", "job_id": str(job.job_id) if job.job_id else None, "reason": state.message}
    return await state.aresult()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
