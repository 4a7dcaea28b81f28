"""Keeping the queue moving: each way in which work can get lost, and where it ends up."""

from collections.abc import Mapping

import pytest

from capture.core.errors import ConfigurationError, Outage
from capture.core.models import Job
from capture.core.ports import Verdict
from capture.usecases.hand_over import hand_over
from capture.usecases.tend import Tended, tend_queue
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio
DOWN = Verdict(False, "api_down", "connection refused")


class Runs:
    """GitHub's word about how runs ended."""

    def __init__(self, conclusions: Mapping[int, str | None]) -> None:
        self.conclusions = conclusions

    async def conclusion(self, job: Job) -> str | None:
        return self.conclusions.get(job.workflow_run_id or 0)


async def tend(desk: Desk, runs: Runs | None = None) -> Tended:
    """One round, with everything asked anew."""
    desk.sql("update processor_health set probed_at = null, breaker = 'closed', open_until = null, failures = 0")
    return await tend_queue(desk.store, desk.messengers, runs=runs)


async def test_a_job_whose_worker_died_is_handed_over_again(desk: Desk) -> None:
    job = await desk.make()
    await desk.claim(job, "inngest")
    desk.age(job)
    tended = await tend(desk)
    assert tended.expired == tended.handed == [str(job.id)]
    assert desk.inngest.sent == [f"{job.id}:1"]
    assert (await desk.job(job.id)).status == "dispatched"


async def test_a_job_whose_worker_lives_is_left_alone(desk: Desk) -> None:
    job = await desk.make()
    await desk.claim(job, "inngest", seconds=600)
    tended = await tend(desk)
    assert (tended.expired, tended.handed) == ([], [])


async def test_a_worker_that_dies_in_every_attempt_ends_among_the_dead_letters(desk: Desk) -> None:
    job = await desk.make()
    for _ in range(4):
        await desk.claim(job, "inngest")
        desk.age(job)
        tended = await tend(desk)
    assert tended.failed == [str(job.id)]
    assert (await desk.job(job.id)).error_code == "lease_expired"


async def test_a_hand_over_that_nobody_claims_is_repeated_under_a_new_number(desk: Desk) -> None:
    job = await desk.make()
    await hand_over(desk.store, desk.messengers, job)
    assert (await tend(desk)).unclaimed == []
    desk.age(job)
    tended = await tend(desk)
    assert tended.unclaimed == [str(job.id)]
    assert desk.inngest.sent == [f"{job.id}:1", f"{job.id}:2"]


async def test_unclaimed_real_time_work_goes_to_actions_first_in_line_when_inngest_is_down(desk: Desk) -> None:
    job = await desk.make(datasets=("reviews",))
    await hand_over(desk.store, desk.messengers, job)
    desk.age(job)
    desk.inngest.verdict = DOWN
    tended = await tend(desk)
    moved = await desk.job(job.id)
    assert tended.moved == [str(job.id)]
    assert desk.actions.sent == [f"{job.id}:2"]
    assert (moved.processor_type, moved.priority, moved.job_type) == ("github_actions", 90, "historical-reviews-sync")
    assert (moved.decision or {})["moved"]["from"] == "inngest"


async def test_outside_the_rollout_it_waits_for_inngest_instead_and_goes_on_when_inngest_is_back(desk: Desk) -> None:
    await desk.store.change_rollout("set", percentage=0)
    job = await desk.make()
    desk.age(job)
    desk.inngest.verdict = DOWN
    assert (await tend(desk)).deferred == [str(job.id)]
    assert (await desk.job(job.id)).deferred_reason == "inngest_down"
    assert (await tend(desk)).released == []
    desk.inngest.verdict = Verdict(True, "ok")
    tended = await tend(desk)
    assert tended.released == tended.handed == [str(job.id)]


async def test_work_for_a_processor_that_an_operator_named_is_never_moved(desk: Desk) -> None:
    submission = await desk.ask(numbers=[5], processor="inngest")
    job = await desk.job(submission.head)
    desk.age(job)
    desk.inngest.verdict = DOWN
    tended = await tend(desk)
    assert (tended.moved, tended.deferred) == ([], [str(job.id)])


async def test_with_both_down_work_is_deferred_and_drained_by_whoever_comes_back_first(desk: Desk) -> None:
    desk.inngest.verdict = desk.actions.verdict = DOWN
    submission = await desk.ask(whole_history=True)
    newest, bulk = [job.id for job in submission.jobs]
    assert [(await desk.job(job)).status for job in (newest, bulk)] == ["deferred", "deferred"]
    desk.actions.verdict = Verdict(True, "ok")
    tended = await tend(desk)
    assert set(tended.released) == set(tended.handed) == {str(newest), str(bulk)}
    assert desk.inngest.sent == []
    assert len(desk.actions.sent) == 2


async def test_a_deferred_job_goes_on_when_its_time_has_come_and_not_before(desk: Desk) -> None:
    job = await desk.make("github_actions")
    claim = await desk.claim(job, "github_actions")
    now = await desk.store.server_time()
    await desk.store.defer_job(job.id, claim.lease_token, "rate_limit", now.replace(year=now.year + 1))
    assert (await tend(desk)).due == []
    desk.age(job, 400 * 86400)
    tended = await tend(desk)
    assert tended.due == tended.handed == [str(job.id)]
    assert (await desk.job(job.id)).attempt == 0


async def test_a_worker_that_reached_its_deadline_is_followed_by_another_one(desk: Desk) -> None:
    job = await desk.make("github_actions")
    claim = await desk.claim(job, "github_actions")
    await desk.store.release_job(job.id, claim.lease_token, {"after": "abc"})
    desk.age(job)
    assert (await tend(desk)).handed == [str(job.id)]
    assert (await desk.job(job.id)).cursor == {"after": "abc"}


async def test_what_a_stop_held_back_goes_on_with_the_resume(desk: Desk) -> None:
    await desk.store.change_rollout("stop", reason="test")
    submission = await desk.ask(whole_history=True, trigger="bootstrap")
    assert (await desk.job(submission.head)).deferred_reason == "stopped"
    assert (await tend(desk)).released == []
    await desk.store.change_rollout("resume")
    tended = await tend(desk)
    assert tended.released == tended.handed == [str(submission.head.id)]


async def test_what_waits_for_the_rollout_goes_on_once_its_repository_takes_part(desk: Desk) -> None:
    await desk.store.change_rollout("set", percentage=0)
    job = await desk.make("github_actions", status="deferred", deferred_reason="outside_rollout")
    await desk.store.track_repository(github_id=77, owner=desk.github.owner, name=desk.github.name)
    desk.sql("update progressive_capture_jobs set repository_id = (select id from repositories)")
    assert (await tend(desk)).released == []
    await desk.store.change_rollout("include", github_ids=[77])
    assert (await tend(desk)).released == [str(job.id)]


async def test_a_run_that_was_cancelled_at_github_cancels_its_job(desk: Desk) -> None:
    job = await desk.make("github_actions")
    await desk.claim(job, "github_actions")
    await desk.store.record_run(job.id, workflow_run_id=7)
    desk.age(job)
    tended = await tend(desk, Runs({7: "cancelled"}))
    assert tended.cancelled == [str(job.id)]
    assert (await desk.job(job.id)).status == "cancelled"


async def test_a_run_that_died_without_a_word_is_followed_by_another_one(desk: Desk) -> None:
    job = await desk.make("github_actions")
    await desk.claim(job, "github_actions")
    await desk.store.record_run(job.id, workflow_run_id=7)
    desk.age(job)
    assert (await tend(desk, Runs({7: "failure"}))).handed == [str(job.id)]
    assert (await desk.job(job.id)).metadata["conclusion"] == "failure"


async def test_a_job_that_was_just_submitted_is_left_to_its_submitter(desk: Desk) -> None:
    job = await desk.make()
    assert (await tend(desk)).handed == []
    desk.age(job)
    assert (await tend(desk)).handed == [str(job.id)]


async def test_one_jobs_trouble_does_not_keep_the_others_waiting(desk: Desk) -> None:
    refused, sent = await desk.make("github_actions"), await desk.make()
    for job in (refused, sent):
        desk.age(job)
    desk.actions.answer = ConfigurationError("no deployment")
    tended = await tend(desk)
    assert (tended.refused, tended.handed) == ([str(refused.id)], [str(sent.id)])


async def test_the_most_urgent_go_first(desk: Desk) -> None:
    jobs = [await desk.make(priority=priority) for priority in (10, 90, 100, 40)]
    for job in jobs:
        desk.age(job)
    await tend(desk)
    by_priority = sorted(jobs, key=lambda job: -job.priority)
    assert desk.inngest.sent == [f"{job.id}:1" for job in by_priority]


async def test_two_rounds_at_once_lose_nothing_and_end_nothing_twice(desk: Desk) -> None:
    import asyncio

    jobs = [await desk.make(priority=n) for n in range(8)]
    for job in jobs:
        desk.age(job)
    desk.inngest.answer = Outage("lost")
    await asyncio.gather(*(tend_queue(desk.store, desk.messengers) for _ in range(3)))
    assert {(await desk.job(job.id)).status for job in jobs} == {"dispatched"}
