"""The store as the engine sees it: the part of the write contract that capturing needs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from capture.core.budget import Account
from capture.core.models import Chunk, Claim, Executor, Job, NewJob, Row, Submitted, Written
from capture.core.store_values import Beat, ManifestCommitted, Refused


class Ledger(Account, Protocol):
    """Jobs, manifests and chunks. Raises `Fenced` (another worker holds the job) and `Outage` (nothing answers)."""

    async def submit_jobs(self, jobs: list[NewJob]) -> list[Submitted]:
        """Submit jobs in one transaction."""
        ...

    async def claim_job(
        self, job_id: UUID, executed_by: Executor, owner: str, lease_seconds: float = 30.0,
        code_version: str | None = None, *, force: bool = False, lease_token: UUID | None = None,
    ) -> Claim | Refused:  # fmt: skip
        """Begin an attempt."""
        ...

    async def heartbeat(self, job_id: UUID, lease_token: UUID, lease_seconds: float = 30.0) -> Beat:
        """Keep the lease."""
        ...

    async def commit_manifest(
        self, job_id: UUID, lease_token: UUID, repository: Row, scan: Row, items: list[Row],
        gone: Sequence[int] = (),
    ) -> ManifestCommitted:  # fmt: skip
        """Commit one page of a listing."""
        ...

    async def plan_page(
        self, repository_id: UUID, *, since: datetime | None = None, until: datetime | None = None,
        numbers: Sequence[int] | None = None, after: tuple[datetime | str, int] | None = None, limit: int = 500,
    ) -> list[Row]:  # fmt: skip
        """Manifest items with what is stored of them, newest first."""
        ...

    async def commit_chunk(
        self, job_id: UUID, lease_token: UUID, repository_id: UUID, chunk: Chunk,
        cursor: Mapping[str, Any] | None = None, items_done: int = 0, items_incomplete: int = 0,
        items_total: int | None = None, metrics: Mapping[str, float] | None = None, *, key: str | None = None,
    ) -> Written:  # fmt: skip
        """Commit items with their lists."""
        ...

    async def finish_job(
        self, job_id: UUID, lease_token: UUID, status: str, error_code: str | None = None, error: str | None = None,
        retryable: bool = False, backoff_seconds: float | None = None, metrics: Mapping[str, float] | None = None,
        watermark: datetime | None = None, coverage: Sequence[Row] = (),
    ) -> str:  # fmt: skip
        """End an attempt; answers `completed`, `failed`, `cancelled` or `pending` (it will be tried again)."""
        ...

    async def defer_job(self, job_id: UUID, lease_token: UUID | None, reason: str, until: datetime | None) -> str:
        """Put the job off without using up the attempt."""
        ...

    async def release_job(self, job_id: UUID, lease_token: UUID, cursor: Mapping[str, Any] | None = None) -> str:
        """Give the job back for the next worker, without using up the attempt."""
        ...

    async def get_job(self, job_id: UUID) -> Job | None:
        """A job as it stands."""
        ...

    async def children(self, parent_id: UUID) -> list[Job]:
        """The slices or shards of a parent."""
        ...

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """A repository by its present name."""
        ...

    async def set_access(
        self, *, owner: str | None = None, name: str | None = None, access: str = "active", reason: str | None = None
    ) -> object:
        """Record that a repository cannot be read, and why."""
        ...

    async def server_time(self) -> datetime:
        """The database's clock."""
        ...
