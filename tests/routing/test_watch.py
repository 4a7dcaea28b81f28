"""Watching: figures, alerts, costs and estimates from what really happened."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from capture.core.costs import Prices, billed_minutes, dollars, per_item
from capture.core.errors import Outage
from capture.core.ports import Verdict
from capture.core.usage import summed
from capture.processors.webhook import webhook
from capture.usecases.watch import watch_health
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio


async def settle(desk: Desk, name: str = "repo") -> None:
    """Let the sandbox's repository be known, and all jobs belong to it."""
    await desk.store.track_repository(github_id=77, owner=desk.github.owner, name=name)
    desk.sql("update progressive_capture_jobs set repository_id = (select id from repositories limit 1)")


async def test_the_queue_counts_both_processors_from_one_source_and_window(desk: Desk) -> None:
    for n, status in enumerate(["completed", "completed", "failed", "cancelled"]):
        await desk.run(await desk.make(priority=n), "inngest", status)
    old = await desk.run(await desk.make(priority=50), "inngest")
    desk.sql("update progressive_capture_jobs set completed_at = now() - interval '25 hours' where id = %s", old.id)
    await desk.make("github_actions")
    await desk.make("github_actions", status="deferred", deferred_reason="stopped", priority=9)
    await desk.claim(await desk.make("github_actions", priority=8), "github_actions")
    stats = await desk.store.queue_stats()
    seed = ("pending", "processing", "completed", "failed")
    assert [stats["inngest"][name] for name in seed] == [0, 0, 2, 1]
    assert [stats["github_actions"][name] for name in seed] == [2, 1, 0, 0]
    assert [stats["total"][name] for name in seed] == [2, 1, 2, 1]
    assert stats["inngest"]["success_rate"] == pytest.approx(2 / 3, abs=0.001)
    assert stats["github_actions"]["success_rate"] is None
    assert stats["deferred_reasons"] == {"stopped": 1}


async def test_a_parent_is_not_counted_beside_its_children(desk: Desk) -> None:
    await desk.ask(whole_history=True, handing=False)
    assert (await desk.store.queue_stats())["total"]["pending"] == 2


async def test_an_empty_queue_has_zeros_and_no_rate(desk: Desk) -> None:
    stats = await desk.store.queue_stats()
    assert stats["total"]["pending"] == 0
    assert stats["total"]["success_rate"] is None


async def test_rates_are_measured_by_executor(desk: Desk) -> None:
    job = await desk.run(await desk.make(), "inngest")
    desk.sql("update progressive_capture_jobs set items_done = 40, started_at = completed_at - interval '20 s', "
             "created_at = completed_at - interval '25 s' where id = %s", job.id)  # fmt: skip
    rates, _ = await desk.store.capture_rates()
    assert rates["inngest"]["items_per_second"] == pytest.approx(2)
    assert rates["inngest"]["wait_seconds"] == pytest.approx(5)
    assert "github_actions" not in rates


async def test_an_alert_is_raised_once_told_once_and_resolved_when_it_is_over(desk: Desk) -> None:
    told: list[str] = []

    async def notify(alert: dict[str, Any]) -> None:
        told.append(alert["kind"])

    desk.inngest.verdict = Verdict(False, "api_down", "connection refused")
    first = await watch_health(desk.store, desk.messengers, notify=notify)
    second = await watch_health(desk.store, desk.messengers, notify=notify)
    assert first.raised == ["processor_down inngest"]
    assert (second.raised, told) == ([], ["processor_down"])
    desk.inngest.verdict = Verdict(True, "ok")
    desk.sql("update processor_health set probed_at = null")
    assert (await watch_health(desk.store, desk.messengers, notify=notify)).resolved == ["processor_down inngest"]
    assert await desk.store.list_alerts() == []


async def test_an_alert_that_could_not_be_told_is_told_the_next_time(desk: Desk) -> None:
    async def broken(alert: dict[str, Any]) -> None:
        raise Outage("the webhook does not answer")

    told: list[str] = []

    async def notify(alert: dict[str, Any]) -> None:
        told.append(alert["kind"])

    await desk.store.change_rollout("stop", reason="test")
    assert (await watch_health(desk.store, desk.messengers, notify=broken)).notify_error is not None
    await watch_health(desk.store, desk.messengers, notify=notify)
    assert told == ["bulk_stopped"]


async def test_alerts_of_others_are_left_to_them(desk: Desk) -> None:
    await desk.store.raise_alert("quality", "critical", "octo/repo", "a check failed")
    await watch_health(desk.store, desk.messengers)
    assert [alert["kind"] for alert in await desk.store.list_alerts()] == ["quality"]


async def test_failures_backlog_and_starving_are_found(desk: Desk) -> None:
    for n in range(11):
        await desk.run(await desk.make(priority=n), "inngest", "completed" if n < 8 else "failed")
    starving = await desk.make("github_actions")
    desk.age(starving, 3600)
    for n in range(101):
        await desk.make(trigger="scheduled", priority=n)
    watched = await watch_health(desk.store, desk.messengers)
    assert {(finding.kind, finding.subject, finding.severity) for finding in watched.findings} == {
        ("job_failures", "inngest", "critical"),
        ("backlog", "inngest", "warning"),
        ("starved", "github_actions", "warning"),
    }


async def test_daily_usage_is_summed_priced_and_survives_pruned_jobs(desk: Desk) -> None:
    metrics = {"requests": 3, "points": 9, "billed_minutes": 7}
    await desk.run(await desk.make("github_actions"), "github_actions", metrics=metrics)
    await desk.run(await desk.make(), "inngest", metrics={"requests": 1, "executions": 6})
    await settle(desk)
    desk.sql("update progressive_capture_jobs set items_done = 20")
    day = (await desk.store.server_time()).date()
    for _ in range(2):
        assert await desk.store.roll_usage(day, Prices()) == 2
    desk.sql("delete from progressive_capture_jobs")
    await desk.store.roll_usage(day, Prices())
    rows = summed(await desk.store.get_usage(day - timedelta(days=1), day), "processor", Prices())
    by = {row["processor"]: row for row in rows}
    assert by["github_actions"]["dollars"] == pytest.approx(7 * 0.006)
    assert by["inngest"]["dollars"] == pytest.approx(6 * 50 / 1_000_000)
    assert (by["total"]["items"], by["total"]["requests"]) == (40, 4)
    assert by["github_actions"]["per_item"] == pytest.approx(7 * 0.006 / 20)


async def test_watching_keeps_todays_usage(desk: Desk) -> None:
    await desk.run(await desk.make(), "inngest")
    await settle(desk)
    assert (await watch_health(desk.store, desk.messengers)).usage_rows == 1


def test_every_runner_job_is_billed_in_whole_minutes() -> None:
    assert billed_minutes([1, 59, 60, 61]) == 1 + 1 + 1 + 2
    assert billed_minutes([]) == 0


def test_public_repositories_and_this_machine_cost_nothing() -> None:
    assert dollars("github_actions", minutes=100, prices=Prices(actions_are_free=True)) == 0
    assert dollars("local", minutes=100, executions=100) == 0
    assert per_item(1.0, 0) is None


async def test_an_alert_is_posted_to_the_webhook_and_its_address_stays_secret() -> None:
    heard: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.content)
        return httpx.Response(200 if len(heard) == 1 else 500)

    alert = {"kind": "backlog", "severity": "warning", "subject": "inngest", "message": "101 jobs wait",
             "raised_at": "2026-11-27T12:00:00+00:00"}  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        tell = webhook(http, "https://chat.example/secret-token")
        await tell(alert)
        assert json.loads(heard[0])["text"] == "[warning] 101 jobs wait"
        with pytest.raises(Outage) as error:
            await tell(alert)
    assert "secret-token" not in str(error.value)
