"""Capturing here and now: the job of a request, made without routing and run by this process."""

from datetime import datetime
from uuid import UUID

from capture.core.decision import bulk_type
from capture.core.errors import Outage
from capture.core.models import NewJob, Submitted
from capture.core.planning import OVERLAP, moment
from capture.core.ports import Steps
from capture.core.request import CaptureRequest, resolve, scope_hash
from capture.usecases.run import Outcome
from capture.usecases.run_job import run_job
from capture.usecases.tools import Tools

TAKE_OVER_SECONDS = 60
"""How long to wait for a job that another worker holds: a dead one's lease ends within half of that."""


async def make_job(tools: Tools, request: CaptureRequest) -> Submitted:
    """The job of a request that this process will run itself; an active job of the same scope stands for it."""
    now = await tools.store.server_time()
    since, until = resolve(request, now)
    if request.incremental:
        since = await _watermark(tools, request)
    job = NewJob(
        job_type=bulk_type(request.datasets),
        owner=request.owner,
        name=request.name,
        processor_type="github_actions",
        trigger=request.trigger,
        scope_hash=scope_hash(request, "sync"),
        time_range_days=request.days_back,
        since=since,
        until=until,
        numbers=request.numbers,
        max_items=request.max_items,
        datasets=request.datasets,
        decision={"ruling": 3, "reason": "Run at once by the command line, without routing.", "part": "whole"},
    )
    (submitted,) = await tools.store.submit_jobs([job])
    return submitted


async def run_here(tools: Tools, job_id: UUID, *, owner: str, steps: Steps, force: bool = False) -> Outcome:
    """Run a job in this process, after a dead worker's lease on it has ended. Raises `Outage` if it stays held."""
    waited = 0.0
    while True:
        outcome = await run_job(tools, job_id, executed_by="local", owner=owner, steps=steps, force=force)
        if outcome.status != "refused" or outcome.reason != "held":
            return outcome
        if waited >= TAKE_OVER_SECONDS:
            raise Outage("Another worker is capturing this right now; `capture jobs list` shows how far it is.")
        await tools.sleep(1.0)
        waited += 1.0


async def _watermark(tools: Tools, request: CaptureRequest) -> datetime | None:
    known = await tools.store.find_repository(request.owner, request.name)
    watermark = moment(known.get("watermark")) if known else None
    return None if watermark is None else watermark - OVERLAP
