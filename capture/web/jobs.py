"""Jobs over HTTP: list, one with its parts, cancel, try again; and the queue's figures."""

from typing import Any, cast, get_args
from uuid import UUID

from fastapi import APIRouter, HTTPException

from capture.core.errors import InvalidInput
from capture.core.models import Status
from capture.core.request import parse_repository
from capture.usecases.cancel import cancel
from capture.usecases.hand_over import hand_over
from capture.web.services import Opened, Writing
from capture.web.views import job_view, rates_from

router = APIRouter(prefix="/api")
LIMIT = 500


def stats_view(figures: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The seed's HybridQueueStats: four figures for each processor and in all."""
    names = ("pending", "processing", "completed", "failed")
    return {part: {name: figures[part][name] for name in names} for part in ("inngest", "github_actions", "total")}


@router.get("/queue/stats")
async def queue_stats(services: Opened) -> dict[str, dict[str, int]]:
    """Waiting work counts as pending, whatever it waits for; ended work counts for 24 hours."""
    return stats_view(await services.store.queue_stats())


def parse_id(text: str) -> UUID:
    """A job's id. Raises `InvalidInput`."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("job_id", f"{text!r} is not a job's id") from None


@router.get("/jobs")
async def jobs(
    services: Opened,
    status: str | None = None,
    repository: str | None = None,
    after_id: str | None = None,
    limit: str = "100",
) -> dict[str, Any]:
    """Jobs, newest first; `next` is the `after_id` of the following page."""
    if status is not None and status not in get_args(Status):
        raise InvalidInput("status", f"{status!r} is not one of {', '.join(get_args(Status))}")
    if not limit.isdecimal() or not 1 <= int(limit) <= LIMIT:
        raise InvalidInput("limit", f"{limit!r} is not a number from 1 to {LIMIT}")
    owner, name = parse_repository(repository) if repository else (None, None)
    found = await services.store.list_jobs(
        status=cast("Status | None", status),
        owner=owner,
        name=name,
        after_id=parse_id(after_id) if after_id else None,
        limit=int(limit),
    )
    rows, now = await services.store.capture_rates()
    rates = rates_from(rows)
    following = str(found[-1].id) if len(found) == int(limit) else None
    return {"jobs": [job_view(job, rates, now) for job in found], "next": following}


@router.get("/jobs/{job_id}")
async def job(services: Opened, job_id: str) -> dict[str, Any]:
    """One job, with its slices or shards."""
    found = await services.store.get_job(parse_id(job_id))
    if found is None:
        raise HTTPException(404, f"there is no job {job_id}")
    children = await services.store.children(found.id)
    rows, now = await services.store.capture_rates()
    rates = rates_from(rows)
    return job_view(found, rates, now) | {"children": [job_view(child, rates, now) for child in children]}


@router.post("/jobs/{job_id}/cancel", dependencies=[Writing])
async def cancel_job(services: Opened, job_id: str) -> dict[str, Any]:
    """Ask a job to stop; whoever works on it does after its chunk. Cancelling an ended job changes nothing."""
    found = await services.store.get_job(parse_id(job_id))
    if found is None:
        raise HTTPException(404, f"there is no job {job_id}")
    done = await cancel(services.store, services.messengers, found.id)
    after = await services.store.get_job(found.id)
    status = after.status if after else found.status
    return {"job_id": job_id, "outcome": done.outcome, "status": status, "untold": done.untold}


@router.post("/jobs/{job_id}/retry", dependencies=[Writing], status_code=202)
async def retry_job(services: Opened, job_id: str) -> dict[str, Any]:
    """Make a new job for an ended one and hand it over."""
    found = await services.store.get_job(parse_id(job_id))
    if found is None:
        raise HTTPException(404, f"there is no job {job_id}")
    submitted = await services.store.retry_job(found.id)
    again = await services.store.get_job(submitted.id)
    if again is not None and submitted.outcome == "created":
        for part in await services.store.children(again.id) if again.is_parent else [again]:
            if part.status == "pending":
                await hand_over(services.store, services.messengers, part)
    return {"job_id": str(submitted.id), "outcome": submitted.outcome, "retry_of": job_id}
