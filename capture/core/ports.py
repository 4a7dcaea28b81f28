"""What the use cases need from the outside world, as small interfaces that adapters fulfil."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

Json = Any  # what survives a JSON round trip: dict, list, str, int, float, bool, None


class Transport(Protocol):
    """One way to call the named SQL functions: supabase-py's `rpc`, or a psycopg pool."""

    async def call(self, function: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        """Call `public.<function>(argument jsonb)` in one transaction and return its JSON object.

        Transient failures are retried here and nowhere else, which is safe because every function is idempotent.
        Raises `Outage` (unreachable after retries), `CredentialError`, `ConfigurationError` (function missing: run
        migrations) or `StoreError` (a bug).
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class Steps(Protocol):
    """How a host runs the units of a job: directly, as Prefect tasks, or as memoised Inngest steps.

    Arguments and results are JSON, because Inngest and a restarted process see them only as such.
    """

    concurrency: int
    """How many steps may be in flight at once; 1 where the host cannot run steps side by side."""

    async def run(self, name: str, step: Callable[..., Awaitable[Json]], *args: Json) -> Json:
        """Run `step(*args)` under a name that is unique in the job; a completed step is not run again on replay."""
        ...


Clock = Callable[[], datetime]
"""Now, with a zone. Passed in, so that tests own time."""

Sleep = Callable[[float], Awaitable[None]]
"""Wait so many seconds. Passed in, so that tests do not wait."""
