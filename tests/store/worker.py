"""What worker processes of the tests do. Each function is one process; all of them begin at once, at a barrier."""

import asyncio
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any
from uuid import UUID

from capture.core.errors import Fenced
from capture.core.models import Chunk, Claim, NewJob
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.make import T0, listed, new_job, person, pull_request, scan, unique_id, whole

Result = list[Any]


def run_together(count: int, function: Callable[..., Result], *arguments: Any) -> list[Result]:
    """Run `function(number, barrier, *arguments)` in so many processes at once; answer what each returned."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.store.worker"])
    barrier = context.Barrier(count)
    results = context.SimpleQueue()
    processes = [
        context.Process(target=_child, args=(function, number, barrier, results, arguments), daemon=True)
        for number in range(count)
    ]
    for process in processes:
        process.start()
    try:
        answers = [results.get() for _ in processes]
        for process in processes:
            process.join(60)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
    failures = [answer for answer in answers if isinstance(answer, str)]
    assert not failures, failures[0]
    return answers


def _child(
    function: Callable[..., Result], number: int, barrier: Any, results: Any, arguments: tuple[Any, ...]
) -> None:
    try:
        results.put(function(number, barrier, *arguments))
    except BaseException as error:  # noqa: BLE001 - it is the parent that has to hear of it
        results.put(f"process {number}: {type(error).__name__}: {error}")


def submit(number: int, barrier: Any, dsn: str, job: NewJob) -> Result:
    """Submit one request; answer the id and the outcome."""

    async def main() -> Result:
        async with open_postgres(dsn, connections=1) as transport:
            store = Store(transport)
            await store.server_time()
            barrier.wait(60)
            (answer,) = await store.submit_jobs([job])
            return [answer.id, answer.outcome]

    return asyncio.run(main())


def claim_all(number: int, barrier: Any, dsn: str) -> Result:
    """Claim what there is until nothing is left; answer the ids."""

    async def main() -> Result:
        async with open_postgres(dsn, connections=1) as transport:
            store = Store(transport)
            await store.server_time()
            barrier.wait(60)
            claimed: list[UUID] = []
            while (claim := await store.claim_next("local", f"worker-{number}")) is not None:
                claimed.append(claim.job.id)
            return claimed

    return asyncio.run(main())


def work(number: int, barrier: Any, dsn: str, seconds: float) -> Result:
    """Submit, claim, list, commit, finish, again and again; answer the submitted and the finished ids."""

    async def one(store: Store, claim: Claim) -> str:
        job, token = claim.job, claim.lease_token
        repository = {"github_id": unique_id(), "owner": job.owner, "name": job.name}
        listing = await store.commit_manifest(job.id, token, repository, scan(), [listed(n) for n in range(1, 6)])
        base = unique_id() * 100
        for item in range(1, 6):
            chunk = whole(item, base=base + item * 10)
            await store.commit_chunk(job.id, token, listing.repository_id, chunk, items_done=1)
        assert (await store.heartbeat(job.id, token)).ok
        return await store.finish_job(job.id, token, "completed")

    async def main() -> Result:
        submitted: list[UUID] = []
        finished: list[UUID] = []
        async with open_postgres(dsn, connections=1) as transport:
            store = Store(transport)
            await store.server_time()
            barrier.wait(60)
            end = time.monotonic() + seconds
            while True:
                if time.monotonic() < end:
                    submitted += [answer.id for answer in await store.submit_jobs([new_job()])]
                claim = await store.claim_next("local", f"worker-{number}", 120.0)
                if claim is None:
                    if time.monotonic() >= end:
                        return [submitted, finished]
                    continue
                assert await one(store, claim) == "completed"
                finished.append(claim.job.id)

    return asyncio.run(main())


async def late_commit(dsn: str, job: UUID, token: UUID, repository: UUID) -> int:
    """Write for a job for ever, one pull request after another, until the fence refuses: then 75 is the exit code."""
    async with open_postgres(dsn, connections=1) as transport:
        store = Store(transport)
        for number in range(1, 10**6):
            chunk = Chunk(people=[person()], pull_requests=[pull_request(1, title=f"late {number}", updated_at=T0)])
            try:
                await store.commit_chunk(job, token, repository, chunk)
            except Fenced:
                return 75
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(late_commit(sys.argv[1], *map(UUID, sys.argv[2:5]))))
