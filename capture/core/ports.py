"""What the use cases need from the outside world, as small interfaces that adapters fulfil."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from capture.core.models import Job, Processor

Json = Any  # what survives a JSON round trip: dict, list, str, int, float, bool, None


class Transport(Protocol):
    """One way to call the named SQL functions: supabase-py's `rpc`, or a psycopg pool."""

    max_bytes: int
    """How large the JSON of one call should be at most."""

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


@dataclass(frozen=True, slots=True)
class Handed:
    """What a processor answered to a hand-over. It proves nothing: only the job's claim does."""

    workflow_run_id: int | None = None
    run_url: str | None = None
    flow_run_id: UUID | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe found: `code` is `ok` or what is wrong (`api_down`, `no_worker`); `detail` is for people."""

    up: bool
    code: str
    detail: str = ""


class Messenger(Protocol):
    """One processor as the queue sees it: it carries a job's id there, is probed, and is asked to stop."""

    processor: Processor

    async def send(self, job: Job, handover: int) -> Handed:
        """Hand the job over; `<job id>:<handover>` is its idempotency key. Raises `Outage` or `ConfigurationError`."""
        ...

    async def probe(self) -> Verdict:
        """Ask, within two seconds a question, whether work handed over now would be taken."""
        ...

    async def cancel(self, job: Job) -> None:
        """Ask the processor to stop the job's run; a run that has ended already is no error."""
        ...


Clock = Callable[[], datetime]
"""Now, with a zone. Passed in, so that tests own time."""

Sleep = Callable[[float], Awaitable[None]]
"""Wait so many seconds. Passed in, so that tests do not wait."""
