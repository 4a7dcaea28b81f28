"""Spreading a large job over runners: how many, whose children they are, and that none is left over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.models import Claim, Job
from capture.core.shards import MOST_SHARDS, shards_for
from capture.store.store import Store
from capture.usecases.shard import spread
from tests.actions.conftest import bulk_job, read


@pytest.mark.parametrize(
    ("items", "shards"),
    [(None, 1), (0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (1_599, 16), (1_601, 16), (10**9, 16)],
)
def test_a_job_gets_a_runner_for_every_so_many_items(items: int | None, shards: int) -> None:
    assert shards_for(items, per_shard=100) == shards


@given(st.integers(0, 10**7), st.integers(1, 10**5))
def test_no_shard_is_larger_than_it_may_be_unless_there_are_as_many_as_can_be(items: int, per_shard: int) -> None:
    shards = shards_for(items, per_shard=per_shard)
    assert 1 <= shards <= MOST_SHARDS
    assert shards == MOST_SHARDS or items <= shards * per_shard


class Counted:
    """A listing that knows only how many there are."""

    def __init__(self, total: int) -> None:
        self.total = total

    async def listing(self, *_: Any, **__: Any) -> Any:
        return self


async def spread_over(store: Store, job: Job, total: int) -> Any:
    """Spread a job whose repository has so many pull requests."""
    return await spread(store, Counted(total), job, per_shard=100)  # type: ignore[arg-type]


async def end(store: Store, job_id: Any) -> str:
    """Claim a job and complete it."""
    claim = await store.claim_job(job_id, "github_actions", "runner", 60)
    assert isinstance(claim, Claim), claim
    return await store.finish_job(job_id, claim.lease_token, "completed")


@pytest.mark.anyio
async def test_a_job_becomes_the_parent_of_its_shards_and_ends_with_the_last_one(store: Store) -> None:
    job = await bulk_job(store, "octo/large")
    await store.mark_dispatched(job.id, datetime.now().astimezone() + timedelta(minutes=5), 77, "https://run/77")
    spread_job = await spread_over(store, await read(store, job.id), 250)
    assert [(shard.shard, shard.shards) for shard in spread_job.shards] == [(1, 3), (2, 3), (3, 3)]
    again = await spread_over(store, await read(store, job.id), 250)
    assert again.shards == spread_job.shards
    first = await read(store, spread_job.shards[0].job_id)
    assert (first.status, first.parent_id, first.workflow_run_id) == ("dispatched", job.id, 77)
    assert await store.due_jobs() == []  # the run that made them claims them
    for shard in spread_job.shards[:2]:
        await end(store, shard.job_id)
    assert len((await spread_over(store, await read(store, job.id), 250)).shards) == 1
    await store.record_minutes(job.id, 77, 9)
    await store.record_minutes(job.id, 77, 9)
    assert (await read(store, first.id)).metrics["billed_minutes"] == 9
    await end(store, spread_job.shards[2].job_id)
    assert (await read(store, job.id)).status == "completed"
    assert (await spread_over(store, await read(store, job.id), 250)).shards == ()


@pytest.mark.anyio
async def test_the_bulk_slice_of_a_split_becomes_its_first_shard_and_the_split_waits_for_all(store: Store) -> None:
    parent = await bulk_job(store, "octo/large", is_parent=True)
    job = await bulk_job(store, "octo/large", parent_id=parent.id)
    spread_job = await spread_over(store, job, 250)
    assert spread_job.shards[0].job_id == job.id
    assert len({shard.job_id for shard in spread_job.shards}) == 3
    for shard in spread_job.shards:
        assert (await read(store, shard.job_id)).parent_id == parent.id
        assert (await read(store, parent.id)).completed_at is None
        await end(store, shard.job_id)
    assert (await read(store, parent.id)).status == "completed"
    shard = await read(store, spread_job.shards[1].job_id)
    assert (await spread_over(store, shard, 10_000)).shards == ()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "values", [{"numbers": (1, 2)}, {"cursor": {"listed": {}}}, {"max_items": 100}, {"mode": "shadow"}]
)
async def test_small_scopes_checkpoints_and_comparisons_stay_on_one_runner(
    store: Store, values: dict[str, Any]
) -> None:
    assert (await spread_over(store, await bulk_job(store, "octo/large", **values), 10_000)).shards == ()


@pytest.mark.anyio
async def test_a_job_that_somebody_has_claimed_is_not_spread(store: Store) -> None:
    job = await bulk_job(store, "octo/large")
    await store.claim_job(job.id, "github_actions", "runner", 60)
    assert (await spread_over(store, await read(store, job.id), 10_000)).shards == ()
    assert not (await read(store, job.id)).is_parent
