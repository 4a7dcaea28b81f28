"""The minutes that GitHub bills, for runs that no worker followed to their end."""

from typing import Protocol
from uuid import UUID

from capture.core.errors import CaptureError


class MinutesStore(Protocol):
    """What counting needs of the store."""

    async def unbilled_runs(self, *, limit: int = 50) -> list[tuple[UUID, int]]:
        """Jobs and their runs that have not been billed."""
        ...

    async def record_minutes(self, job_id: UUID, workflow_run_id: int, minutes: int) -> None:
        """Keep a run's minutes."""
        ...


class Billing(Protocol):
    """Reads what a run costs."""

    async def minutes_of(self, run_id: int) -> int | None:
        """Whole minutes of a run that has ended; None while it goes on. A run that is gone costs nothing any more."""
        ...


async def count_minutes(store: MinutesStore, runs: Billing) -> int:
    """Bill runs that have ended; answers how many. What cannot be read now is read next time."""
    counted = 0
    for job_id, run_id in await store.unbilled_runs():
        try:
            minutes = await runs.minutes_of(run_id)
        except CaptureError:
            return counted
        if minutes is not None:
            await store.record_minutes(job_id, run_id, minutes)
            counted += 1
    return counted
