"""The store's part about trust: gaps and their repairs, and what audits saw."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from capture.core.gaps import Reconciled
from capture.core.models import Row
from capture.core.ports import Transport


class QualityMixin:
    """Keeps the ledger of gaps."""

    transport: Transport

    async def reconcile_rows(
        self,
        *,
        repository_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 5000,
    ) -> Reconciled:
        """Compare the manifest with the rows, keep the ledger of gaps, and answer the gaps that nobody is repairing."""
        argument: dict[str, Any] = {
            "repository_id": str(repository_id) if repository_id else None,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "limit": limit,
        }
        answer = await self.transport.call("reconcile_rows", argument)
        return Reconciled(
            answer["found"], answer["opened"], answer["repaired"], answer["accepted"], answer["more"],
            tuple(answer["gaps"]), tuple(UUID(job) for job in answer["waiting"]),
        )  # fmt: skip

    async def link_repairs(self, gap_ids: Sequence[UUID], job_id: UUID) -> int:
        """Say which job repairs these gaps; answers how many it was not said of before."""
        argument = {"gap_ids": [str(gap) for gap in gap_ids], "job_id": str(job_id)}
        answer = await self.transport.call("link_repairs", argument)
        return int(answer["linked"])

    async def audit_sample(self, *, repository_id: UUID | None = None, limit: int = 20) -> list[Row]:
        """Captured pull requests to read again over the other interface, chosen at random."""
        argument = {"repository_id": str(repository_id) if repository_id else None, "limit": limit}
        answer = await self.transport.call("audit_sample", argument)
        return list(answer["items"])

    async def record_audit(self, repository_id: UUID, observations: Sequence[Row]) -> int:
        """Keep what an audit saw of a repository's items; answers the rows."""
        argument = {"repository_id": str(repository_id), "observations": list(observations)}
        answer = await self.transport.call("record_audit", argument)
        return int(answer["stored"])
