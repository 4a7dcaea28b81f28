"""Tracked repositories, the queue of a new installation, and the trigger by hand."""

from datetime import timedelta

import pytest

from capture.core.errors import CaptureError, InvalidInput, Unreadable
from capture.usecases.repositories import bootstrap, request_tracked, track, tracked, trigger_manually, untrack
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio


async def names(desk: Desk) -> list[str]:
    return [row["full_name"] async for row in tracked(desk.store)]


async def test_a_repository_is_tracked_by_the_name_that_github_gives_it(desk: Desk) -> None:
    row = await track(desk.store, desk.tools.github, desk.github.repository.upper())
    assert (row["full_name"], row["github_id"]) == (desk.github.repository, desk.github.github_id)
    assert await names(desk) == [desk.github.repository]
    await untrack(desk.store, desk.github.repository)
    assert await names(desk) == []


async def test_a_wrong_name_is_noticed_when_it_is_added(desk: Desk) -> None:
    with pytest.raises(Unreadable):
        await track(desk.store, desk.tools.github, "octo-sandbox/never-was")
    with pytest.raises(InvalidInput, match="repository"):
        await untrack(desk.store, "octo-sandbox/never-was")


async def test_the_bootstrap_asks_once_for_each_tracked_repository_and_is_never_throttled(desk: Desk) -> None:
    desk.github.add_repository("octo-sandbox", "second", 3)
    for name in (desk.github.repository, "octo-sandbox/second"):
        await track(desk.store, desk.tools.github, name)
    await desk.store.track_repository(github_id=404, owner="octo-sandbox", name="vanished")
    answers = {request.name: answer for request, answer in await bootstrap(desk.tools, messengers=desk.messengers)}
    large, small = answers[desk.github.name], answers["second"]
    assert not isinstance(large, CaptureError)
    assert not isinstance(small, CaptureError)
    assert [(await desk.job(one.head)).trigger for one in (large, small)] == ["bootstrap", "bootstrap"]
    assert (large.decision.ruling, small.decision.ruling) == (9, 5)
    assert isinstance(answers["vanished"], Unreadable)
    assert desk.sql("select count(*) from progressive_capture_jobs") == [(2,)]
    again = {request.name: answer for request, answer in await bootstrap(desk.tools)}
    assert [getattr(again[name], "outcome", "") for name in (desk.github.name, "second")] == ["duplicate", "duplicate"]
    done = await desk.run(await desk.job(small.head), "inngest")
    after = {request.name: answer for request, answer in await bootstrap(desk.tools)}
    assert getattr(after["second"], "outcome", "") == "created"
    assert done.status == "completed"


async def test_a_schedule_goes_on_from_each_watermark(desk: Desk) -> None:
    await track(desk.store, desk.tools.github, desk.github.repository)
    desk.sql("update repositories set watermark = now() - interval '2 hours'")
    ((request, answer),) = await request_tracked(desk.tools, trigger="scheduled")
    assert request.days_back is None
    assert not isinstance(answer, CaptureError)
    job = await desk.job(answer.head)
    ((watermark,),) = desk.sql("select watermark from repositories")
    assert job.since == watermark - timedelta(minutes=10)


async def test_the_trigger_by_hand_is_urgent_and_splits_what_is_large(desk: Desk) -> None:
    submission = await trigger_manually(desk.tools, desk.github.repository, messengers=desk.messengers)
    assert submission.decision.ruling == 8
    assert (await desk.job(submission.jobs[0])).priority == 80
