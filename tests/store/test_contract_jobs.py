"""The life of a job, the same over every transport and Postgres version."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from capture.core.errors import Fenced, InvalidInput
from capture.core.models import Claim, Job
from capture.core.store_values import Refused
from capture.store.store import Store
from tests.store.conftest import Place
from tests.store.make import T0, claimed, new_job, working

pytestmark = pytest.mark.anyio


async def job_of(store: Store, claim: Claim) -> Job:
    """The job as it stands."""
    job = await store.get_job(claim.job.id)
    assert job is not None
    return job


async def test_a_job_goes_from_submission_to_completion_and_its_row_says_so(contract: Store) -> None:
    """Owner, attempt, times, metrics and watermark are read back."""
    work = await working(contract)
    assert work.claim.job.status == "processing"
    assert (await contract.heartbeat(work.job, work.claim.lease_token)).ok
    outcome = await contract.finish_job(
        work.job, work.claim.lease_token, "completed", metrics={"requests": 3, "seconds": 0.5}, watermark=T0,
        coverage=[{"processor": "local", "since": None, "until": T0, "covered": True, "items": 0}],
    )  # fmt: skip
    job = await job_of(contract, work.claim)
    assert (outcome, job.status, job.attempt, job.executed_by) == ("completed", "completed", 1, "local")
    assert job.metrics == {"requests": 3, "seconds": 0.5}
    assert job.completed_at is not None
    repository = await contract.get_repository(work.repository)
    assert repository is not None
    assert datetime.fromisoformat(repository["watermark"]) == T0


async def test_twenty_concurrent_submitters_get_one_active_job(place: Place, contract: Store) -> None:
    """Everyone is answered with its id, and a new one is accepted once it has ended."""
    job = new_job()
    async with place.open() as other:
        stores = [contract, other] * 10
        answers = await asyncio.gather(*(store.submit_jobs([job]) for store in stores))
    ids = {answer.id for answers_of_one in answers for answer in answers_of_one}
    outcomes = [answer.outcome for answers_of_one in answers for answer in answers_of_one]
    assert len(ids) == 1
    assert sorted(outcomes) == ["created"] + ["duplicate"] * 19
    claim = await contract.claim_job(ids.pop(), "local", "worker")
    assert isinstance(claim, Claim)
    await contract.finish_job(claim.job.id, claim.lease_token, "completed")
    (again,) = await contract.submit_jobs([job])
    assert again.outcome == "created"


async def test_twenty_workers_claim_a_job_once(contract: Store) -> None:
    """One gets it, the others hear that it is held and until when."""
    (submitted,) = await contract.submit_jobs([new_job()])
    answers = await asyncio.gather(*(contract.claim_job(submitted.id, "local", f"w{n}") for n in range(20)))
    claims = [answer for answer in answers if isinstance(answer, Claim)]
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(claims) == 1
    assert {refusal.reason for refusal in refusals} == {"held"}
    assert all(refusal.lease_expires_at is not None for refusal in refusals)


async def test_a_worker_whose_lease_was_taken_over_is_fenced_off_everywhere(contract: Store) -> None:
    """Heartbeat, manifest, finish, defer and release of the late worker are refused; the second worker's hold."""
    late = await claimed(contract, lease=0.0)
    second = await contract.claim_job(late.job.id, "local", "second")
    assert isinstance(second, Claim)
    assert second.job.attempt == 2
    assert not (await contract.heartbeat(late.job.id, late.lease_token)).ok
    repository = {"github_id": 5, "owner": "octo", "name": "late"}
    scan = {"kind": "window", "started_at": T0, "pages": 1}
    for attempt in (
        contract.finish_job(late.job.id, late.lease_token, "completed"),
        contract.defer_job(late.job.id, late.lease_token, "limit", T0),
        contract.release_job(late.job.id, late.lease_token),
        contract.commit_manifest(late.job.id, late.lease_token, repository, scan, []),
    ):
        with pytest.raises(Fenced):
            await attempt
    assert (await job_of(contract, late)).lease_owner == "second"
    assert await contract.finish_job(second.job.id, second.lease_token, "completed") == "completed"


async def test_a_retryable_failure_waits_longer_each_time_and_ends_as_a_dead_letter(contract: Store) -> None:
    """The same row is tried again, one and two minutes later, and fails for good after its last attempt."""
    (submitted,) = await contract.submit_jobs([new_job()])
    waits: list[float] = []
    outcomes: list[str] = []
    for _ in range(4):
        claim = await contract.claim_job(submitted.id, "local", "worker", force=True)
        assert isinstance(claim, Claim)
        before = await contract.server_time()
        outcomes.append(
            await contract.finish_job(claim.job.id, claim.lease_token, "failed", "host", "it broke", retryable=True)
        )
        job = await job_of(contract, claim)
        if job.next_attempt_at is not None:
            waits.append(round((job.next_attempt_at - before).total_seconds() / 60))
    assert outcomes == ["pending", "pending", "pending", "failed"]
    assert waits == [1, 2, 4]
    job = await contract.get_job(submitted.id)
    assert job is not None
    assert (job.status, job.error_code, job.error) == ("failed", "host", "it broke")
    assert isinstance(await contract.claim_job(submitted.id, "local", "worker", force=True), Refused)


async def test_a_deferred_job_uses_no_attempt_and_comes_back_when_it_is_due(contract: Store) -> None:
    """Until then nobody gets it, except an operator."""
    claim = await claimed(contract)
    later = await contract.server_time() + timedelta(hours=1)
    assert await contract.defer_job(claim.job.id, claim.lease_token, "rate limit", later) == "deferred"
    job = await job_of(contract, claim)
    assert (job.status, job.attempt, job.deferred_reason) == ("deferred", 0, "rate limit")
    refused = await contract.claim_job(claim.job.id, "local", "worker")
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.next_attempt_at) == ("not_due", later)
    forced = await contract.claim_job(claim.job.id, "local", "operator", force=True)
    assert isinstance(forced, Claim)
    past = await contract.server_time() - timedelta(seconds=1)
    await contract.defer_job(claim.job.id, forced.lease_token, "rate limit", past)
    assert claim.job.id in (await contract.requeue_expired())["due"]
    assert (await job_of(contract, claim)).status == "pending"


async def test_a_released_job_keeps_its_cursor_and_its_attempts(contract: Store) -> None:
    """A worker at its deadline gives the job back at a checkpoint."""
    claim = await claimed(contract)
    assert await contract.release_job(claim.job.id, claim.lease_token, {"after": "abc"}) == "pending"
    again = await contract.claim_job(claim.job.id, "local", "next")
    assert isinstance(again, Claim)
    assert (again.job.cursor, again.job.attempt) == ({"after": "abc"}, 1)


async def test_expired_leases_go_back_to_the_queue_and_after_the_last_attempt_to_the_dead_letters(
    contract: Store,
) -> None:
    """A hand-over that nobody claimed in time is pending again, too."""
    lost = await claimed(contract, lease=0.0)
    (dead,) = await contract.submit_jobs([new_job()])
    for _ in range(4):
        assert isinstance(await contract.claim_job(dead.id, "local", "crasher", 0.0), Claim)
    (sent,) = await contract.submit_jobs([new_job()])
    assert await contract.mark_dispatched(sent.id, T0, workflow_run_id=2**40, run_url="https://example/1") == 1
    moved = await contract.requeue_expired()
    assert lost.job.id in moved["expired"]
    assert dead.id in moved["failed"]
    assert sent.id in moved["unclaimed"]
    job = await contract.get_job(dead.id)
    assert job is not None
    assert (job.status, job.error_code) == ("failed", "lease_expired")
    handed = await contract.get_job(sent.id)
    assert handed is not None
    assert (handed.status, handed.workflow_run_id, handed.handover_count) == ("pending", 2**40, 1)


async def test_cancelling_stops_a_waiting_job_at_once_and_a_running_one_at_its_next_heartbeat(contract: Store) -> None:
    """A cancelled job is never claimed, and an ended one is left alone."""
    (waiting,) = await contract.submit_jobs([new_job()])
    running = await claimed(contract)
    assert await contract.cancel_job(waiting.id) == "cancelled"
    assert await contract.cancel_job(running.job.id) == "requested"
    assert (await contract.heartbeat(running.job.id, running.lease_token)).cancel_requested
    assert await contract.finish_job(running.job.id, running.lease_token, "cancelled") == "cancelled"
    assert await contract.cancel_job(running.job.id) == "terminal"
    assert await contract.cancel_job(uuid4()) == "not_found"
    refused = await contract.claim_job(waiting.id, "local", "worker")
    assert isinstance(refused, Refused)
    assert refused.reason == "cancelled"


async def test_a_parent_starts_with_its_first_child_and_ends_with_its_last(contract: Store) -> None:
    """It is never claimed, shows its children's sums, and fails if one of them does."""
    parent, one, two = await contract.submit_jobs(
        [new_job(is_parent=True), new_job(parent=0, shard=1, shards=2), new_job(parent=0, shard=2, shards=2)]
    )
    refused = await contract.claim_job(parent.id, "local", "worker")
    assert isinstance(refused, Refused)
    assert refused.reason == "parent"
    assert [child.id for child in await contract.children(parent.id)] == [one.id, two.id]
    first = await contract.claim_job(one.id, "local", "a")
    second = await contract.claim_job(two.id, "local", "b")
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    standing = await contract.get_job(parent.id)
    assert standing is not None
    assert standing.status == "processing"
    await asyncio.gather(
        contract.finish_job(one.id, first.lease_token, "completed"),
        contract.finish_job(two.id, second.lease_token, "failed", "forbidden", "no access"),
    )
    ended = await contract.get_job(parent.id)
    assert ended is not None
    assert (ended.status, ended.error_code) == ("failed", "forbidden")
    repeated = await contract.retry_job(parent.id)
    assert repeated.outcome == "created"
    (child,) = await contract.children(repeated.id)
    assert (child.retry_of, child.status, child.shard) == (two.id, "pending", 2)


async def test_children_of_a_standing_parent_are_not_made_twice(contract: Store) -> None:
    """A duplicate parent answers for its children, and a parent whose children all exist elsewhere is not kept."""
    jobs = [new_job(is_parent=True), new_job(parent=0), new_job(parent=0)]
    first = await contract.submit_jobs(jobs)
    second = await contract.submit_jobs(jobs)
    assert {answer.id for answer in second} == {first[0].id}
    assert {answer.outcome for answer in second} == {"duplicate"}
    orphaned = await contract.submit_jobs([new_job(is_parent=True), jobs[1].model_copy(update={"parent": 0})])
    assert {answer.id for answer in orphaned} == {first[1].id}


async def test_a_recently_completed_scope_is_throttled_with_the_next_time(contract: Store) -> None:
    """The answer is the completed job; without a throttle a new one is made."""
    job = new_job(throttle_seconds=300)
    claim = await claimed(contract, job)
    await contract.finish_job(claim.job.id, claim.lease_token, "completed")
    (throttled,) = await contract.submit_jobs([job])
    assert (throttled.id, throttled.outcome) == (claim.job.id, "throttled")
    now = await contract.server_time()
    assert throttled.next_time is not None
    assert timedelta(seconds=200) < throttled.next_time - now <= timedelta(seconds=300)
    (free,) = await contract.submit_jobs([job.model_copy(update={"throttle_seconds": None})])
    assert free.outcome == "created"


async def test_jobs_are_read_page_by_page_to_the_last_one(contract: Store) -> None:
    """Newest first, with filters; the end is an empty page."""
    owner = f"owner-{uuid4().hex[:8]}"
    made = await contract.submit_jobs([new_job(owner=owner) for _ in range(25)])
    expected = [answer.id for answer in reversed(made)]
    page = await contract.list_jobs(owner=owner.upper(), limit=10)
    rest = await contract.list_jobs(owner=owner, limit=10, after_id=page[-1].id)
    assert [job.id for job in page + rest] == expected[:20]
    assert [job.id async for job in contract.all_jobs(owner=owner)] == expected
    assert await contract.list_jobs(owner=owner, after_id=expected[-1]) == []


async def test_retrying_makes_a_new_job_of_the_same_scope(contract: Store) -> None:
    """An active one stands for itself, and an unknown id is the user's mistake."""
    claim = await claimed(contract, new_job(numbers=(3, 5), max_items=2))
    assert (await contract.retry_job(claim.job.id)).outcome == "duplicate"
    await contract.finish_job(claim.job.id, claim.lease_token, "failed", "gone", "not there")
    repeated = await contract.retry_job(claim.job.id)
    job = await contract.get_job(repeated.id)
    assert job is not None
    assert (job.retry_of, job.numbers, job.max_items, job.status) == (claim.job.id, (3, 5), 2, "pending")
    with pytest.raises(InvalidInput, match="there is no job"):
        await contract.retry_job(uuid4())


async def test_the_most_urgent_due_job_is_claimed_first(place: Place, contract: Store) -> None:
    """Priority counts before age, and what is not due does not count."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute("update progressive_capture_jobs set priority = -100 where status = 'pending'")
    later = datetime.now(UTC) + timedelta(hours=1)
    _, urgent, plain, _ = await contract.submit_jobs(
        [new_job(priority=1), new_job(priority=90), new_job(priority=50), new_job(priority=99, next_attempt_at=later)]
    )
    assert [job.id for job in (await contract.due_jobs(limit=2))] == [urgent.id, plain.id]
    claim = await contract.claim_next("local", "worker")
    assert claim is not None
    assert claim.job.id == urgent.id
