"""Shadow runs, overlap bands, samples; shards, deadlines and runs of fifty items."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from capture.core.models import NewJob
from capture.usecases.assemble import in_sample
from tests.engine.rig import Rig
from tests.support.sandbox import Sandbox, start_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def github() -> Iterator[Sandbox]:
    """A repository of more than one real-time run."""
    with start_sandbox("--shape", "workload", pull_requests=120) as started:
        yield started


async def submit(engine: Rig, **values: Any) -> Any:
    """A job of this repository as the router would make it."""
    wanted: dict[str, Any] = {
        "job_type": "historical-pr-sync",
        "owner": engine.sandbox.owner,
        "name": engine.sandbox.name,
        "processor_type": "github_actions",
        "trigger": "manual",
        "scope_hash": repr(sorted(values.items())),
        **values,
    }
    (submitted,) = await engine.store.submit_jobs([NewJob(**wanted)])
    return submitted.id


async def test_a_shadow_job_fetches_everything_and_writes_observations_alone(engine: Rig) -> None:
    job_id = await submit(engine, mode="shadow", max_items=5, decision={"observe": "shadow"})
    outcome = await engine.run(job_id)
    assert (outcome.status, outcome.items) == ("completed", 5)
    assert set(engine.stored().values()) == {0}
    assert engine.sql("select count(*) from pull_request_manifest") == [(0,)]
    seen = dict(engine.sql("select record_kind, count(*) from capture_observations where reason = 'shadow' group by 1"))
    assert seen == {
        "pull_requests": 5,
        "reviews": 15,
        "inline_comments": 15,
        "conversation_comments": 10,
        "file_changes": 40,
    }
    assert engine.sql("select watermark from repositories") == [(None,)]


async def test_both_sides_of_a_shadow_pair_see_the_same(engine: Rig) -> None:
    decision = {"observe": "shadow"}
    await engine.run(await submit(engine, mode="shadow", max_items=5, decision=decision))
    real_time = await submit(
        engine, max_items=5, decision=decision, job_type="recent-prs", processor_type="inngest", scope_hash="other"
    )
    await engine.run(real_time, executed_by="inngest")
    differing = engine.sql(
        "select count(*), count(*) filter (where a.fields = b.fields) from capture_observations a"
        " join capture_observations b using (repository_id, number, record_kind, record_key, reason)"
        " where a.processor = 'inngest' and b.processor = 'github_actions'"
    )
    assert differing == [(85, 85)]


async def test_overlap_items_are_fetched_again_although_stored_and_leave_evidence(engine: Rig) -> None:
    await engine.sync()
    numbers = (3, 4, 5)
    outcome = await engine.run(await submit(engine, overlap_numbers=numbers, decision={"observe": "overlap"}))
    assert (outcome.items, outcome.rows) == (3, 0)
    seen = engine.sql("select distinct number from capture_observations where reason = 'overlap' order by 1")
    assert [row[0] for row in seen] == list(numbers)


async def test_bodies_are_kept_as_hashes_in_observations(engine: Rig) -> None:
    await engine.run(await submit(engine, mode="shadow", max_items=1, decision={"observe": "shadow"}))
    bodies = engine.sql("select fields ->> 'body' from capture_observations where record_kind = 'reviews'")
    assert all(len(body) == 64 for (body,) in bodies)


async def test_one_item_in_a_hundred_is_sampled_always_the_same() -> None:
    sampled = [number for number in range(1, 20_001) if in_sample("Octo/Repo", number)]
    assert sampled == [number for number in range(1, 20_001) if in_sample("octo/repo", number)]
    assert 150 <= len(sampled) <= 250


async def test_shards_divide_the_items_and_the_last_one_proves_the_window(engine: Rig) -> None:
    parent = await submit(engine, is_parent=True, scope_hash="parent")
    jobs = [await submit(engine, parent_id=parent, shard=at, shards=3, scope_hash=f"shard {at}") for at in (1, 2, 3)]
    items = [(await engine.run(job)).items for job in jobs[:2]]
    assert engine.sql("select watermark from repositories") == [(None,)]
    items.append((await engine.run(jobs[2])).items)
    assert sum(items) == 120
    assert engine.stored() == engine.sandbox.truth()
    assert engine.sql("select watermark is not null from repositories") == [(True,)]
    assert engine.sql("select status from progressive_capture_jobs where is_parent") == [("completed",)]


async def test_a_real_time_run_ends_after_fifty_items_and_a_linked_job_goes_on(engine: Rig) -> None:
    job_id = await submit(engine, job_type="recent-prs", processor_type="inngest", priority=7)
    counts: list[int] = []
    outcomes: list[str] = []
    while job_id is not None:
        outcome = await engine.run(job_id, executed_by="inngest", concurrency=1)
        counts.append(outcome.items)
        outcomes.append(outcome.status)
        job_id = outcome.continuation_id
    assert counts == [50, 50, 20]
    assert outcomes == ["continued", "continued", "completed"]
    assert engine.stored() == engine.sandbox.truth()
    listings = engine.sandbox.calls("Manifest")
    assert len(listings) == 2  # the later runs go on from the first one's listing
    links = engine.sql("select priority, continuation_of is not null from progressive_capture_jobs order by created_at")
    assert links == [(7, False), (7, True), (7, True)]
    assert engine.sql("select watermark is not null from repositories") == [(True,)]


async def test_a_host_whose_time_is_up_gives_the_job_back_and_the_next_one_goes_on(engine: Rig) -> None:
    job_id = await submit(engine)
    late = datetime.now(UTC) + timedelta(seconds=1)
    outcome = await engine.run(job_id, stop_at=late)
    job = await engine.job(outcome)
    assert (outcome.status, job.status, job.attempt) == ("continued", "pending", 0)
    assert (await engine.run(job_id)).status == "completed"
    assert engine.stored() == engine.sandbox.truth()


async def test_a_listing_is_not_begun_anew_by_the_next_attempt(engine: Rig) -> None:
    engine.sandbox.faults({"match": {"operation": "Items", "nth": 2}, "action": {"kind": "secondary"}})
    outcome = await engine.sync(concurrency=1)
    assert outcome.status == "deferred"
    engine.sandbox.faults()
    engine.sql("update rate_budgets set blocked_until = null")
    engine.sandbox.reset_stats()
    assert (await engine.run(outcome.job_id)).status == "completed"
    assert engine.sandbox.calls("Manifest") == []
    assert engine.stored() == engine.sandbox.truth()


async def test_cancelling_stops_the_run_and_keeps_what_is_committed(engine: Rig) -> None:
    from capture.core.errors import Cancelled
    from capture.usecases import run as runs

    job_id = await submit(engine)
    original = runs.Run.check
    seen = 0

    def check(self: runs.Run) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            self.stopped_by = Cancelled("cancelled on request")
        original(self)

    runs.Run.check = check  # type: ignore[method-assign]
    try:
        outcome = await engine.run(job_id, concurrency=1)
    finally:
        runs.Run.check = original  # type: ignore[method-assign]
    assert outcome.status == "cancelled"
    assert (await engine.job(outcome)).status == "cancelled"
    assert engine.sql("select count(*) from pull_requests") == [(outcome.items,)]
