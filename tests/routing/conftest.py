"""A desk for tests of routing: a fresh database, a GitHub sandbox shared by the module, and processors that note."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest

from capture.core.models import Claim, Executor, Job, NewJob, Processor, Submitted
from capture.core.ports import Handed, Messenger, Verdict
from capture.core.request import parse_request
from capture.store.store import Store
from capture.usecases.submit import Submission, submit
from capture.usecases.tools import Tools
from tests.support.sandbox import Sandbox, start_sandbox


@dataclass
class Noting:
    """A processor from outside: it notes what it is sent, and answers as a test tells it to."""

    processor: Processor
    verdict: Verdict = field(default_factory=lambda: Verdict(True, "ok"))
    answer: Handed | Exception = field(default_factory=Handed)
    sent: list[str] = field(default_factory=list)
    probes: int = 0

    async def send(self, job: Job, handover: int) -> Handed:
        self.sent.append(f"{job.id}:{handover}")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def probe(self) -> Verdict:
        self.probes += 1
        return self.verdict

    async def cancel(self, job: Job) -> None:
        raise AssertionError("nobody asked for this")


@dataclass
class Desk:
    """What a test of routing works with."""

    store: Store
    tools: Tools
    dsn: str
    github: Sandbox
    inngest: Noting = field(default_factory=lambda: Noting("inngest"))
    actions: Noting = field(default_factory=lambda: Noting("github_actions"))

    @property
    def messengers(self) -> dict[Processor, Messenger]:
        return {"inngest": self.inngest, "github_actions": self.actions}

    async def ask(
        self, *, dry_run: bool = False, handing: bool = True, listing_seconds: float = 30.0, **words: Any
    ) -> Submission:
        """Submit a request for the sandbox's repository; a loaded machine gets more time for GitHub's page."""
        request = parse_request(**{"repository": self.github.repository, **words})
        return await submit(
            self.tools,
            request,
            dry_run=dry_run,
            messengers=self.messengers if handing else None,
            listing_seconds=listing_seconds,
        )

    async def job(self, job: Submitted | UUID) -> Job:
        """A job's row."""
        found = await self.store.get_job(job if isinstance(job, UUID) else job.id)
        assert found is not None
        return found

    async def make(self, processor: Processor = "inngest", **values: Any) -> Job:
        """A pending job, submitted without any decision."""
        fields: dict[str, Any] = {
            "job_type": "recent-prs", "owner": self.github.owner, "name": self.github.name,
            "processor_type": processor, "trigger": "automatic", "scope_hash": f"made {processor} {values}",
        }  # fmt: skip
        (made,) = await self.store.submit_jobs([NewJob(**{**fields, **values})])
        return await self.job(made)

    async def claim(self, job: Job, executor: Executor, seconds: float = 60) -> Claim:
        """Claim a job as a worker does."""
        claim = await self.store.claim_job(job.id, executor, "a worker", seconds, force=True)
        assert isinstance(claim, Claim), claim
        return claim

    async def run(self, job: Job, executor: Executor, status: str = "completed", **ending: Any) -> Job:
        """Let a worker claim a job and end it."""
        claim = await self.claim(job, executor)
        await self.store.finish_job(job.id, claim.lease_token, status, **ending)
        return await self.job(job.id)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look at, or age, what is stored."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def age(self, job: Job, seconds: float = 3600) -> None:
        """Let a job's deadlines, leases and waiting times have passed."""
        columns = ("claim_deadline", "lease_expires_at", "next_attempt_at", "created_at")
        changes = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
        self.sql(f"update progressive_capture_jobs set {changes} where id = %s", job.id)


@pytest.fixture(scope="module")
def github() -> Iterator[Sandbox]:
    """GitHub with one repository of 60 pull requests, shared by the tests of a module."""
    with start_sandbox(pull_requests=60, seed=5) as started:
        yield started


@pytest.fixture
async def desk(database_url: str, github: Sandbox) -> AsyncIterator[Desk]:
    """A desk on a fresh database."""
    from capture.settings import Settings
    from capture.wiring import open_tools

    values = {name.lower(): value for name, value in github.settings().items()}
    settings = Settings.model_validate({"database_url": database_url, **values})
    async with open_tools(settings) as tools:
        store = tools.store
        assert isinstance(store, Store)
        yield Desk(store, tools, database_url, github)
    github.faults()
