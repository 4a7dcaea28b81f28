"""From a form to a decision and its jobs in the queue, and from there to the processors."""

from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from capture.core.errors import CaptureError
from capture.core.models import Trigger
from capture.core.request import parse_request
from capture.settings import settings
from capture.usecases.repositories import request_tracked
from capture.usecases.submit import Submission, submit
from capture.wiring import open_messengers, open_store, open_tools
from tasks.forms import CaptureForm


@task(name="decide and queue", cache_policy=NO_CACHE, persist_result=False)
async def submit_request(form: CaptureForm, *, dry_run: bool = False, hand_over: bool = True) -> dict[str, Any]:
    """Decide what becomes of a request, store decision and jobs, and hand them over; a dry run stores nothing.

    Answers what the HTTP interface answers for the same request. Raises `InvalidInput` that names the field.
    """
    request = parse_request(**form.raw())
    async with open_tools(settings(), bulk=False) as tools, open_messengers(settings()) as messengers:
        # Whoever runs the jobs itself needs no processor, and none must be seen as down because it is not there.
        submission = await submit(tools, request, dry_run=dry_run, messengers=messengers if hand_over else None)
    return {**submission.as_json(), "handed": handed_rows(submission)}


@task(name="request all tracked", cache_policy=NO_CACHE, persist_result=False)
async def submit_tracked(trigger: Trigger, words: dict[str, Any]) -> list[dict[str, Any]]:
    """One request for each tracked repository; answers a row for each, with the outcome or what went wrong."""
    rows: list[dict[str, Any]] = []
    async with open_tools(settings(), bulk=False) as tools, open_messengers(settings()) as messengers:
        for request, answer in await request_tracked(tools, trigger=trigger, messengers=messengers, **words):
            failed = isinstance(answer, CaptureError)
            outcome, reason = ("failed", str(answer)) if failed else (answer.outcome, answer.decision.reason)
            rows.append({"repository": request.full_name, "outcome": outcome, "reason": reason})
    return rows


@task(name="jobs to run", cache_policy=NO_CACHE, persist_result=False)
async def runnable(job_ids: list[UUID]) -> list[UUID]:
    """Of these jobs the ones that a worker can run, in order: no parents, and none that has ended."""
    async with open_store(settings()) as store:
        jobs = [await store.get_job(job_id) for job_id in dict.fromkeys(job_ids)]
    return [job.id for job in jobs if job is not None and job.completed_at is None and not job.is_parent]


def handed_rows(submission: Submission) -> list[dict[str, Any]]:
    """What became of each hand-over, as rows of a table."""
    return [
        {"job": handed.job_id, "outcome": handed.outcome, "detail": handed.detail, "run": handed.run_url}
        for handed in submission.handed
    ]
