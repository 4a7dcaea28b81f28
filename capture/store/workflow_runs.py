"""The store's part about GitHub's runners: shards of a job, and billed minutes."""

from datetime import datetime
from uuid import UUID

from capture.core.ports import Transport
from capture.core.shards import Shard


class WorkflowRunsMixin:
    """Spreads a job over runners and counts what they cost."""

    transport: Transport

    async def shard_job(self, job_id: UUID, shards: int, claim_deadline: datetime) -> list[Shard]:
        """Spread a job that nobody has claimed over so many shards, to be claimed by `claim_deadline`.

        Answers the shards that have not ended, also when the job was spread before; none where it cannot be spread.
        """
        answer = await self.transport.call(
            "shard_job",
            {"job_id": str(job_id), "shards": shards, "claim_deadline": claim_deadline.isoformat()},
        )
        return [Shard(UUID(row["id"]), row["shard"], row["shards"]) for row in answer.get("jobs", [])]

    async def unbilled_runs(self, *, limit: int = 50) -> list[tuple[UUID, int]]:
        """Jobs that left their runner in the last day, with the run that has not been billed yet."""
        answer = await self.transport.call("unbilled_runs", {"limit": limit})
        return [(UUID(row["id"]), int(row["workflow_run_id"])) for row in answer["jobs"]]

    async def record_minutes(self, job_id: UUID, workflow_run_id: int, minutes: int) -> None:
        """What GitHub bills for one workflow run of the job; telling it again changes nothing."""
        await self.transport.call(
            "record_minutes", {"job_id": str(job_id), "workflow_run_id": workflow_run_id, "minutes": minutes}
        )
