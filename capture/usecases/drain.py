"""Doing waiting work on this machine: what `capture jobs run` does when no processor can."""

from collections.abc import AsyncIterator, Sequence
from typing import cast
from uuid import UUID

from capture.core.errors import InvalidInput
from capture.core.ports import Steps
from capture.core.routing_store import QueueStore
from capture.usecases.run import Outcome
from capture.usecases.run_job import run_job
from capture.usecases.tend import WAITING
from capture.usecases.tools import Tools


async def waiting_jobs(store: QueueStore, limit: int = 100) -> list[UUID]:
    """Jobs that can be done here now, the most urgent first: due ones, and those that wait for a processor, a resume
    or the rollout. What waits for a time, such as the reset of a limit, goes on waiting.
    """
    due = await store.due_jobs(limit=limit)
    held = [job for job, _, _ in await store.list_waiting(WAITING, limit=limit)]
    jobs = sorted([*due, *held], key=lambda job: (-job.priority, job.created_at))
    return [job.id for job in jobs[:limit]]


async def run_waiting(
    tools: Tools, *, owner: str, steps: Steps, job_ids: Sequence[UUID] = (), limit: int = 100
) -> AsyncIterator[Outcome]:
    """Do these jobs here (a parent stands for its children), or without ids all that wait, one after the other.

    `executed_by` is `local`; it is never throttled, and named jobs are done although their time has not come. Raises
    `InvalidInput` for an unknown id, `Outage`.
    """
    store = cast("QueueStore", tools.store)
    wanted = await _parts(tools, job_ids) if job_ids else await waiting_jobs(store, limit)
    for job_id in wanted:
        yield await run_job(tools, job_id, executed_by="local", owner=owner, steps=steps, force=True)


async def _parts(tools: Tools, job_ids: Sequence[UUID]) -> list[UUID]:
    found: list[UUID] = []
    for job_id in job_ids:
        job = await tools.store.get_job(job_id)
        if job is None:
            raise InvalidInput("job", f"there is no job {job_id}")
        children = await tools.store.children(job_id) if job.is_parent else []
        open_children = [child.id for child in children if child.completed_at is None]
        found += open_children if job.is_parent else [job_id]
    return list(dict.fromkeys(found))
