"""The store's part about the rollout and about jobs that wait for a processor, a resume or the rollout."""

from typing import Any
from uuid import UUID

from capture.core.models import Job, JobType, Processor, Row
from capture.core.ports import Transport
from capture.core.rollout import Rollout


class RolloutMixin:
    """Reads and changes the rollout; every change is in its history."""

    transport: Transport

    async def get_rollout(self) -> Rollout:
        """The configuration that decisions are made from."""
        answer = await self.transport.call("get_rollout", {})
        return Rollout.from_row(answer["rollout"])

    async def change_rollout(
        self, action: str, *, reason: str | None = None, actor: str | None = None, **values: Any
    ) -> tuple[bool, Rollout]:
        """Do one of set, include, exclude, remove, stop, resume, rollback. Answers whether anything changed."""
        answer = await self.transport.call(
            "change_rollout", {"action": action, "reason": reason, "actor": actor, **values}
        )
        if answer["outcome"] == "refused":
            raise ValueError(answer["reason"])
        return answer["outcome"] == "changed", Rollout.from_row(answer["rollout"])

    async def list_rollout_history(self, *, limit: int = 50, before_id: UUID | None = None) -> list[Row]:
        """What was changed, newest first."""
        answer = await self.transport.call(
            "list_rollout_history", {"limit": limit, "before_id": str(before_id) if before_id else None}
        )
        return answer["history"]

    async def execution_results(self) -> tuple[int, int]:
        """How many bulk executions completed and failed within 24 h, since the last resume."""
        answer = await self.transport.call("execution_results", {})
        return answer["completed"], answer["failed"]

    async def list_waiting(
        self, reasons: list[str], *, after_id: UUID | None = None, limit: int = 100
    ) -> list[tuple[Job, int | None, int | None]]:
        """Jobs deferred without a time, with GitHub's id of their repository and its number of pull requests."""
        answer = await self.transport.call(
            "list_waiting", {"reasons": reasons, "after_id": str(after_id) if after_id else None, "limit": limit}
        )
        return [(Job.model_validate(row["job"]), row["github_id"], row["total"]) for row in answer["waiting"]]

    async def release_waiting(self, job_ids: list[UUID]) -> list[UUID]:
        """Let deferred jobs go on: they are pending again. Answers those that were still waiting."""
        answer = await self.transport.call("release_waiting", {"job_ids": [str(job_id) for job_id in job_ids]})
        return [UUID(job_id) for job_id in answer["released"]]

    async def redirect_job(
        self, job_id: UUID, processor: Processor, *, job_type: JobType, priority: int, reason: str
    ) -> Job | None:
        """Give a pending job to the other processor; None where it is no longer pending."""
        answer = await self.transport.call(
            "redirect_job",
            {
                "job_id": str(job_id),
                "processor": processor,
                "job_type": job_type,
                "priority": priority,
                "reason": reason,
            },
        )
        return Job.model_validate(answer["job"]) if answer["outcome"] == "ok" else None

    async def record_overlap(self, job_id: UUID, numbers: list[int]) -> None:
        """Tell the bulk slice of the same split which items it must see again, where the decision could not know."""
        await self.transport.call("record_overlap", {"job_id": str(job_id), "numbers": numbers})

    async def handover_refused(
        self, job_id: UUID, *, error_code: str, error: str, retry_seconds: float | None
    ) -> str:  # fmt: skip
        """A processor refused a job for good reason: try again later, or with None fail it. Answers its status."""
        answer = await self.transport.call(
            "handover_refused",
            {"job_id": str(job_id), "error_code": error_code, "error": error, "retry_seconds": retry_seconds},
        )
        return answer["status"]

    async def silent_runs(self, *, limit: int = 100) -> list[Job]:
        """Bulk jobs with a workflow run that nobody works on any more, or that nobody has claimed in time."""
        answer = await self.transport.call("silent_runs", {"limit": limit})
        return [Job.model_validate(row) for row in answer["jobs"]]
