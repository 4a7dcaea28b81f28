"""commit_chunk against a bare COPY plus INSERT … ON CONFLICT of the same rows, in one run on one server.

    uv run python -m benchmarks.commit_chunk [--pull-requests 1000000] [--rounds 10]

Prints medians in milliseconds and their ratio, first on empty tables, then with so many pull requests stored, and the
time of a chunk of one pull request there. fsync is on.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from benchmarks.chunk_rows import bare_statements, chunk_of
from benchmarks.stored_rows import repository_of, seed
from capture.core.models import Chunk, NewJob
from capture.core.store_values import Refused
from capture.store.embedded import embedded_postgres
from capture.store.migrate import migrate
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store

SIZE = 100


async def claimed(store: Store) -> tuple[UUID, UUID]:
    """A job to write for."""
    job = NewJob(
        job_type="historical-pr-sync", owner="o", name="r", processor_type="github_actions", trigger="manual",
        scope_hash=str(uuid4()),
    )  # fmt: skip
    (submitted,) = await store.submit_jobs([job])
    claim = await store.claim_job(submitted.id, "local", "benchmark", 3600)
    assert not isinstance(claim, Refused)
    return claim.job.id, claim.lease_token


def bare(connection: psycopg.Connection, prepared: list[tuple[str, list[str], str, bytes]]) -> None:
    """COPY into temporary tables and upsert from them, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        for table, columns, key, rows in prepared:
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            target, staged = sql.Identifier(table), sql.Identifier(f"staged_{table}")
            cursor.execute(
                sql.SQL("create temp table {} on commit drop as select {} from {} limit 0").format(
                    staged, names, target
                )
            )
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(staged, names)) as copy:
                copy.write(rows)
            changes = sql.SQL(", ").join(
                sql.SQL("{} = excluded.{}").format(sql.Identifier(column), sql.Identifier(column))
                for column in columns
                if column not in ("id", *key.split(", "))
            )
            cursor.execute(
                sql.SQL("insert into {} ({}) select {} from {} on conflict ({}) do update set {}").format(
                    target, names, names, staged, sql.SQL(key), changes  # type: ignore[arg-type]
                )
            )  # fmt: skip


async def timed(rounds: int, *runs: Callable[[int], Awaitable[None]]) -> list[list[float]]:
    """Milliseconds of each run in each round; they take turns, so that a busy machine slows all of them alike."""
    times: list[list[float]] = [[] for _ in runs]
    for number in range(rounds):
        for run, kept in zip(runs, times, strict=True):
            start = time.perf_counter()
            await run(number)
            kept.append((time.perf_counter() - start) * 1000)
    return times


async def compare(store: Store, connection: psycopg.Connection, repository: UUID, first: int, rounds: int) -> None:
    """One table of figures; numbers from `first` on must be unused."""
    job, token = await claimed(store)
    span = range(rounds)
    ours = [range(first + index * SIZE, first + (index + 1) * SIZE) for index in span]
    theirs = [range(first + (rounds + index) * SIZE, first + (rounds + index + 1) * SIZE) for index in span]
    ids: dict[int, UUID] = {}

    for title, version, changed in (
        ("cold", 0, None), ("unchanged", 0, None), ("10 % changed", 1, 10), ("all changed", 2, None)
    ):  # fmt: skip

        def rows(part: range, version: int = version, changed: int | None = changed) -> Chunk:
            return chunk_of(part, version=version, changed=None if changed is None else list(part)[:changed])

        mine = [rows(part) for part in ours]
        prepared = [bare_statements(rows(part), repository, ids) for part in theirs]

        async def commit(index: int, chunks: list[Chunk] = mine) -> None:
            await store.commit_chunk(job, token, repository, chunks[index], items_done=SIZE)

        async def copy(index: int, statements: list[list[tuple[str, list[str], str, bytes]]] = prepared) -> None:
            bare(connection, statements[index])

        plain, contract = await timed(rounds, copy, commit)
        middle = [statistics.median(times) for times in (plain, contract)]
        print(
            f"{title:14} bare {middle[0]:6.1f} ms  commit_chunk {middle[1]:6.1f} ms  ratio {middle[1] / middle[0]:.2f} "
            f"(fastest {min(plain):.1f} and {min(contract):.1f} ms: {min(contract) / min(plain):.2f})"
        )
    single = [chunk_of([first + 2 * rounds * SIZE + index]) for index in span]

    async def one(index: int) -> None:
        await store.commit_chunk(job, token, repository, single[index], items_done=1)

    for title in ("one pull request, cold", "one pull request, unchanged"):
        (times,) = await timed(rounds, one)
        print(f"{title}: {statistics.median(times):.1f} ms (fastest {min(times):.1f})")


async def measure(dsn: str, stored: int, rounds: int) -> None:
    """Both states, on this database."""
    async with open_postgres(dsn) as transport:
        store = Store(transport)
        with psycopg.connect(dsn, autocommit=True) as connection:
            repository = repository_of(connection)
            warm = chunk_of(range(90_000_000, 90_000_020))
            job, token = await claimed(store)
            await store.commit_chunk(job, token, repository, warm)
            print(f"{SIZE} pull requests of workload W, near-empty tables")
            await compare(store, connection, repository, 50_000_000, rounds)
            if stored:
                start = time.perf_counter()
                seed(connection, repository, stored)
                print(f"seeded {stored:,} pull requests in {time.perf_counter() - start:.0f} s")
                await compare(store, connection, repository, 60_000_000, rounds)


def main() -> None:
    """Parse, start a server, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pull-requests", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, embedded_postgres(Path(home)) as dsn:
        migrate(dsn)
        asyncio.run(measure(dsn, options.pull_requests, options.rounds))


if __name__ == "__main__":
    main()
