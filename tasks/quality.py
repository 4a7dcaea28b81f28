"""Trust in the data as tasks: a second look, the suites (in a process of their own), and repairs of what is missing."""

import asyncio
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from prefect import task
from prefect.cache_policies import NO_CACHE

from capture.core.errors import Outage
from capture.settings import settings
from capture.usecases.audit import audit
from capture.usecases.reconcile import queue_repairs, repository_id_of
from capture.wiring import open_messengers, open_store, open_tools


@task(name="run the suites", cache_policy=NO_CACHE, persist_result=False)
async def validate(
    *,
    checkpoint: str = "nightly",
    repository: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    job_id: UUID | None = None,
) -> dict[str, Any]:
    """Validate and make the report; answers the run as JSON with its `exit_code`. Raises `Outage` if it cannot be told.

    Great Expectations takes seconds and much memory to import, so it lives and ends in a process of its own.
    """
    words = ["validate", "--json", "--checkpoint", checkpoint]
    for option, value in (
        ("--repository", repository),
        ("--since", since.isoformat() if since else None),
        ("--until", until.isoformat() if until else None),
        ("--job-id", str(job_id) if job_id else None),
    ):
        words += [option, value] if value else []
    return await _answer(words)


@task(name="run the suites after jobs", cache_policy=NO_CACHE, persist_result=False)
async def validate_after_jobs() -> list[dict[str, Any]]:
    """Validate the windows of all jobs that ended since the last validation; answers the runs as JSON."""
    answer = await _answer(["after-jobs", "--json"])
    return list(answer["runs"])


async def _answer(words: list[str]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "expectations", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    try:
        answer: dict[str, Any] = orjson.loads(output)
    except orjson.JSONDecodeError:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
        raise Outage(f"the suites ended without an answer: {last[0]}") from None
    if "error" in answer:
        raise Outage(str(answer["error"]))
    return answer


@task(name="reconcile", cache_policy=NO_CACHE, persist_result=False)
async def reconcile(
    repository: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Compare manifest and rows; every gap gets a repair job, once."""
    async with open_store(settings()) as store, open_messengers(settings()) as messengers:
        done = await queue_repairs(store, messengers or None, repository=repository, since=since, until=until)
    return {
        "found": done.found, "new": done.opened, "repaired": done.repaired, "accepted": done.accepted,
        "open": done.open, "pull requests": done.numbers, "jobs": [str(job) for job in done.jobs],
    }  # fmt: skip


@task(name="audit", cache_policy=NO_CACHE, persist_result=False)
async def look_again(limit: int, repository: str | None = None) -> int:
    """Read a random sample of captured items again over REST; the overlap suite compares. Answers the records seen."""
    async with open_tools(settings()) as tools, open_store(settings()) as store:
        return await audit(
            store, tools.github, repository_id=await repository_id_of(store, repository), limit=limit
        )  # fmt: skip
