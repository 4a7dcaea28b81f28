"""One attempt at a job: what all its steps share, its heartbeat, and when it has to stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from capture.core.errors import Cancelled, Fenced, Outage
from capture.core.models import Executor, Job
from capture.core.planning import Scan, scan_of
from capture.core.ports import Steps
from capture.usecases.tools import Tools

LEASE_SECONDS: dict[Executor, float] = {"local": 25.0, "github_actions": 30.0, "inngest": 120.0}
"""How long a dead worker keeps a job: on one machine so short that the next command, which asks once a second, goes on
within 30 s. Between two steps of an Inngest run no process is there to beat."""

ITEMS_PER_RUN: dict[Executor, int | None] = {"local": None, "github_actions": None, "inngest": 50}
"""The limit of one run; what is left continues in a linked job."""

STOP_MARGIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; the job's row holds the rest."""

    status: Literal["completed", "deferred", "continued", "failed", "cancelled", "refused"]
    job_id: UUID
    items: int = 0
    rows: int = 0
    reason: str | None = None
    continuation_id: UUID | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Run:
    """An attempt: the claimed job and its lease."""

    tools: Tools
    job: Job
    token: UUID
    steps: Steps
    executed_by: Executor
    stop_at: datetime | None = None
    stopped_by: Exception | None = None
    items: int = 0
    rows: int = 0
    incomplete: int = 0
    planned: int = 0
    gone: list[int] = field(default_factory=list[int])
    done: list[int] = field(default_factory=list[int])
    """What this run has fetched, where it does so whatever is stored."""

    @property
    def scan(self) -> Scan:
        """The listing that the job needs."""
        return scan_of(self.job)

    @property
    def shadow(self) -> bool:
        """Only evidence is written."""
        return self.job.mode == "shadow"

    @property
    def repeats(self) -> bool:
        """Items are fetched although they are stored: for a repair, and by both halves of a shadow pair."""
        observe = (self.job.decision or {}).get("observe")
        return self.shadow or self.job.trigger == "repair" or observe == "shadow"

    def check(self) -> None:
        """Raise what the heartbeat heard meanwhile: the lease is lost, or somebody asked to stop."""
        if self.stopped_by is not None:
            raise self.stopped_by

    def late(self) -> bool:
        """Whether the deadline is so near that nothing new may begin."""
        return self.stop_at is not None and self.tools.clock() >= self.stop_at - STOP_MARGIN


def own_token(executed_by: Executor, owner: str, job_id: UUID) -> UUID | None:
    """The lease token of an Inngest run, which may have to claim again because its first answer was lost on the way."""
    return uuid5(job_id, owner) if executed_by == "inngest" else None


@asynccontextmanager
async def beating(run: Run) -> AsyncGenerator[None, None]:
    """Keep the job's lease while the body runs."""
    if run.executed_by == "inngest":
        await _beat_at_once(run)
    task = asyncio.create_task(_beat(run))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _beat_at_once(run: Run) -> None:
    """Between two steps of an Inngest run nobody beats, and each call may be over before the first regular beat.

    A lease that is gone is no news here: after the last step the body runs once more, when the job has ended.
    """
    try:
        beat = await run.tools.store.heartbeat(run.job.id, run.token, LEASE_SECONDS[run.executed_by])
    except Outage:
        return  # the next write meets the same outage and deals with it
    if beat.cancel_requested:
        run.stopped_by = Cancelled(f"job {run.job.id} was cancelled on request")


async def _beat(run: Run) -> None:
    seconds = LEASE_SECONDS[run.executed_by]
    while run.stopped_by is None:
        await asyncio.sleep(seconds / 4)
        try:
            beat = await run.tools.store.heartbeat(run.job.id, run.token, seconds)
        except Outage:
            continue  # the next write meets the same outage and deals with it
        if not beat.ok:
            run.stopped_by = Fenced(f"job {run.job.id} belongs to another worker now")
        elif beat.cancel_requested:
            run.stopped_by = Cancelled(f"job {run.job.id} was cancelled on request")
