"""Running the steps of a job in this very process, with nothing between."""

from collections.abc import Awaitable, Callable

from capture.core.ports import Json


class DirectSteps:
    """The `Steps` of the command line and of tests: a step is a call."""

    def __init__(self, concurrency: int = 4, after: Callable[[], Awaitable[None]] | None = None) -> None:
        """`concurrency` chunks may be in flight; `after` runs when a step has ended (progress, for instance)."""
        self.concurrency = concurrency
        self._after = after

    async def run(self, name: str, step: Callable[..., Awaitable[Json]], *args: Json) -> Json:
        """Call the step."""
        result = await step(*args)
        if self._after is not None:
            await self._after()
        return result
