"""What tests of bulk work share: a GitHub with Actions whose secrets name the test's database, jobs, and waiting."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from capture.core.models import Job, NewJob
from capture.local.process import Child, Processes
from capture.settings import Settings
from capture.store.store import Store
from capture.wiring import open_store
from tests.support.actions import JOBS, ActionsSandbox, environment, registered_server, start_actions, start_worker
from tests.support.postgres import Databases

T = TypeVar("T")


async def eventually(question: Callable[[], Awaitable[T]], *, patience: float = 90.0, what: str = "it") -> T:
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


@pytest.fixture
def github(database_url: str) -> Iterator[ActionsSandbox]:
    """A GitHub with Actions; runners find the test's database in their secrets."""
    with start_actions(secrets={"CAPTURE_DATABASE_URL": database_url}) as started:
        yield started


class Rig:
    """One GitHub with Actions, one database, one Prefect server and its workers."""

    def __init__(self, github: ActionsSandbox, dsn: str, processes: Processes) -> None:
        self.github = github
        self.dsn = dsn
        self.processes = processes
        self.environment = environment(DATABASE_URL=dsn, CAPTURE_ACTIONS_REPOSITORY=JOBS, **github.settings())

    def worker(self, name: str) -> Child:
        """Start a worker of the bulk pool under a name of its own."""
        return start_worker(self.processes, name, self.environment)


@pytest.fixture(scope="module")
def rig(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The whole bulk side, with one worker, shared by a module's tests; each makes jobs of its own."""
    api_url = registered_server()
    with (
        databases.fresh() as dsn,
        Processes(tmp_path_factory.mktemp("logs")) as processes,
        start_actions(secrets={"CAPTURE_DATABASE_URL": dsn}, variables={"CAPTURE_PREFECT_API_URL": api_url}) as github,
    ):
        rig = Rig(github, dsn, processes)
        rig.worker("first")
        yield rig


@pytest.fixture
async def queue(rig: Rig) -> AsyncIterator[Store]:
    """The store on the rig's database."""
    async with open_store(Settings.model_validate({"database_url": rig.dsn})) as opened:
        yield opened
