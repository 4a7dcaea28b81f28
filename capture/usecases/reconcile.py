"""Manifest minus captured becomes repair jobs: for exactly the gaps, once each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from capture.core.decision import Thresholds
from capture.core.errors import InvalidInput
from capture.core.gaps import Reconciled, repairs_of
from capture.core.models import Row
from capture.core.request import CaptureRequest, parse_repository
from capture.core.routing import DEFAULTS
from capture.core.source import Source
from capture.usecases.health import Messengers
from capture.usecases.submit import submit


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
    waiting: list[UUID] = field(default_factory=list[UUID])
    """Repair jobs of earlier runs that nobody has begun."""
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
        done.waiting = [job for job in answer.waiting if job not in done.jobs]
        linked = 0
        for repair in repairs_of(answer.gaps):
            job_id = await ask(repair.request)
            linked += await store.link_repairs(repair.gap_ids, job_id)
            done.jobs.append(job_id)
            done.numbers += len(repair.request.numbers or ())
        more = answer.more and linked > 0
    return done


class RepositoryStore(Protocol):
    """Finds a repository by its name."""

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """The repository's row, or None."""
        ...


async def repository_id_of(store: RepositoryStore, repository: str | None) -> UUID | None:
    """The id of `owner/name`; None for all. Raises `InvalidInput` when it was never captured."""
    if repository is None:
        return None
    known = await store.find_repository(*parse_repository(repository))
    if known is None:
        raise InvalidInput("repository", f"{repository} has not been captured yet")
    return UUID(str(known["id"]))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What submitting needs: numbers are given, so that GitHub need not be asked how many there are."""

    store: Any
    github: Source | None = None
    thresholds: Thresholds = DEFAULTS


async def queue_repairs(
    store: Any,
    messengers: Messengers | None,
    *,
    repository: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Reconciliation:
    """Reconcile, and leave the repairs to the processors: each is decided, queued and, with `messengers`, sent."""

    async def ask(request: CaptureRequest) -> UUID:
        return (await submit(_Parts(store), request, messengers=messengers)).head.id

    repository_id = await repository_id_of(store, repository)
    return await reconcile(store, ask, repository_id=repository_id, since=since, until=until)
