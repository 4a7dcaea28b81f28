"""Manifest minus captured becomes repair jobs: for exactly the gaps, once each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from capture.core.gaps import Reconciled, repairs_of
from capture.core.request import CaptureRequest


class GapStore(Protocol):
    """What reconciling needs of the store."""

    async def reconcile_rows(
        self,
        *,
        repository_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 5000,
    ) -> Reconciled:
        """Compare manifest and rows, keep the ledger."""
        ...

    async def link_repairs(self, gap_ids: Sequence[UUID], job_id: UUID) -> int:
        """Say which job repairs these gaps."""
        ...


@dataclass(slots=True)
class Reconciliation:
    """What a run found and did."""

    found: int = 0
    opened: int = 0
    repaired: int = 0
    accepted: int = 0
    jobs: list[UUID] = field(default_factory=list[UUID])
    numbers: int = 0

    @property
    def open(self) -> int:
        """Gaps that are neither repaired nor accepted."""
        return self.found - self.accepted


async def reconcile(
    store: GapStore,
    ask: Callable[[CaptureRequest], Awaitable[UUID]],
    *,
    repository_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Reconciliation:
    """Find gaps and have each repaired once; `ask` makes the job of a request and answers its id."""
    done = Reconciliation()
    more = True
    while more:
        answer = await store.reconcile_rows(repository_id=repository_id, since=since, until=until)
        done.found, done.opened = answer.found, done.opened + answer.opened
        done.repaired, done.accepted = done.repaired + answer.repaired, done.accepted + answer.accepted
        linked = 0
        for repair in repairs_of(answer.gaps):
            job_id = await ask(repair.request)
            linked += await store.link_repairs(repair.gap_ids, job_id)
            done.jobs.append(job_id)
            done.numbers += len(repair.request.numbers or ())
        more = answer.more and linked > 0
    return done
