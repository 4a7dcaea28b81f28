"""The rollout on a real database: what an operator changes, and what it changes for the next decision."""

from typing import Any

import pytest

from capture.core.errors import InvalidInput
from capture.usecases.rollout import change_rollout
from capture.usecases.watch import watch_health
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio


async def change(desk: Desk, action: str, **values: Any) -> bool:
    changed, _, _ = await change_rollout(
        desk.store, action, source=desk.tools.github, messengers=desk.messengers, actor="op", **values
    )
    return changed


async def fail_bulk(desk: Desk, count: int, status: str = "failed", executor: str = "github_actions") -> None:
    """Let so many bulk jobs be executed and end."""
    for n in range(count):
        job = await desk.make("github_actions", priority=n, datasets=("reviews",), max_items=len(status) + n)
        await desk.run(job, executor, status, error_code="boom")  # type: ignore[arg-type]


async def test_a_new_installation_has_everybody_in(desk: Desk) -> None:
    rollout = await desk.store.get_rollout()
    assert (rollout.percentage, rollout.strategy, rollout.stopped) == (100, "percentage", False)


async def test_each_change_takes_effect_on_the_next_decision_and_stands_in_the_history(desk: Desk) -> None:
    async def where() -> str:
        decision = (await desk.ask(whole_history=True, trigger="bootstrap", dry_run=True)).decision
        return decision.slices[0].processor

    assert await where() == "github_actions"
    await change(desk, "set", percentage=0)
    assert await where() == "inngest"
    await change(desk, "include", repositories=[desk.github.repository], reason="first one")
    assert await where() == "github_actions"
    await change(desk, "exclude", repositories=[desk.github.repository])
    assert await where() == "inngest"
    history = await desk.store.list_rollout_history()
    assert [row["action"] for row in history] == ["exclude", "include", "set"]
    assert (history[1]["reason"], history[1]["actor"]) == ("first one", "op")
    assert history[2]["before"]["percentage"] == 100


async def test_a_change_that_changes_nothing_writes_no_history(desk: Desk) -> None:
    assert await change(desk, "stop", reason="one")
    assert not await change(desk, "stop", reason="two")
    assert (await desk.store.get_rollout()).stop_reason == "one"
    assert len(await desk.store.list_rollout_history()) == 1


async def test_a_stop_defers_even_included_repositories_and_a_resume_lets_them_go_on(desk: Desk) -> None:
    await change(desk, "include", repositories=[desk.github.repository])
    await change(desk, "stop")
    submission = await desk.ask(whole_history=True, trigger="bootstrap")
    assert (await desk.job(submission.head)).deferred_reason == "stopped"
    await change(desk, "resume")
    assert (await desk.job(submission.head)).status == "pending"


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [("set", {}, "percentage"), ("set", {"percentage": 101}, "percentage"), ("set", {"strategy": "luck"}, "strategy"),
     ("include", {}, "repositories"), ("stop", {"percentage": 5}, "percentage"), ("rollback", {}, "action"),
     ("include", {"repositories": ["nobody"]}, "repository"), ("resume", {"repositories": ["a/b"]}, "repositories")],
)  # fmt: skip
async def test_a_mistake_of_an_operator_names_its_field(
    desk: Desk, action: str, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        await change(desk, action, **values)
    assert error.value.field == field


async def test_failing_executions_stop_bulk_processing_by_themselves_once(desk: Desk) -> None:
    await change(desk, "include", repositories=[desk.github.repository])
    await fail_bulk(desk, 10, "completed")
    await fail_bulk(desk, 1)
    watched = await watch_health(desk.store, desk.messengers)
    assert watched.rolled_back is not None
    assert "1 of 11" in watched.rolled_back
    assert (await watch_health(desk.store, desk.messengers)).rolled_back is None
    assert [row["action"] for row in await desk.store.list_rollout_history()] == ["rollback", "include"]
    submission = await desk.ask(whole_history=True, trigger="bootstrap")
    assert (await desk.job(submission.head)).deferred_reason == "stopped"


async def test_failures_of_others_say_nothing_about_bulk_processing(desk: Desk) -> None:
    for executor in ("local", "inngest"):
        for n in range(12):
            await desk.run(await desk.make(priority=n), executor, "failed", error_code="boom")  # type: ignore[arg-type]
    for n in range(12):
        await desk.run(await desk.make("github_actions", priority=n), "github_actions", "failed",
                       error_code="repository_gone")  # fmt: skip
    assert (await desk.store.execution_results()) == (0, 0)
    assert (await watch_health(desk.store, desk.messengers)).rolled_back is None


async def test_after_a_resume_only_what_ended_since_then_counts(desk: Desk) -> None:
    await fail_bulk(desk, 12)
    assert (await watch_health(desk.store, desk.messengers)).rolled_back is not None
    await change(desk, "resume")
    assert (await desk.store.execution_results()) == (0, 0)
    assert (await watch_health(desk.store, desk.messengers)).rolled_back is None


async def test_results_older_than_a_day_are_forgotten(desk: Desk) -> None:
    await fail_bulk(desk, 12)
    desk.sql("update progressive_capture_jobs set completed_at = completed_at - interval '24 hours 1 minute'")
    assert (await desk.store.execution_results()) == (0, 0)
