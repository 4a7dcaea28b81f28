"""At size, nothing that the write contract does reads a captured table from end to end."""

import psycopg
import pytest

from benchmarks.stored_rows import repository_of, seed
from capture.core.models import Chunk
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.make import T0, Work, claimed, listed, scan, unique_id, whole
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


async def use_everything(dsn: str, first: int, stored: range) -> None:
    """New, unchanged, changed and vanishing rows; a manifest page; a plan. Connections are new, so plans are too."""
    async with open_postgres(dsn, connections=1) as transport:
        store = Store(transport)
        claim = await claimed(store)
        row = {"github_id": 1, "owner": "o", "name": "r"}
        numbers = [*range(first, first + 20), *stored]
        listing = await store.commit_manifest(
            claim.job.id, claim.lease_token, row, scan(kind="window"), [listed(n) for n in numbers]
        )
        work = Work(store, claim, listing.repository_id, 1)
        chunk = Chunk()
        for number in numbers:
            one = whole(number, base=unique_id() * 10, state="merged", merged_at=T0)
            for name in ("people", "pull_requests", "reviews", "comments", "file_changes", "lists"):
                getattr(chunk, name).extend(getattr(one, name))
        for _ in range(7):  # past the tries after which Postgres settles for one plan
            await work.commit(chunk)
            chunk.reviews = chunk.reviews[1:]
            for one in chunk.pull_requests:
                one["updated_at"] += (one["updated_at"] - one["created_at"]) or one["updated_at"].resolution
        await store.plan_page(work.repository, limit=100)
        await store.plan_page(work.repository, numbers=numbers)


@pytest.mark.parametrize(
    "stored", [6_000, pytest.param(1_000_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])]
)
async def test_no_call_scans_a_captured_table(database_url: str, stored: int) -> None:
    """Neither before the tables were ever analysed nor afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        await use_everything(database_url, 50_000_000, range(0))  # while the tables are nearly empty
        seed(connection, repository_of(connection), stored, analyze=False)
        for first in (60_000_000, 70_000_000):
            before = sequential(connection)
            await use_everything(database_url, first, range(1, 20))
            assert sequential(connection) == before
            connection.execute("analyze")
