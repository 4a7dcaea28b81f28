"""From a form to a decision and its jobs in the queue, and from there to the processors."""

from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from capture.core.request import parse_request
from capture.settings import settings
from capture.usecases.submit import submit
from capture.wiring import open_tools
from tasks.forms import CaptureForm


@task(name="decide and queue", cache_policy=NO_CACHE, persist_result=False)
async def submit_request(form: CaptureForm, *, dry_run: bool = False) -> dict[str, Any]:
    """Decide what becomes of a request and store decision and jobs; a dry run stores nothing.

    Answers `decision` (as it is stored) and `jobs` (id, outcome, status). Raises `InvalidInput` that names the field.
    """
    request = parse_request(**form.raw())
    async with open_tools(settings(), bulk=False) as tools:
        submission = await submit(tools, request, dry_run=dry_run)
    jobs = [{"id": job.id, "outcome": job.outcome, "status": job.status} for job in submission.jobs]
    return {"decision": submission.decision, "jobs": jobs}


@task(name="jobs to run", cache_policy=NO_CACHE, persist_result=False)
async def runnable(job_ids: list[UUID]) -> list[UUID]:
    """Of these jobs the ones that a worker can run: parents stand for their children, and ended ones are left out."""
    async with open_tools(settings()) as tools:
        found: list[UUID] = []
        for job_id in job_ids:
            job = await tools.store.get_job(job_id)
            if job is None or job.completed_at is not None:
                continue
            if not job.is_parent:
                found.append(job.id)
        return list(dict.fromkeys(found))
