"""Many processes on one queue, and one that is stopped in the middle of its work."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from capture.core.models import Chunk, Claim
from capture.store.store import Store
from tests.store.make import T0, Work, new_job, person, pull_request, working
from tests.store.worker import claim_all, run_together, submit, work

pytestmark = pytest.mark.slow


def statuses(dsn: str) -> dict[str, int]:
    """How many jobs are in which status."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = connection.execute("select status, count(*) from progressive_capture_jobs group by 1").fetchall()
    return dict(found)


def test_twenty_processes_that_submit_the_same_request_get_one_active_job(database_url: str) -> None:
    """Everyone is answered with its id."""
    answers = run_together(20, submit, database_url, new_job())
    assert len({identity for identity, _ in answers}) == 1
    assert Counter(outcome for _, outcome in answers) == {"created": 1, "duplicate": 19}
    assert statuses(database_url) == {"pending": 1}


@pytest.mark.anyio
async def test_twenty_worker_processes_claim_four_hundred_jobs_once_each(database_url: str, store: Store) -> None:
    """None is claimed twice, none is left."""
    submitted = await store.submit_jobs([new_job() for _ in range(400)])
    answers = await asyncio.to_thread(run_together, 20, claim_all, database_url)
    claimed = Counter(identity for answer in answers for identity in answer)
    assert claimed == Counter(answer.id for answer in submitted)
    assert statuses(database_url) == {"processing": 400}


@pytest.mark.anyio
async def test_a_process_paused_past_its_lease_is_refused_when_it_goes_on(database_url: str, store: Store) -> None:
    """Another worker took over meanwhile: the paused one hears that it is fenced, and the data is the second's."""
    first = await working(store, lease=1.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.worker", database_url,
         str(first.job), str(first.claim.lease_token), str(first.repository)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for _ in range(3):
            assert await asyncio.to_thread(process.stdout.readline)
        os.kill(process.pid, signal.SIGSTOP)
        second = await _take_over(store, first.job)
        taken = Work(store, second, first.repository, first.github_id)
        chunk = Chunk(people=[person()], pull_requests=[pull_request(1, title="second", updated_at=T0)])
        assert (await taken.commit(chunk)).written == 1
        os.kill(process.pid, signal.SIGCONT)
        assert await asyncio.to_thread(process.wait, 60) == 75
    finally:
        process.kill()
        process.wait()
    with psycopg.connect(database_url, autocommit=True) as connection:
        titles = connection.execute("select title from pull_requests").fetchall()
    assert titles == [("second",)]
    assert await store.finish_job(second.job.id, second.lease_token, "completed") == "completed"


async def _take_over(store: Store, job: UUID) -> Claim:
    deadline = time.monotonic() + 60
    while True:
        claim = await store.claim_job(job, "local", "second", 300.0)
        if isinstance(claim, Claim):
            return claim
        assert claim.reason == "held"
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("seconds", [20, pytest.param(120, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])])
def test_eight_workers_neither_lose_nor_repeat_a_job(
    database_url: str, seconds: int, figures: Callable[[str], None]
) -> None:
    """Submitted, claimed, listed, committed and finished under load; every job once, with all its rows."""
    answers = run_together(8, work, database_url, float(seconds))
    submitted = [identity for mine, _ in answers for identity in mine]
    finished = [identity for _, mine in answers for identity in mine]
    assert Counter(finished) == Counter(submitted)
    assert statuses(database_url) == {"completed": len(submitted)}
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "select count(*) filter (where attempt = 1), sum(items_done), sum(rows_written)"
            " from progressive_capture_jobs"
        ).fetchone()
    assert row == (len(submitted), len(submitted) * 5, len(submitted) * 5 * 6)
    figures(f"8 workers, {seconds} s: {len(submitted) / seconds:.0f} jobs/s of 5 items each, {len(submitted)} in all")
