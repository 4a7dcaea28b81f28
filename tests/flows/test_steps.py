"""A chunk as a Prefect task: seen, retried for the host's own trouble, and never for what GitHub said."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from capture.core.errors import Cancelled, CredentialError, Deferred, Fenced, Outage, Unreadable
from tasks.steps import PrefectSteps, is_host_failure

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

CLASSIFIED = [
    Deferred("limit", datetime.now(UTC)), Unreadable("gone", "gone"), Fenced("late"), Cancelled("stop"),
    CredentialError("wrong"), Outage("GitHub does not answer after its retries"),
]  # fmt: skip


@pytest.mark.parametrize("error", CLASSIFIED)
def test_what_is_classified_is_not_the_hosts_trouble(error: Exception) -> None:
    assert not is_host_failure(error)


@pytest.mark.parametrize("error", [OSError("no space left"), MemoryError(), RuntimeError("a bug"), ConnectionError()])
def test_what_nobody_has_classified_is(error: Exception) -> None:
    assert is_host_failure(error)


def test_a_stop_of_the_process_is_not() -> None:
    assert not is_host_failure(KeyboardInterrupt())


Work = Callable[[], Awaitable[Any]]


async def in_a_flow(steps: PrefectSteps, *work: Work) -> list[Any]:
    """Run these steps in one flow run; an error is its own answer."""

    @flow(name="steps of a test")
    async def body() -> list[Any]:
        answers: list[Any] = []
        for number, one in enumerate(work):
            try:
                answers.append(await steps.run(f"step-{number}", one))
            except Exception as error:  # noqa: BLE001 (the answer of the test)
                answers.append(error)
        return answers

    return await body()


@pytest.mark.slow
async def test_steps_are_tasks_that_are_tried_again_only_where_that_can_help(prefect: str) -> None:
    calls: dict[str, int] = {}

    def failing(name: str, error: Exception, times: int = 99) -> Work:
        async def work() -> str:
            calls[name] = calls.get(name, 0) + 1
            if calls[name] <= times:
                raise error
            return name

        return work

    ended: list[int] = []

    async def after() -> None:
        ended.append(1)

    steps = PrefectSteps(delays=[0.01, 0.01], after=after)
    answers = await in_a_flow(
        steps,
        failing("fine", OSError(), times=0),
        failing("once", OSError("socket"), times=1),
        failing("always", OSError("disk")),
        failing("outage", Outage("GitHub is away")),
        failing("limit", CLASSIFIED[0]),
    )
    assert calls == {"fine": 1, "once": 2, "always": 3, "outage": 1, "limit": 1}
    assert answers[:2] == ["fine", "once"]
    assert [type(answer) for answer in answers[2:]] == [OSError, Outage, Deferred]
    assert len(ended) == 2  # progress is shown for what has been done


@pytest.mark.slow
async def test_a_very_long_job_runs_its_later_steps_without_tasks_of_their_own(prefect: str) -> None:
    steps = PrefectSteps(most_tasks=2)

    @flow(name="a long job")
    async def body() -> Any:
        from prefect.context import FlowRunContext

        async def one() -> int:
            return 1

        done = [await steps.run(f"chunk-{number}", one) for number in range(5)]
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        return sum(done), context.flow_run.id

    done, flow_run_id = await body()
    assert done == 5
    async with get_client() as client:
        seen = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))

        async def recorded() -> int:
            return len(await client.read_task_runs(flow_run_filter=seen))

        assert await settled(recorded) == 2


async def settled(count: Callable[[], Awaitable[int]]) -> int:
    """The server records task runs a little later than they happen: the number once it no longer grows."""
    import anyio

    last, same = -1, 0
    while same < 8 or last == 0:
        await anyio.sleep(0.25)
        now = await count()
        last, same = now, same + 1 if now == last else 0
    return last
