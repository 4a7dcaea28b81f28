"""Servers killed with SIGKILL in the middle of commits: what was acknowledged is there, whole, and counted once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from capture.store.persistence import Patience
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from capture.store.supabase_transport import open_supabase
from tests.store.lite import lite
from tests.store.make import Work, unique_id, whole, working
from tests.store.servers import postgres

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PATIENCE = Patience(first=120.0, later=240.0)  # a restart on a busy machine takes its time
WRITERS = 3
ITEMS = 8
ROWS = 6  # of one pull request in `whole`


class Writers:
    """Some writers that commit chunk after chunk through one store, and know what was acknowledged."""

    def __init__(self, works: list[Work]) -> None:
        self.works = works
        self.acknowledged: list[list[int]] = [[] for _ in works]
        self.in_flight = 0
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Until told to stop. A failure that reaches a writer is a failure of the test."""
        async with asyncio.TaskGroup() as group:
            for place in range(len(self.works)):
                group.create_task(self._write(place))

    async def until(self, more: int) -> None:
        """Wait for so many more acknowledged chunks of every writer, and then for a commit in flight."""
        goals = [len(numbers) + more for numbers in self.acknowledged]
        async with asyncio.timeout(120):
            while any(len(numbers) < goal for numbers, goal in zip(self.acknowledged, goals, strict=True)):
                await asyncio.sleep(0.002)
            while not self.in_flight:
                await asyncio.sleep(0)

    async def _write(self, place: int) -> None:
        work, first = self.works[place], 1
        while not self.stop.is_set():
            numbers = range(first, first + ITEMS)
            chunk = whole(first, base=unique_id() * 10)
            for number in numbers[1:]:
                more = whole(number, base=unique_id() * 10)
                for name in ("pull_requests", "reviews", "comments", "file_changes", "lists"):
                    getattr(chunk, name).extend(getattr(more, name))
            self.in_flight += 1
            await work.commit(chunk, items_done=ITEMS, cursor={"after": numbers[-1]}, metrics={"chunks": 1})
            self.in_flight -= 1
            self.acknowledged[place].extend(numbers)
            first += ITEMS


def check(dsn: str, writers: Writers) -> int:
    """Every acknowledged chunk is there with all its rows, nothing is there in part, and counters match exactly."""
    query = """
        select count(*), coalesce(sum(c), 0), coalesce(max(number), 0) from (
          select p.number, 1 + (select count(*) from reviews r where r.pull_request_id = p.id)
            + (select count(*) from comments c where c.pull_request_id = p.id)
            + (select count(*) from file_changes f where f.pull_request_id = p.id) as c
          from pull_requests p where p.repository_id = %s) whole"""
    total = 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        for work, numbers in zip(writers.works, writers.acknowledged, strict=True):
            row = connection.execute(query, (work.repository,)).fetchone()
            assert row == (len(numbers), len(numbers) * ROWS, len(numbers))
            job = connection.execute(
                "select items_done, metrics ->> 'chunks', cursor ->> 'after', rows_written"
                " from progressive_capture_jobs where id = %s", (work.job,),
            ).fetchone()  # fmt: skip
            count = len(numbers)
            assert job == (count, str(count // ITEMS), str(count), count * ROWS)
            total += count
    return total


async def survive(
    store: Store, dsn: str, kills: int, kill: Callable[[], Any], restart: Callable[[], Awaitable[Any]]
) -> int:
    """Write, kill in the middle of commits, restart, go on; answer how many items were acknowledged."""
    writers = Writers([await working(store, lease=3600.0) for _ in range(WRITERS)])
    chance = random.Random(20261127)
    running = asyncio.create_task(writers.run())
    for _ in range(kills):
        await writers.until(chance.randint(1, 4))
        await asyncio.sleep(chance.random() * 0.03)
        kill()
        await restart()
    await writers.until(2)
    writers.stop.set()
    await running
    return check(dsn, writers)


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])])
async def test_killing_the_database_server_loses_and_tears_nothing(tmp_path: Path, kills: int) -> None:
    """The writers recover by themselves, and no repeated commit is counted twice."""
    with postgres(tmp_path) as server:
        async with open_postgres(server.dsn, patience=PATIENCE) as transport:
            acknowledged = await survive(
                Store(transport), server.dsn, kills, server.kill, lambda: asyncio.to_thread(server.start)
            )
    assert acknowledged >= WRITERS * ITEMS * kills


@pytest.mark.node
async def test_killing_the_rest_server_loses_and_tears_nothing(tmp_path: Path) -> None:
    """Ten times; it is started again without any care for its first requests, which come all at once."""
    with postgres(tmp_path / "postgres") as server, lite(tmp_path / "lite", server.dsn) as rest:
        async with open_supabase(rest.url, rest.secret, patience=PATIENCE) as transport:
            acknowledged = await survive(
                Store(transport), server.dsn, 10, rest.kill, lambda: asyncio.to_thread(rest.start)
            )
    assert acknowledged >= WRITERS * ITEMS * 10
