"""From a request to rows: decisions stored, duplicates and throttles answered, on a real database."""

import asyncio
from datetime import timedelta

import pytest

from capture.core.errors import CredentialError, InvalidInput, Unreadable
from capture.core.ports import Verdict
from capture.core.request import parse_request
from capture.settings import Settings
from capture.usecases.submit import submit
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio


async def test_a_split_becomes_a_parent_with_two_linked_jobs_and_both_are_handed_over(desk: Desk) -> None:
    submission = await desk.ask(whole_history=True)
    assert submission.outcome == "created"
    assert submission.parent is not None
    parent = await desk.job(submission.parent)
    newest, bulk = [await desk.job(job) for job in submission.jobs]
    assert parent.is_parent
    assert {newest.parent_id, bulk.parent_id} == {parent.id}
    assert (newest.processor_type, newest.max_items, newest.status) == ("inngest", 50, "dispatched")
    assert (bulk.processor_type, bulk.max_items, bulk.status) == ("github_actions", None, "dispatched")
    assert desk.inngest.sent == [f"{newest.id}:1"]
    assert desk.actions.sent == [f"{bulk.id}:1"]
    assert newest.overlap_numbers == bulk.overlap_numbers
    assert len(bulk.overlap_numbers or ()) == 10
    for job in (parent, newest, bulk):
        assert job.decision is not None
        assert job.decision["ruling"] == 8
        assert job.decision["reason"]


async def test_a_dry_run_shows_the_decision_and_writes_nothing(desk: Desk) -> None:
    submission = await desk.ask(whole_history=True, dry_run=True)
    assert submission.outcome == "preview"
    assert submission.decision.ruling == 8
    assert submission.as_json()["job_id"] is None
    assert desk.sql("select count(*) from progressive_capture_jobs") == [(0,)]
    assert desk.inngest.sent == []


async def test_twenty_who_ask_at_once_get_one_job(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask(whole_history=True) for _ in range(20)))
    assert len({answer.head.id for answer in answers}) == 1
    assert sorted(answer.outcome for answer in answers) == ["created", *["duplicate"] * 19]
    assert desk.sql("select count(*) from progressive_capture_jobs") == [(3,)]


async def test_asking_again_soon_after_it_is_done_answers_that_job_and_the_next_time(desk: Desk) -> None:
    first = await desk.ask(numbers=[3, 4])
    done = await desk.run(await desk.job(first.head), "inngest")
    assert done.completed_at is not None
    again = await desk.ask(numbers=[4, 3])
    assert (again.outcome, again.head.id) == ("throttled", done.id)
    assert again.head.next_time == done.completed_at + timedelta(minutes=5)
    assert (await desk.ask(numbers=[3, 4], trigger="repair")).outcome == "created"


@pytest.mark.parametrize(("trigger", "minutes"), [("manual", 5), ("scheduled", 15), ("automatic", 240)])
async def test_each_trigger_has_its_own_throttle(desk: Desk, trigger: str, minutes: int) -> None:
    done = await desk.run(await desk.job((await desk.ask(numbers=[9], trigger=trigger)).head), "inngest")
    again = await desk.ask(numbers=[9], trigger=trigger)
    assert done.completed_at is not None
    assert again.head.next_time == done.completed_at + timedelta(minutes=minutes)
    desk.sql("update progressive_capture_jobs set completed_at = completed_at - make_interval(mins => %s)", minutes)
    assert (await desk.ask(numbers=[9], trigger=trigger)).outcome == "created"


async def test_thresholds_come_from_the_settings_and_a_throttle_of_zero_is_none(desk: Desk) -> None:
    words = {"capture_run_limit": 20, "capture_recent_hours": 1, "capture_throttle_manual": 0}
    desk.tools.thresholds = Settings.model_validate(words).thresholds
    assert (await desk.ask(numbers=list(range(1, 22)), dry_run=True)).decision.ruling == 8
    assert (await desk.ask(numbers=list(range(1, 21)), dry_run=True)).decision.ruling == 5
    await desk.run(await desk.job((await desk.ask(numbers=[9])).head), "inngest")
    assert (await desk.ask(numbers=[9])).outcome == "created"


async def test_a_failed_job_throttles_nobody(desk: Desk) -> None:
    await desk.run(await desk.job((await desk.ask(numbers=[9])).head), "inngest", "failed", error_code="x")
    assert (await desk.ask(numbers=[9])).outcome == "created"


async def test_where_nothing_changed_a_completed_job_says_so(desk: Desk) -> None:
    now = await desk.store.server_time()
    submission = await desk.ask(since=now - timedelta(seconds=1))
    job = await desk.job(submission.head)
    assert (job.status, submission.decision.ruling) == ("completed", 4)
    assert desk.inngest.sent == []


async def test_a_github_that_does_not_answer_in_time_leaves_the_volume_unknown(desk: Desk) -> None:
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "hold"}})
    submission = await desk.ask(days_back=30, trigger="scheduled", listing_seconds=0.3)
    desk.github.release()
    assert submission.facts.volume is None
    assert submission.decision.ruling == 7
    assert (await desk.job(submission.jobs[0])).decision["listing_decides"]  # type: ignore[index]


async def test_a_repository_that_does_not_exist_is_a_sentence_and_no_job(desk: Desk) -> None:
    with pytest.raises(Unreadable):
        await submit(desk.tools, parse_request(repository="octo-sandbox/never-was"))
    assert desk.sql("select count(*) from progressive_capture_jobs") == [(0,)]


async def test_a_beginning_in_the_future_is_judged_by_the_databases_clock(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match=r"^since: "):
        await desk.ask(since=await desk.store.server_time() + timedelta(minutes=1))


async def test_with_inngest_down_everything_becomes_one_bulk_job_first_in_line(desk: Desk) -> None:
    desk.inngest.verdict = Verdict(False, "api_down", "connection refused")
    submission = await desk.ask(whole_history=True)
    job = await desk.job(submission.head)
    assert submission.parent is None
    assert (job.processor_type, job.priority, job.job_type) == ("github_actions", 90, "historical-pr-sync")
    assert "Inngest is down" in (job.decision or {})["reason"]


async def test_an_open_breaker_is_shared_and_spares_the_probes(desk: Desk) -> None:
    desk.inngest.verdict = Verdict(False, "api_down", "connection refused")
    for _ in range(3):
        await desk.ask(whole_history=True, dry_run=True)
        desk.sql("update processor_health set probed_at = probed_at - interval '11 s'")
    await desk.ask(whole_history=True, dry_run=True)
    assert desk.inngest.probes == 3
    health, _ = await desk.store.get_health()
    assert (health["inngest"].breaker, health["inngest"].failures) == ("open", 3)


async def test_a_processor_without_a_worker_defers_its_slice_and_says_why(desk: Desk) -> None:
    desk.actions.verdict = Verdict(False, "no_worker", "no worker polls the pool")
    submission = await desk.ask(whole_history=True)
    newest, bulk = [await desk.job(job) for job in submission.jobs]
    assert newest.status == "dispatched"
    assert (bulk.status, bulk.deferred_reason) == ("deferred", "github_actions_down")


async def test_a_refused_credential_is_said_at_once(desk: Desk) -> None:
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "bad_credentials"}})
    with pytest.raises(CredentialError):
        await desk.ask(whole_history=True)
