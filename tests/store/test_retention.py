"""Pruning: jobs and observations go, figures and everything captured stay."""

from datetime import timedelta

import psycopg
import pytest

from capture.core.errors import InvalidInput
from capture.core.models import Chunk
from capture.store.store import Store
from tests.store.make import T0, claimed, new_job, unique_id, whole, working

pytestmark = pytest.mark.anyio


def age(dsn: str, days: int) -> None:
    """Let everything that has ended have ended so many days earlier, and observations too."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "update progressive_capture_jobs set completed_at = completed_at - make_interval(days => %s)", (days,)
        )
        connection.execute(
            "update capture_observations set observed_at = observed_at - make_interval(days => %s)", (days,)
        )


def counts(dsn: str) -> dict[str, int]:
    """Rows of the tables that matter here."""
    tables = (
        "progressive_capture_jobs",
        "pull_requests",
        "reviews",
        "comments",
        "file_changes",
        "capture_observations",
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = {}
        for table in tables:
            ((found[table],),) = connection.execute(f"select count(*) from {table}").fetchall()  # type: ignore[arg-type]
        return found


async def test_old_jobs_are_pruned_and_their_figures_and_rows_stay(database_url: str, store: Store) -> None:
    """Families go together, active jobs stay however old they are."""
    work = await working(store)
    await work.commit(whole(1, base=unique_id()), items_done=1, metrics={"requests": 7, "points": 3})
    seen = {
        "number": 1, "processor": "local", "record_kind": "pull_requests", "record_key": "1", "source_updated_at": T0,
        "fields": {}, "reason": "sample",
    }  # fmt: skip
    await work.commit(Chunk(observations=[seen]))
    await store.finish_job(work.job, work.claim.lease_token, "completed", metrics={"billed_minutes": 2})
    parent, child, slow = await store.submit_jobs([new_job(is_parent=True), new_job(parent=0), new_job(parent=0)])
    first = await store.claim_job(child.id, "local", "w")
    await store.finish_job(child.id, first.lease_token, "completed")  # type: ignore[union-attr]
    repeated = await store.retry_job(work.job)
    age(database_url, 40)
    pruned = await store.prune_jobs(30)
    assert (pruned.jobs, pruned.observations) == (1, 1)
    left = {job.id for job in await store.list_jobs()}
    assert left == {parent.id, child.id, slow.id, repeated.id}
    assert counts(database_url) == {
        "progressive_capture_jobs": 4, "pull_requests": 1, "reviews": 2, "comments": 2, "file_changes": 1,
        "capture_observations": 0,
    }  # fmt: skip
    day = (await store.server_time() - timedelta(days=40)).date()
    (figures,) = await store.get_usage(day - timedelta(days=1), day + timedelta(days=1))
    names = ("jobs_completed", "items", "rows_written", "requests", "points", "billed_minutes")
    assert [figures[name] for name in names] == [1, 1, 6, 7, 3, 2]
    await store.cancel_job(parent.id)
    age(database_url, 40)
    assert (await store.prune_jobs(30)).jobs == 3
    assert [job.id for job in await store.list_jobs()] == [repeated.id]


async def test_pruning_goes_on_until_nothing_is_left_to_prune(database_url: str, store: Store) -> None:
    """More than one page of it."""
    await store.submit_jobs([new_job(status="completed") for _ in range(1100)])
    kept = await claimed(store)
    age(database_url, 10)
    assert (await store.prune_jobs(5)).jobs == 1100
    assert [job.id for job in await store.list_jobs()] == [kept.job.id]
    with pytest.raises(InvalidInput, match="days"):
        await store.prune_jobs(0)
