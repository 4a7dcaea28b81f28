"""The engine in this process, against a sandbox and a fresh database, with what a test asks afterwards."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import psycopg

from capture.core.models import Job
from capture.core.request import parse_request
from capture.core.source import Source
from capture.github.connect import Access, open_github
from capture.github.reads import GitHub
from capture.store.store import Store
from capture.usecases.run import Outcome
from capture.usecases.run_job import run_job
from capture.usecases.steps import DirectSteps
from capture.usecases.sync import make_job
from capture.usecases.tools import Tools
from tests.support.sandbox import Sandbox

COUNTS = {
    "pull_requests": "select count(*) from pull_requests where deleted_at is null",
    "reviews": "select count(*) from reviews where deleted_at is null",
    "inline": "select count(*) from comments where kind = 'inline' and deleted_at is null",
    "conversation": "select count(*) from comments where kind = 'conversation' and deleted_at is null",
    "files": "select count(*) from file_changes where deleted_at is null",
}


@dataclass
class Rig:
    """An engine whose waits are noted instead of waited for."""

    store: Store
    dsn: str
    sandbox: Sandbox
    tools: Tools
    waits: list[float] = field(default_factory=list[float])

    async def sync(self, concurrency: int = 4, **request: Any) -> Outcome:
        """What `capture sync` does, with a request in the words of `parse_request`; the whole history by default."""
        request = request or {"whole_history": True}
        request.setdefault("repository", self.sandbox.repository)
        submitted = await make_job(self.tools, parse_request(**request))
        return await self.run(submitted.id, concurrency=concurrency)

    async def run(self, job_id: Any, concurrency: int = 4, executed_by: Any = "local", **more: Any) -> Outcome:
        """One attempt at a job."""
        steps = DirectSteps(concurrency)
        return await run_job(self.tools, job_id, executed_by=executed_by, owner="test", steps=steps, force=True, **more)

    async def job(self, outcome: Outcome) -> Job:
        """The row of an outcome's job."""
        job = await self.store.get_job(outcome.job_id)
        assert job is not None
        return job

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look at what is stored."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def stored(self) -> dict[str, int]:
        """How many rows are stored, in the words of the sandbox's truth."""
        return {name: self.sql(statement)[0][0] for name, statement in COUNTS.items()}

    def open_lists(self) -> list[tuple[Any, ...]]:
        """Lists that are neither complete nor cut off by GitHub: (number, list, expected, captured)."""
        return self.sql(
            "select p.number, l.list, l.expected, l.captured from pull_request_lists l"
            " join pull_requests p on p.id = l.pull_request_id where not l.complete and not l.truncated order by 1, 2"
        )


class Untimed:
    """GitHub whose answers seem to take no time: how much is asked for at once must not hang on a busy machine."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def __getattr__(self, name: str) -> Any:
        return getattr(self._github, name)

    async def listing(self, *args: Any, **words: Any) -> Any:
        return replace(await self._github.listing(*args, **words), seconds=0.1)

    async def items(self, *args: Any, **words: Any) -> Any:
        return replace(await self._github.items(*args, **words), seconds=0.1)


@asynccontextmanager
async def rig(store: Store, dsn: str, sandbox: Sandbox, *, bulk: bool = True, **access: Any) -> AsyncGenerator[Rig]:
    """An engine over an open store."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    def clock() -> datetime:
        return datetime.now(UTC)

    values = {"token": sandbox.token, **access}
    where = Access(api_url=sandbox.url, graphql_url=f"{sandbox.url}/graphql", **values)
    async with open_github(where, store, bulk=bulk, clock=clock, sleep=sleep, random=lambda: 0.5) as github:
        tools = Tools(store, cast("Source", Untimed(github)), clock, sleep, random=lambda: 0.5)
        yield Rig(store, dsn, sandbox, tools, waits)
