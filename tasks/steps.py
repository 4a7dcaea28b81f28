"""The chunks of a job as Prefect tasks: seen, retried when the host fails, and never retried when GitHub said no."""

from collections.abc import Awaitable, Callable
from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from capture.core.errors import CaptureError
from capture.core.ports import Json

MOST_TASKS = 1_000
"""More task runs than this in one flow run cost the server minutes and the client hundreds of megabytes."""

RETRIES = 2
RETRY_DELAYS = [1.0, 5.0]


def is_host_failure(error: BaseException) -> bool:
    """Whether trying the same step again on this host can help.

    Whatever is classified has its owner already: limits, refusals, a lost lease, and an outage too, which was retried
    by the client that met it. What is left is this host's own trouble: memory, files, sockets, a bug.
    """
    return isinstance(error, Exception) and not isinstance(error, CaptureError)


class PrefectSteps:
    """Runs each step of a job as one task run of the current flow run.

    After `MOST_TASKS` the steps go on without a task of their own: a very long history costs no server its memory.
    """

    def __init__(
        self,
        *,
        concurrency: int = 4,
        most_tasks: int = MOST_TASKS,
        delays: list[float] | None = None,
        after: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`after` runs when a step has ended (progress, for instance); `delays` are seconds before each retry."""
        self.concurrency = concurrency
        self.tasks = 0
        self._most = most_tasks
        self._delays = RETRY_DELAYS if delays is None else delays
        self._after = after

    async def run(self, name: str, step: Callable[..., Awaitable[Json]], *args: Json) -> Json:
        """Run `step(*args)` as a task called `name`; raises what the step raised last."""
        if self.tasks < self._most:
            self.tasks += 1
            result = await self._as_task(name, step, args)
        else:
            if self.tasks == self._most:
                self.tasks += 1
                get_run_logger().info("More than %d steps: the rest run without tasks of their own", self._most)
            result = await step(*args)
        if self._after is not None:
            await self._after()
        return result

    async def _as_task(self, name: str, step: Callable[..., Awaitable[Json]], args: tuple[Json, ...]) -> Json:
        host_failed = False

        # The verdict travels in a closure: the state given to a retry condition holds the error only as a coroutine.
        async def body() -> Json:
            nonlocal host_failed
            try:
                return await step(*args)
            except Exception as error:
                host_failed = is_host_failure(error)
                raise

        def again(*_: Any) -> bool:
            return host_failed

        run: Task[[], Any] = Task(
            fn=body,
            name=name,
            task_run_name=name,
            retries=RETRIES,
            retry_delay_seconds=self._delays,
            retry_condition_fn=again,
            cache_policy=NO_CACHE,
            persist_result=False,
            tags=["capture"],
        )
        return await run()
