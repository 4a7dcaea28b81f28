"""Carrying one flow run of the `github-actions` pool: from its job to a workflow run, and from there to its end."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import anyio
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotFound

from capture.core.errors import CaptureError, ConfigurationError, Outage
from capture.core.models import TERMINAL, Job
from capture.processors.actions_rules import Ending, Run, workflow_file
from capture.processors.github_actions import ActionsClient, start_run
from capture.settings import settings
from capture.wiring import open_actions, open_store
from deployments.flow_state import FlowRunState
from deployments.following import Follower, give_up_at
from tasks.forms import HistoricalForm
from tasks.jobs import job_for

if TYPE_CHECKING:
    from capture.store.store import Store

CLAIM_WITHIN = timedelta(minutes=20)
"""How long a runner may take from the dispatch to the claim: queueing, start, installation."""

RETRY_SECONDS = 60.0
MOST_REFUSALS = 12
SETTLE_ATTEMPTS = 30


class Log(Protocol):
    """What a flow run's logger offers."""

    def info(self, msg: str, *args: Any) -> None:
        """Say something that people may want to know."""
        ...

    def warning(self, msg: str, *args: Any) -> None:
        """Say something that somebody should look at."""
        ...


class Where(Protocol):
    """The configuration of a flow run, as the pool's template gives it."""

    repository: str | None
    ref: str | None
    attached: bool
    poll_seconds: float
    find_seconds: float
    run_seconds: float


@dataclass(frozen=True, slots=True)
class Carried:
    """A flow run whose workflow was dispatched; without `run_id` there was nothing to dispatch."""

    identifier: str
    run_id: int | None
    job_id: UUID
    handover: int


def _now() -> datetime:
    return datetime.now(UTC)


class Carrier:
    """One flow run, its job, and GitHub."""

    def __init__(
        self, prefect: PrefectClient, flow_run: FlowRun, where: Where, log: Log, actions: ActionsClient, store: "Store"
    ) -> None:
        """All connections are open and stay the caller's."""
        self._prefect = prefect
        self._flow_run = flow_run
        self._where = where
        self._log = log
        self._actions = actions
        self._store = store
        self._state = FlowRunState(prefect, flow_run.id)

    async def dispatch(self) -> Carried:
        """Start the workflow for the flow run's job. Raises what GitHub answered, after the job's row says so, too."""
        job = await self._job()
        if job.status in TERMINAL:
            return Carried(f"{self._actions.repository}:-", None, job.id, job.handover_count)
        handover = self._handover()
        if handover is None:  # a person started the flow run: the queue must not hand the job over as well
            marked = await self._store.mark_dispatched(job.id, _now() + CLAIM_WITHIN, flow_run_id=self._flow_run.id)
            handover = job.handover_count if marked is None else marked
        flow_run_id = self._flow_run.id if self._where.attached else None
        try:
            handed = await start_run(self._actions, job, flow_run_id=flow_run_id, find_seconds=self._where.find_seconds)
        except CaptureError as error:
            await self._refused(job, error)
            raise
        if handed.workflow_run_id is None:
            raise InfrastructureNotFound(f"GitHub took the dispatch of job {job.id} and lists no run for it")
        await self._store.record_run(job.id, handed.workflow_run_id, handed.run_url, self._flow_run.id)
        await self._link(handed.run_url)
        return Carried(f"{self._actions.repository}:{handed.workflow_run_id}", handed.workflow_run_id, job.id, handover)

    async def resume(self, identifier: str | None) -> Carried:
        """Take over what another worker began; one that died before it knew its run is looked for by its name."""
        job = await self._job()
        run_id = (identifier or "").rpartition(":")[2]
        found = int(run_id) if run_id.isdigit() else None
        if found is None and self._flow_run.state is not None:
            marker = str(self._flow_run.id if self._where.attached else job.id)
            since = self._flow_run.state.timestamp
            run = await self._actions.find(workflow_file(job.job_type), marker, since, within=0)
            found = run.id if run else None
        handover = self._handover() or job.handover_count
        return Carried(f"{self._actions.repository}:{found or '-'}", found, job.id, handover)

    async def follow(self, carried: Carried) -> int:
        """Follow to the end; record it on the job, propose the flow run's final state, and answer the exit code."""
        run: Run | None = None
        if carried.run_id is None:
            ending = await self._without_run(carried)
        else:
            follower = Follower(
                self._actions,
                self._store,
                self._state,
                run_id=carried.run_id,
                job_id=carried.job_id,
                handover=carried.handover,
                poll_seconds=self._where.poll_seconds,
                until=give_up_at(_now, self._where.run_seconds),
                clock=_now,
                sleep=anyio.sleep,
                say=self._log.info,
            )
            ending, run = await follower.follow()
        self._log.info("%s: %s", ending.state, ending.message)
        if run is not None:
            await self._surely(lambda: self._record(carried, run))
        if ending.action == "cancel":
            await self._surely(lambda: self._store.cancel_job(carried.job_id))
        await self._surely(lambda: self._state.end(ending))
        return ending.code

    async def _without_run(self, carried: Carried) -> Ending:
        job = await self._store.get_job(carried.job_id)
        if job is not None and job.status in TERMINAL:
            states = {"completed": "Completed", "failed": "Failed", "cancelled": "Cancelled"}
            return Ending(states[job.status], 0, f"The job had {job.status} before")  # type: ignore[arg-type]
        return Ending("Crashed", 1, "The worker ended before it had dispatched the workflow", "requeue")

    async def _record(self, carried: Carried, run: Run) -> None:
        await self._store.record_run(carried.job_id, run.id, run.url, self._flow_run.id, conclusion=run.conclusion)
        await self._store.record_minutes(carried.job_id, run.id, await self._actions.billed_minutes(run.id))

    async def _job(self) -> Job:
        form = HistoricalForm.model_validate(self._flow_run.parameters.get("job"))
        job_id = form.job_id or await self._job_of_hand_made(form)
        job = await self._store.get_job(job_id)
        if job is None:
            raise ConfigurationError(f"there is no job {job_id} in this worker's database")
        return job

    async def _job_of_hand_made(self, form: HistoricalForm) -> UUID:
        """The job of a flow run that a person started: made once, and noted on the flow run for whoever comes later."""
        noted = self._tag("job:")
        if noted is not None:
            return UUID(noted)
        job_id = await job_for.fn(form)
        self._flow_run.tags.append(f"job:{job_id}")
        await self._prefect.update_flow_run(self._flow_run.id, tags=self._flow_run.tags)
        return job_id

    def _handover(self) -> int | None:
        """Which hand-over of the job this flow run stands for; None for one that a person started."""
        number = self._tag("handover:")
        return None if number is None else int(number)

    def _tag(self, start: str) -> str | None:
        return next((tag.removeprefix(start) for tag in self._flow_run.tags if tag.startswith(start)), None)

    async def _refused(self, job: Job, error: CaptureError) -> None:
        """Write down on the job why it could not be dispatched: it is tried again later, or it has failed."""
        again = isinstance(error, Outage) or bool(getattr(error, "retryable", False))
        await self._store.handover_refused(
            job.id,
            error_code=error.code,
            error=str(error),
            retry_seconds=RETRY_SECONDS if again and job.handover_count < MOST_REFUSALS else None,
        )

    async def _link(self, url: str | None) -> None:
        if url is None:
            return
        await self._prefect.create_artifact(
            ArtifactCreate(
                key="log", type="markdown", data=f"[Log of the workflow run]({url})", flow_run_id=self._flow_run.id
            )
        )

    async def _surely(self, action: Callable[[], Awaitable[object]]) -> None:
        """Do the last things although the database or the server may be away for a moment; then the outage counts."""
        for attempt in range(SETTLE_ATTEMPTS):
            try:
                await action()
            except Outage as outage:
                if attempt == SETTLE_ATTEMPTS - 1:
                    raise
                self._log.warning("Not yet recorded: %s", outage)
                await anyio.sleep(min(2.0**attempt, 20.0))
            else:
                return


@asynccontextmanager
async def open_carrier(
    prefect: PrefectClient, flow_run: FlowRun, where: Where, log: Log
) -> AsyncGenerator[Carrier, None]:
    """Open the connections that carrying one flow run needs. Raises `ConfigurationError` or `Outage`."""
    configured = settings()
    async with (
        open_store(configured) as store,
        open_actions(configured, repository=where.repository, ref=where.ref) as actions,
    ):
        yield Carrier(prefect, flow_run, where, log, actions, store)
