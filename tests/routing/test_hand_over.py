"""Handing over: what is sent, what is believed, and what happens when the answer is lost or is a no."""

from itertools import pairwise

import pytest

from capture.core.errors import ConfigurationError, Outage
from capture.core.ports import Handed
from capture.processors.actions_rules import DispatchRefused
from capture.usecases.hand_over import CLAIM_WITHIN, LONGEST_CLAIM, claim_deadline, hand_over
from tests.routing.conftest import Desk
from tests.routing.table import NOW

pytestmark = pytest.mark.anyio


async def test_a_sent_job_is_dispatched_with_its_run_and_still_unproven(desk: Desk) -> None:
    job = await desk.make("github_actions")
    desk.actions.answer = Handed(workflow_run_id=42, run_url="https://github.com/o/r/actions/runs/42")
    assert (await hand_over(desk.store, desk.messengers, job)).outcome == "sent"
    sent = await desk.job(job.id)
    assert (sent.status, sent.handover_count, sent.workflow_run_id) == ("dispatched", 1, 42)
    assert sent.claim_deadline is not None
    assert sent.executed_by is None


async def test_a_lost_answer_leaves_the_job_dispatched_and_is_held_against_the_processor(desk: Desk) -> None:
    job = await desk.make()
    desk.inngest.answer = Outage("connection reset")
    assert (await hand_over(desk.store, desk.messengers, job)).outcome == "unknown"
    assert (await desk.job(job.id)).status == "dispatched"
    health, _ = await desk.store.get_health()
    assert (health["inngest"].status, health["inngest"].verdict) == ("down", "send_failed")


async def test_a_refusal_that_can_be_repaired_is_tried_again_later_and_keeps_its_code(desk: Desk) -> None:
    job = await desk.make("github_actions")
    desk.actions.answer = DispatchRefused("dispatch_not_found", "no such workflow", retryable=True)
    assert (await hand_over(desk.store, desk.messengers, job)).outcome == "refused"
    refused = await desk.job(job.id)
    assert (refused.status, refused.error_code) == ("deferred", "dispatch_not_found")
    assert refused.next_attempt_at is not None


async def test_a_refusal_for_good_fails_the_job_with_its_code(desk: Desk) -> None:
    job = await desk.make("github_actions")
    desk.actions.answer = DispatchRefused("dispatch_unexpected_inputs", "Unexpected inputs provided", retryable=False)
    await hand_over(desk.store, desk.messengers, job)
    failed = await desk.job(job.id)
    assert (failed.status, failed.error_code) == ("failed", "dispatch_unexpected_inputs")


async def test_refusals_end_after_a_dozen(desk: Desk) -> None:
    job = await desk.make("github_actions")
    desk.actions.answer = ConfigurationError("no deployment")
    desk.sql("update progressive_capture_jobs set handover_count = 11")
    await hand_over(desk.store, desk.messengers, await desk.job(job.id))
    assert (await desk.job(job.id)).status == "failed"


async def test_a_stop_after_the_decision_holds_bulk_work_back_but_not_what_was_forced(desk: Desk) -> None:
    submission = await desk.ask(whole_history=True, processor="github_actions", handing=False)
    forced = await desk.ask(numbers=[5], processor="github_actions", force=True, handing=False)
    await desk.store.change_rollout("stop", reason="test")
    assert (await hand_over(desk.store, desk.messengers, await desk.job(submission.head))).outcome == "deferred"
    assert (await desk.job(submission.head)).deferred_reason == "stopped"
    assert (await hand_over(desk.store, desk.messengers, await desk.job(forced.head))).outcome == "sent"


async def test_what_was_claimed_or_has_ended_is_not_handed_over(desk: Desk) -> None:
    job = await desk.make()
    await desk.run(job, "local")
    assert (await hand_over(desk.store, desk.messengers, job)).outcome == "overtaken"
    assert desk.inngest.sent == []


def test_each_further_hand_over_waits_twice_as_long_for_its_claim_up_to_two_hours() -> None:
    waits = [claim_deadline("inngest", n, NOW) - NOW for n in range(10)]
    assert waits[0] == CLAIM_WITHIN["inngest"]
    assert all(after == min(2 * before, LONGEST_CLAIM) for before, after in pairwise(waits))
