"""At size, nothing that the write contract does reads a captured table from end to end."""

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from benchmarks.stored_rows import repository_of, seed
from capture.core.models import Chunk
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.make import T0, Work, claimed, listed, scan, unique_id, whole, working
from tests.support.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CAPTURED = (
    "contributors", "pull_requests", "reviews", "comments", "file_changes", "pull_request_lists",
    "pull_request_manifest", "capture_observations",
)  # fmt: skip


def sequential(connection: psycopg.Connection) -> dict[str, int]:
    """Sequential scans of the captured tables so far."""
    alone = "select count(*) = 0 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    eventually(lambda: connection.execute(alone).fetchone() == (True,), what="the end of the other connections")
    connection.execute("select pg_stat_force_next_flush()")
    connection.execute("select pg_stat_clear_snapshot()")
    query = "select relname, seq_scan from pg_stat_user_tables where relname = any (%s)"
    return dict(connection.execute(query, (list(CAPTURED),)).fetchall())


def read_by_index(connection: psycopg.Connection) -> int:
    """Index entries of the captured tables that were read so far; only true once `sequential` has waited."""
    query = "select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = any (%s)"
    row = connection.execute(query, (list(CAPTURED),)).fetchone()
    assert row is not None
    return row[0]


def chunk_of(numbers: Iterable[int], base: int, **columns: Any) -> Chunk:
    """Whole pull requests in one chunk."""
    chunk = Chunk()
    for number in numbers:
        one = whole(number, base=base + number * 10, **columns)
        for name in ("people", "pull_requests", "reviews", "comments", "file_changes", "lists"):
            getattr(chunk, name).extend(getattr(one, name))
    return chunk


async def use_everything(store: Store, first: int, stored: range) -> None:
    """New, unchanged, changed and vanishing rows; manifest pages; plans."""
    claim = await claimed(store)
    row = {"github_id": 1, "owner": "o", "name": "r"}
    numbers = [*range(first, first + 20), *stored]
    for kind in ("window", "full"):
        listing = await store.commit_manifest(
            claim.job.id, claim.lease_token, row, scan(kind=kind, complete=False), [listed(n) for n in numbers]
        )
    work = Work(store, claim, listing.repository_id, 1)
    chunk = chunk_of(numbers, unique_id() * 1000, state="merged", merged_at=T0)
    for _ in range(7):  # past the tries after which Postgres settles for one plan
        await work.commit(chunk)
        chunk.reviews = chunk.reviews[1:]
        for one in chunk.pull_requests:
            one["updated_at"] += (one["updated_at"] - one["created_at"]) or one["updated_at"].resolution
    await store.plan_page(work.repository, limit=100)
    await store.plan_page(work.repository, numbers=numbers)


async def use_anew(dsn: str, first: int, stored: range) -> None:
    """The same on a connection of its own, whose plans are made now."""
    async with open_postgres(dsn, connections=1) as transport:
        await use_everything(Store(transport), first, stored)


@pytest.mark.parametrize(
    "stored", [6_000, pytest.param(1_000_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])]
)
async def test_no_call_scans_a_captured_table(database_url: str, stored: int) -> None:
    """Neither before the tables were ever analysed nor afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        await use_anew(database_url, 50_000_000, range(0))  # while the tables are nearly empty
        seed(connection, repository_of(connection), stored, analyze=False)
        for first in (60_000_000, 70_000_000):
            before = sequential(connection)
            await use_anew(database_url, first, range(1, 20))
            assert sequential(connection) == before
            connection.execute("analyze")


async def test_plans_made_on_empty_tables_stay_good_while_the_tables_fill(database_url: str) -> None:
    """A worker keeps its connection, and nobody analyses anything: still no call reads what it does not name."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in CAPTURED:  # it comes by once a minute, and would make new plans
            connection.execute(sql.SQL("alter table {} set (autovacuum_enabled = off)").format(sql.Identifier(table)))
        async with open_postgres(database_url, connections=1) as transport:
            work = await working(Store(transport))
            base = 10**12
            repository = {"github_id": work.github_id, "owner": "o", "name": "r"}
            parts = [range(1, 2), *(range(first, first + 100) for first in range(1, 2_001, 100))]
            alone = [range(number, number + 1) for number in range(1, 101)]
            for part in parts + alone:
                items = [listed(number) for number in part]
                page = scan(kind="full", complete=False)
                await work.store.commit_manifest(work.job, work.claim.lease_token, repository, page, items)
                await work.commit(chunk_of(part, base))
        sequential(connection)  # waits until the figures are all there
        stored = connection.execute(
            "select sum(n_live_tup)::bigint from pg_stat_user_tables where relname = any (%s)", (list(CAPTURED),)
        ).fetchone()
        assert stored is not None
        assert stored[0] > 20_000
        assert read_by_index(connection) < 3 * stored[0]
