"""The store as routing, hand-over, upkeep and health see it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from capture.core.costs import Prices
from capture.core.health import Health
from capture.core.models import Job, JobType, NewJob, Processor, Row, Submitted
from capture.core.rollout import Rollout


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What the database knows when a request is routed, read in one statement."""

    now: datetime
    repository: Row | None
    rollout: Rollout
    health: dict[Processor, Health]


class HealthStore(Protocol):
    """What probes need."""

    async def get_health(self) -> tuple[dict[Processor, Health], datetime]:
        """Both processors' health, and the database's clock."""
        ...

    async def record_health(self, health: Health, *, seen_failures: int) -> Health:
        """Store a state that was made from one with so many failures."""
        ...


class QueueStore(HealthStore, Protocol):
    """What submitting, handing over and tending need. The store fulfils it."""

    async def routing_facts(self, owner: str, name: str) -> StoredFacts:
        """What is known about a repository and the processors."""
        ...

    async def submit_jobs(self, jobs: list[NewJob]) -> list[Submitted]:
        """Insert jobs in one transaction."""
        ...

    async def get_job(self, job_id: UUID) -> Job | None:
        """A job's row."""
        ...

    async def due_jobs(self, limit: int = 100) -> list[Job]:
        """Pending jobs that may be handed over, the most urgent first."""
        ...

    async def mark_dispatched(
        self,
        job_id: UUID,
        claim_deadline: datetime,
        workflow_run_id: int | None = None,
        run_url: str | None = None,
        flow_run_id: UUID | None = None,
    ) -> int | None:
        """Count a hand-over; None where the job takes none any more."""
        ...

    async def record_run(
        self,
        job_id: UUID,
        workflow_run_id: int | None = None,
        run_url: str | None = None,
        flow_run_id: UUID | None = None,
        conclusion: str | None = None,
    ) -> Any:
        """What the processor says about its run."""
        ...

    async def defer_job(self, job_id: UUID, lease_token: UUID | None, reason: str, until: datetime | None) -> Any:
        """Put a job off."""
        ...

    async def requeue_expired(self) -> dict[str, list[UUID]]:
        """Bring back what was lost: expired leases, unclaimed hand-overs, deferred jobs whose time has come."""
        ...

    async def cancel_job(self, job_id: UUID) -> str:
        """Cancel a job."""
        ...

    async def handover_refused(
        self, job_id: UUID, *, error_code: str, error: str, retry_seconds: float | None
    ) -> str | None:
        """A processor refused a job."""
        ...

    async def list_waiting(
        self, reasons: list[str], *, after_id: UUID | None = None, limit: int = 100
    ) -> list[tuple[Job, int | None, int | None]]:
        """Jobs deferred without a time."""
        ...

    async def release_waiting(self, job_ids: list[UUID]) -> list[UUID]:
        """Let deferred jobs go on."""
        ...

    async def redirect_job(
        self, job_id: UUID, processor: Processor, *, job_type: JobType, priority: int, reason: str
    ) -> Job | None:
        """Give a pending job to the other processor."""
        ...

    async def record_overlap(self, job_id: UUID, numbers: list[int]) -> None:
        """Tell the bulk slice of the same split which items it must see again."""
        ...

    async def silent_runs(self, *, limit: int = 100) -> list[Job]:
        """Bulk jobs whose runs may have died."""
        ...

    async def get_rollout(self) -> Rollout:
        """The rollout's configuration."""
        ...

    async def set_access(self, *, repository_id: UUID, access: str, reason: str | None) -> Any:
        """Record why a repository cannot be read."""
        ...


class WatchStore(QueueStore, Protocol):
    """What watching needs beyond the queue."""

    async def change_rollout(
        self, action: str, *, reason: str | None = None, actor: str | None = None, **values: Any
    ) -> tuple[bool, Rollout]:
        """Change the rollout, with history."""
        ...

    async def execution_results(self) -> tuple[int, int]:
        """Completed and failed bulk executions."""
        ...

    async def queue_stats(self) -> Row:
        """Figures of the queue."""
        ...

    async def roll_usage(self, day: date, prices: Prices) -> int:
        """Sum up a day."""
        ...

    async def raise_alert(self, kind: str, severity: str, subject: str, message: str) -> tuple[bool, Row]:
        """Open an alert."""
        ...

    async def resolve_alert(self, kind: str, subject: str) -> bool:
        """Close an alert."""
        ...

    async def list_alerts(self, *, only_open: bool = True, limit: int = 100) -> list[Row]:
        """Alerts, newest first."""
        ...

    async def mark_alert_notified(self, alert_id: UUID | str) -> None:
        """Somebody was told."""
        ...
