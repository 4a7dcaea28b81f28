"""What tests of bulk work share: a GitHub with Actions whose secrets name the test's database, jobs, and waiting."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from capture.core.models import Claim, Job, NewJob
from capture.local.process import Child, Processes
from capture.processors.prefect_pool import PrefectMessenger
from capture.settings import Settings
from capture.store.store import Store
from capture.usecases.hand_over import hand_over
from capture.usecases.tend import Tended, tend_queue
from capture.wiring import open_store
from tests.actions.tiny import tiny_project
from tests.support.actions import (
    JOBS,
    ROOT,
    ActionsSandbox,
    environment,
    prefect_server,
    registered_server,
    start_actions,
    start_worker,
)
from tests.support.postgres import Databases

T = TypeVar("T")


async def eventually(question: Callable[[], Awaitable[T]], *, patience: float = 150.0, what: str = "it") -> T:
    """Ask until the answer is true, and give it back."""
    deadline = time.monotonic() + patience
    while True:
        answer = await question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {patience:.0f} s"
        await asyncio.sleep(0.1)


async def bulk_job(store: Store, repository: str, **values: Any) -> Job:
    """A pending bulk job of its own scope."""
    owner, _, name = repository.partition("/")
    fields: dict[str, Any] = {
        "job_type": "historical-pr-sync",
        "owner": owner,
        "name": name,
        "processor_type": "github_actions",
        "trigger": "manual",
        "scope_hash": uuid4().hex,
        **values,
    }
    (submitted,) = await store.submit_jobs([NewJob(**fields)])
    return await read(store, submitted.id)


async def read(store: Store, job_id: UUID) -> Job:
    """A job's row."""
    job = await store.get_job(job_id)
    assert job is not None
    return job


class Rig:
    """One GitHub with Actions, one database, one Prefect server and its workers."""

    def __init__(self, github: ActionsSandbox, dsn: str, processes: Processes, tiny: Path) -> None:
        self.github = github
        self.dsn = dsn
        self.processes = processes
        self.tiny = tiny
        self.environment = environment(DATABASE_URL=dsn, CAPTURE_ACTIONS_REPOSITORY=JOBS, **github.settings())
        self.first = self.worker("first")

    def worker(self, name: str) -> Child:
        """Start a worker of the bulk pool under a name of its own."""
        return start_worker(self.processes, name, self.environment)


@pytest.fixture(scope="session")
def rigged(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The whole bulk side, with one worker, shared by all tests; each makes jobs of its own."""
    registered_server()
    with (
        databases.fresh() as dsn,
        Processes(tmp_path_factory.mktemp("logs")) as processes,
        start_actions(secrets={"CAPTURE_DATABASE_URL": dsn}) as github,
    ):
        yield Rig(github, dsn, processes, tiny_project(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def rig(rigged: Rig) -> Iterator[Rig]:
    """The bulk side as it usually is: nothing held, nothing disturbed, this project's own workflows."""
    usual = {"variables": {"CAPTURE_PREFECT_API_URL": prefect_server().api_url}, "held": False, "project": str(ROOT)}
    rigged.github.change(**usual)
    rigged.github.call("PUT", "workflows/historical-pr-sync.yml/enable")
    yield rigged
    rigged.github.faults()
    rigged.github.release()
    rigged.github.limits("graphql", remaining=5_000)
    for run in rigged.github.runs():
        if run["status"] != "completed":
            rigged.github.change(lose=run["id"])
    with psycopg.connect(rigged.dsn, autocommit=True) as connection:  # the next test tends the same queue
        connection.execute(
            "update progressive_capture_jobs set status = 'cancelled', completed_at = now()"
            " where status not in ('completed', 'failed', 'cancelled')"
        )


@pytest.fixture
async def queue(rig: Rig) -> AsyncIterator[Store]:
    """The store on the rig's database."""
    async with open_store(Settings.model_validate({"database_url": rig.dsn})) as opened:
        yield opened


@pytest.fixture
async def prefect(rig: Rig) -> AsyncIterator[PrefectClient]:
    """A client of the tests' Prefect server, which is the one that the messenger uses as well."""
    with temporary_settings({PREFECT_API_URL: prefect_server().api_url}):
        async with get_client() as client:
            yield client


@dataclass
class Bulk:
    """One bulk job on its way: what a test does to it and waits for."""

    rig: Rig
    store: Store
    client: PrefectClient
    id: UUID

    @classmethod
    async def handed(cls, rig: Rig, store: Store, client: PrefectClient, repository: str | None = None) -> "Bulk":
        """A new job that was handed over to the pool."""
        job = await bulk_job(store, repository or rig.github.repository)
        done = await hand_over(store, {"github_actions": PrefectMessenger()}, job)
        assert done.outcome == "sent", done
        return cls(rig, store, client, job.id)

    async def job(self) -> Job:
        """The job's row."""
        return await read(self.store, self.id)

    async def until(self, question: Callable[[Job], Any], what: str) -> Job:
        """The job's row once it is as wanted."""

        async def look() -> Job | None:
            job = await self.job()
            return job if question(job) else None

        found = await eventually(look, what=f"job {self.id}: {what}")
        assert found is not None
        return found

    async def started(self) -> int:
        """The workflow run's id, once it is known to the job and a runner is at work."""
        job = await self.until(lambda job: job.workflow_run_id, "a workflow run")
        assert job.workflow_run_id is not None
        return job.workflow_run_id

    async def run(self, status: str, run_id: int) -> dict[str, Any]:
        """A workflow run once it has this status."""

        async def look() -> dict[str, Any] | None:
            run = self.rig.github.call("GET", f"runs/{run_id}").json()
            return run if run["status"] == status else None

        found = await eventually(look, what=f"run {run_id} {status}")
        assert found is not None
        return found

    async def flow(self, flow_run_id: UUID | None, kind: StateType, *, patience: float = 150.0) -> FlowRun:
        """A flow run once its state is of this type."""
        assert flow_run_id is not None

        async def look() -> FlowRun | None:
            run = await self.client.read_flow_run(flow_run_id)
            assert run.state is not None
            assert run.state.type == kind or not run.state.is_final(), run.state
            return run if run.state.type == kind else None

        found = await eventually(look, what=f"flow run {flow_run_id} {kind}", patience=patience)
        assert found is not None
        return found

    async def claim(self) -> Claim:
        """Claim the job, as its runner does."""
        claim = await self.store.claim_job(self.id, "github_actions", "the runner", 3_600)
        assert isinstance(claim, Claim)
        return claim

    def time_passes(self, column: str) -> None:
        """Let a time that the job waits for be over: its lease, its claim's deadline, its next attempt."""
        with psycopg.connect(self.rig.dsn, autocommit=True) as connection:
            connection.execute(
                f"update progressive_capture_jobs set {column} = now() - interval '1 minute'"  # type: ignore[arg-type]
                " where id = %s and " + column + " is not null",
                [self.id],
            )

    async def tend(self) -> Tended:
        """One round over the queue."""
        return await tend_queue(self.store, {"github_actions": PrefectMessenger()})
