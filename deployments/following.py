"""Following one workflow run to its end, on behalf of the Prefect flow run that stands for it.

The follower moves the flow run (Running, then its final state), passes a wish to stop from Prefect or from the queue on
to GitHub, and says what the end of the run means. It can be stopped and started again anywhere: it keeps nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from capture.core.errors import Outage
from capture.core.models import TERMINAL, Job
from capture.core.ports import Clock, Sleep
from capture.processors.actions_rules import Ending, Run, ending

STOPPING: frozenset[str] = frozenset({"CANCELLING", "CANCELLED"})
LONGEST_PAUSE = 20.0


class Runs(Protocol):
    """The part of the Actions client that a follower needs."""

    async def run(self, run_id: int) -> Run | None:
        """One run, or None when it is gone."""
        ...

    async def cancel(self, run_id: int) -> bool:
        """Ask the run to stop."""
        ...


class Jobs(Protocol):
    """The part of the store that a follower needs."""

    async def get_job(self, job_id: UUID) -> Job | None:
        """One job."""
        ...

    async def cancel_job(self, job_id: UUID) -> object:
        """Ask for the job to stop."""
        ...


class FlowRuns(Protocol):
    """The flow run that the follower speaks for."""

    async def state(self) -> str:
        """The type of its state."""
        ...

    async def running(self) -> None:
        """Propose Running, unless it is running or has ended."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """What is known at one look: the workflow run (None when GitHub lost it), the job, the flow run's state."""

    run: Run | None
    job: Job | None
    flow: str


@dataclass(frozen=True, slots=True)
class Move:
    """What to do after one look. Several may be due at once; `end` is the last one."""

    cancel_job: bool = False
    cancel_run: bool = False
    running: bool = False
    end: Ending | None = None


def next_move(view: View, *, handover: int, overdue: bool) -> Move:
    """Decide from one look. `handover` is the one this flow run stands for; `overdue` means followed long enough."""
    job = view.job
    status = job.status if job else None
    if view.run is None:
        return Move(end=Ending("Crashed", 125, "The workflow run is gone from GitHub", "requeue"))
    if view.run.ended:
        return Move(end=ending(view.run, status, job.error if job else None))
    superseded = job is not None and job.handover_count > handover and status in ("pending", "dispatched")
    if superseded:
        return Move(cancel_run=True, end=Ending("Cancelled", 130, "The job was handed over again", "nothing"))
    if overdue:
        return Move(cancel_run=True, end=Ending("Crashed", 124, "The workflow run outlived its time", "requeue"))
    wished_in_prefect = view.flow in STOPPING
    wished_in_queue = status == "cancelled" or (job is not None and job.cancel_requested_at is not None)
    return Move(
        cancel_job=wished_in_prefect and status is not None and status not in TERMINAL and not wished_in_queue,
        cancel_run=wished_in_prefect or wished_in_queue,
        running=status == "processing" and view.flow in ("SCHEDULED", "PENDING"),
    )


class Follower:
    """Follows one workflow run."""

    def __init__(
        self,
        runs: Runs,
        jobs: Jobs,
        flow: FlowRuns,
        *,
        run_id: int,
        job_id: UUID | None,
        handover: int,
        poll_seconds: float,
        until: datetime,
        clock: Clock,
        sleep: Sleep,
        say: Callable[[str], None],
    ) -> None:
        """`until` is when a run that has not ended is given up and cancelled."""
        self._runs = runs
        self._jobs = jobs
        self._flow = flow
        self._run_id = run_id
        self._job_id = job_id
        self._handover = handover
        self._poll = poll_seconds
        self._until = until
        self._clock = clock
        self._sleep = sleep
        self._say = say
        self._asked_to_stop = False

    async def follow(self) -> tuple[Ending, Run | None]:
        """Look again and again until the run has ended; an outage anywhere means looking later, never giving up."""
        pause = self._poll
        while True:
            try:
                view = await self._look()
            except Outage as outage:
                self._say(f"Cannot look now: {outage}")
                pause = min(max(pause * 2, self._poll), max(LONGEST_PAUSE, self._poll))
                await self._sleep(pause)
                continue
            pause = self._poll
            move = next_move(view, handover=self._handover, overdue=self._clock() >= self._until)
            await self._carry_out(move)
            if move.end is not None:
                return move.end, view.run
            await self._sleep(pause)

    async def _look(self) -> View:
        # The run first: when it has ended, what it wrote to its job is older and therefore seen by the next question.
        run = await self._runs.run(self._run_id)
        job = await self._jobs.get_job(self._job_id) if self._job_id else None
        return View(run=run, job=job, flow=await self._flow.state())

    async def _carry_out(self, move: Move) -> None:
        job_id = self._job_id
        if move.cancel_job and job_id is not None:
            await self._attempt("cancel the job", lambda: self._jobs.cancel_job(job_id))
        if move.cancel_run and not self._asked_to_stop:
            self._say(f"Cancelling workflow run {self._run_id}")
            self._asked_to_stop = await self._attempt("cancel the run", lambda: self._runs.cancel(self._run_id))
        if move.running:
            await self._attempt("report Running", self._flow.running)

    async def _attempt(self, what: str, action: Callable[[], Awaitable[object]]) -> bool:
        try:
            await action()
        except Outage as outage:
            self._say(f"Could not {what}; trying again: {outage}")
            return False
        return True


def give_up_at(clock: Clock, seconds: float) -> datetime:
    """When following ends at the latest."""
    return clock() + timedelta(seconds=seconds)
