"""Cancelling a job: its row first, which is what counts, then the processor that may be at work on it."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from capture.core.errors import CaptureError
from capture.core.models import TERMINAL, Job
from capture.usecases.health import Messengers


class CancelStore(Protocol):
    """What cancelling needs of the store."""

    async def get_job(self, job_id: UUID) -> Job | None:
        """A job's row."""
        ...

    async def children(self, parent_id: UUID) -> list[Job]:
        """The slices or shards of a parent."""
        ...

    async def cancel_job(self, job_id: UUID) -> str:
        """Cancel what is not running; ask what is running to stop."""
        ...


@dataclass(frozen=True, slots=True)
class Cancelling:
    """`cancelled`, `requested` (a worker stops after its chunk), `terminal` (it had ended) or `not_found`.

    `untold` says, by job, why a processor could not be told; its worker finds the request in the row all the same.
    """

    outcome: str
    untold: dict[str, str] = field(default_factory=dict[str, str])


async def cancel(store: CancelStore, messengers: Messengers, job_id: UUID) -> Cancelling:
    """Cancel a job, with all its slices or shards where it is a parent, and stop the runs that carry them."""
    job = await store.get_job(job_id)
    if job is None:
        return Cancelling("not_found")
    parts = await store.children(job_id) if job.is_parent else [job]
    outcome = await store.cancel_job(job_id)
    untold: dict[str, str] = {}
    for part in parts:
        messenger = messengers.get(part.processor_type)
        if part.status in TERMINAL or part.handover_count == 0 or messenger is None:
            continue
        try:
            await messenger.cancel(part)
        except CaptureError as error:
            untold[str(part.id)] = str(error)
    return Cancelling(outcome, untold)
