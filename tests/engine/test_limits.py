"""Limits of GitHub: short ones are waited for, long ones defer the job, and recent work always finds room."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from capture.core.errors import Deferred
from capture.store.store import Store
from tests.engine.rig import Rig, rig
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("old", [True, False], ids=["RATE_LIMITED", "RATE_LIMIT"])
async def test_an_exhausted_limit_defers_the_job_without_an_attempt_and_the_job_completes_later(
    engine: Rig, old: bool
) -> None:
    engine.sandbox.faults(
        {"match": {"operation": "Items", "nth": 2}, "action": {"kind": "rate_limit", "reset_in": 3_000, "old": old}}
    )
    before = datetime.now(UTC)
    outcome = await engine.sync(concurrency=1)
    job = await engine.job(outcome)
    assert (outcome.status, job.status, job.attempt) == ("deferred", "deferred", 0)
    assert job.deferred_reason == "GitHub's rate limit"
    assert job.next_attempt_at is not None
    assert timedelta(seconds=2_999) <= job.next_attempt_at - before
    assert job.next_attempt_at - datetime.now(UTC) <= timedelta(seconds=3_010)
    assert sum(engine.waits) == 0
    calls = len(engine.sandbox.calls())

    assert (await engine.run(job.id, concurrency=1)).status == "deferred"  # the account knows, nobody asks GitHub again
    assert len(engine.sandbox.calls()) == calls

    engine.sandbox.limits("graphql", remaining=5_000, reset_in=3_600)
    engine.sql("delete from rate_budgets")
    assert (await engine.run(job.id)).status == "completed"
    assert engine.stored() == engine.sandbox.truth()


@pytest.mark.parametrize("status", [200, 403])
async def test_a_secondary_limit_without_a_time_defers_for_a_minute(engine: Rig, status: int) -> None:
    engine.sandbox.faults(
        {"match": {"operation": "Items", "nth": 1}, "action": {"kind": "secondary", "status": status}}
    )
    before = datetime.now(UTC)
    outcome = await engine.sync(concurrency=1)
    assert outcome.status == "deferred"
    assert outcome.until is not None
    assert before + timedelta(seconds=60) <= outcome.until <= datetime.now(UTC) + timedelta(seconds=70)
    assert len(engine.sandbox.calls("Items")) == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_limits_of_rest_defer_as_well(engine: Rig, status: int) -> None:
    await engine.sync()
    engine.sandbox.faults(
        {"match": {"route": "*/pulls/comments"}, "action": {"kind": "rate_limit", "status": status, "reset_in": 900}}
    )
    outcome = await engine.sync()
    assert (outcome.status, outcome.reason) == ("deferred", "GitHub's rate limit")


async def test_the_last_good_answer_of_an_hour_is_data_and_no_error(engine: Rig) -> None:
    engine.sandbox.limits("graphql", remaining=2, reset_in=3_000)
    outcome = await engine.sync()
    assert outcome.status == "deferred"  # the listing cost the last two points and was kept
    assert engine.sql("select count(*) from pull_request_manifest") == [(60,)]


async def test_recent_work_finds_room_when_bulk_has_used_its_share(
    store: Store, database_url: str, github: Sandbox, engine: Rig
) -> None:
    github.limits("graphql", limit=5_000, remaining=1_010, reset_in=3_000)
    async with rig(store, database_url, github, bulk=True) as bulk:
        assert (await bulk.sync(concurrency=1)).status == "deferred"
        assert bulk.sql("select remaining >= 1000 from rate_budgets where resource = 'graphql'") == [(True,)]
    async with rig(store, database_url, github, bulk=False) as recent:
        outcome = await recent.sync(whole_history=True, max_items=20)
        assert outcome.status == "completed"
        assert recent.stored()["pull_requests"] >= 20
        assert sum(recent.waits) == 0


async def test_server_seconds_beyond_a_minute_a_minute_put_bulk_work_off(engine: Rig) -> None:
    await engine.sync(whole_history=True, max_items=1)
    engine.sql("update rate_budgets set window_started_at = now(), window_seconds = 61 where resource = 'graphql'")
    outcome = await engine.sync()
    assert outcome.status == "deferred"
    assert outcome.until is not None
    assert outcome.until - datetime.now(UTC) < timedelta(seconds=61)


ROOT = Path(__file__).parents[2]

SPENDER = """
import asyncio, sys
from capture.settings import Settings
from capture.wiring import open_store

async def main() -> None:
    granted = 0
    async with open_store(Settings.model_validate({"database_url": sys.argv[1]})) as store:
        for _ in range(200):
            answer = await store.reserve_budget(credential="shared", resource="graphql", points=7, bulk=True)
            granted += answer.granted
    print(granted)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_three_processes_share_one_account_to_the_point(engine: Rig) -> None:
    reset = datetime.now(UTC) + timedelta(minutes=30)
    values: dict[str, Any] = {"credential": "shared", "resource": "graphql", "cost": 0, "reserved": 0}
    await engine.store.record_budget(**values, limit=3_000, remaining=3_000, reset_at=reset)
    spenders = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", SPENDER, engine.dsn, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    granted = [int((await spender.communicate())[0]) for spender in spenders]
    assert sum(granted) == (3_000 - 600) // 7  # the last fifth stays for recent work
    assert all(spender.returncode == 0 for spender in spenders)


async def test_a_wait_of_up_to_twenty_seconds_is_waited_and_a_longer_one_is_not(engine: Rig) -> None:
    engine.sandbox.faults(
        {"match": {"operation": "Manifest", "nth": 1}, "action": {"kind": "secondary", "retry_after": 19}}
    )
    assert (await engine.sync()).status == "completed"
    assert 19 in engine.waits
    engine.waits.clear()
    engine.sandbox.faults(
        {"match": {"operation": "Manifest", "nth": 1}, "action": {"kind": "secondary", "retry_after": 21}}
    )
    with pytest.raises(Deferred):
        await engine.tools.github.listing("octo-sandbox", "progressive", field="CREATED_AT", after=None)
    assert engine.waits == []
