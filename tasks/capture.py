"""Doing one job on this host: claim, capture, finish, with what a flow run's page shows meanwhile."""

import os
import socket
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from capture.core.models import Executor
from capture.settings import settings
from capture.usecases.run_job import Outcome, run_job
from capture.wiring import open_tools
from tasks.artifacts import Progress, show_job, show_link
from tasks.steps import PrefectSteps

PROGRESS_SECONDS = 2.0


def lease_owner() -> str:
    """Who holds a lease, for people: the workflow run where there is one, the host and the process."""
    run = os.environ.get("GITHUB_RUN_ID")
    where = f"run {run} on " if run else ""
    return f"{where}{socket.gethostname()}:{os.getpid()}"


async def capture_job(
    job_id: UUID, *, executed_by: Executor, stop_after_minutes: float | None = None, concurrency: int = 4
) -> Outcome:
    """Run a job here and show its progress, figures and log link on the flow run's page.

    `stop_after_minutes` is when the job is checkpointed for the next runner. Raises `Outage` when this host, the
    database or the network failed; whatever else goes wrong is in the job's row and in the outcome.
    """
    async with open_tools(settings()) as tools:
        progress = Progress(f"Job {job_id}")
        shown_at = monotonic()

        async def after() -> None:
            nonlocal shown_at
            if monotonic() - shown_at < PROGRESS_SECONDS:
                return
            shown_at = monotonic()
            job = await tools.store.get_job(job_id)
            if job is not None:
                await progress.show(job.items_done, job.items_total)

        stop_at = None if stop_after_minutes is None else tools.clock() + timedelta(minutes=stop_after_minutes)
        outcome = await run_job(
            tools,
            job_id,
            executed_by=executed_by,
            owner=lease_owner(),
            steps=PrefectSteps(concurrency=concurrency, after=after),
            stop_at=stop_at,
        )
        job = await tools.store.get_job(job_id)
        if job is not None:
            await progress.show(job.items_done, job.items_total)
            await show_job(job)
            if job.run_url:
                await show_link(job.run_url, "Log of the workflow run")
        return outcome


def outcome_values(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON."""
    return {
        "status": outcome.status,
        "job_id": str(outcome.job_id),
        "items": outcome.items,
        "rows": outcome.rows,
        "reason": outcome.reason,
        "continuation_id": str(outcome.continuation_id) if outcome.continuation_id else None,
    }
