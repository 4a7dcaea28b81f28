"""The store's part about the life of a job: submitted, claimed, beaten for, ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from capture.core.errors import Fenced, StoreError
from capture.core.models import Claim, Executor, Job, NewJob, Processor, Row, Submitted
from capture.core.ports import Transport
from capture.core.store_values import Beat, Refused
from capture.store.keys import uuid_v7


class JobsMixin:
    """Submitting, claiming, beating, finishing, deferring, releasing."""

    transport: Transport

    async def submit_jobs(self, jobs: list[NewJob]) -> list[Submitted]:
        """Insert jobs in one transaction; the answers are parallel to `jobs`.

        An active job of the same scope stands for the new one (`duplicate`), a recently completed one where the job
        has `throttle_seconds` (`throttled`). Children of a parent that was not created answer with the standing parent.
        """
        entries = [{**job.model_dump(exclude_none=True), "id": uuid_v7()} for job in jobs]
        answer = await self.transport.call("submit_jobs", {"jobs": entries})
        if answer["received"] != len(jobs):
            raise StoreError(f"{len(jobs)} jobs were sent and {answer['received']} arrived")
        return [submitted(result) for result in answer["results"]]

    async def claim_job(
        self,
        job_id: UUID,
        executed_by: Executor,
        owner: str,
        lease_seconds: float = 30.0,
        code_version: str | None = None,
        *,
        force: bool = False,
        lease_token: UUID | None = None,
    ) -> Claim | Refused:
        """Begin an attempt, also on a job whose worker's lease ran out. `force` passes `next_attempt_at` alone.

        A host whose claim may be repeated after its answer was lost chooses the `lease_token`, and finds its own claim.
        """
        answer = await self.transport.call(
            "claim_job",
            {
                "job_id": job_id,
                "lease_token": lease_token or uuid4(),
                "executed_by": executed_by,
                "owner": owner,
                "lease_seconds": lease_seconds,
                "code_version": code_version,
                "force": force,
            },
        )
        if answer["outcome"] == "claimed":
            return _claim(answer)
        return Refused(
            reason=answer["reason"],
            status=answer.get("status"),
            next_attempt_at=moment(answer.get("next_attempt_at")),
            lease_expires_at=moment(answer.get("lease_expires_at")),
        )

    async def claim_next(
        self, executed_by: Executor, owner: str, lease_seconds: float = 30.0, processor: Processor | None = None
    ) -> Claim | None:
        """Claim the most urgent pending job that is due, or None."""
        answer = await self.transport.call(
            "claim_next",
            {
                "lease_token": uuid4(),
                "executed_by": executed_by,
                "owner": owner,
                "lease_seconds": lease_seconds,
                "processor": processor,
            },
        )
        return _claim(answer) if answer["outcome"] == "claimed" else None

    async def heartbeat(self, job_id: UUID, lease_token: UUID, lease_seconds: float = 30.0) -> Beat:
        """Keep the lease for so many seconds from now."""
        answer = await self.transport.call(
            "heartbeat", {"job_id": job_id, "lease_token": lease_token, "lease_seconds": lease_seconds}
        )
        return Beat(ok=answer["outcome"] == "ok", cancel_requested=answer.get("cancel_requested", False))

    async def finish_job(
        self,
        job_id: UUID,
        lease_token: UUID,
        status: Literal["completed", "failed", "cancelled"] | str,
        error_code: str | None = None,
        error: str | None = None,
        retryable: bool = False,
        backoff_seconds: float | None = None,
        metrics: Mapping[str, float] | None = None,
        watermark: datetime | None = None,
        coverage: Sequence[Row] = (),
    ) -> str:
        """End an attempt; answers the job's status, `pending` where it will be tried again. Raises `Fenced`.

        A retryable failure waits `backoff_seconds` (default 1, 2, 4 … minutes) while attempts are left. `watermark`
        only moves forward. Shards prove their window together: the last one records what all of them cover. A parent
        ends with its last child.
        """
        answer = await self.transport.call(
            "finish_job",
            {
                "job_id": job_id,
                "lease_token": lease_token,
                "status": status,
                "error_code": error_code,
                "error": error,
                "retryable": retryable,
                "backoff_seconds": backoff_seconds,
                "metrics": dict(metrics or {}),
                "watermark": watermark,
                "coverage": list(coverage),
            },
        )
        return not_fenced(answer, job_id)["outcome"]

    async def defer_job(self, job_id: UUID, lease_token: UUID | None, reason: str, until: datetime | None) -> str:
        """Put a job off, without using up an attempt; None as `until` waits until somebody resumes it.

        Answers the job's status (`cancelled` where that was asked for), `held`, `terminal` or `not_found`. Raises
        `Fenced`.
        """
        answer = await self.transport.call(
            "defer_job", {"job_id": job_id, "lease_token": lease_token, "reason": reason, "until": until}
        )
        return not_fenced(answer, job_id)["outcome"]

    async def release_job(self, job_id: UUID, lease_token: UUID, cursor: Mapping[str, Any] | None = None) -> str:
        """Give a job back at a checkpoint, without using up an attempt; answers its status. Raises `Fenced`."""
        answer = await self.transport.call(
            "release_job", {"job_id": job_id, "lease_token": lease_token, "cursor": cursor}
        )
        return not_fenced(answer, job_id)["outcome"]


def submitted(result: Row) -> Submitted:
    """One answer to a submission."""
    return Submitted(
        id=UUID(result["id"]),
        outcome=result["outcome"],
        status=result["status"],
        next_time=moment(result.get("next_time")),
    )


def not_fenced(answer: Row, job_id: UUID) -> Row:
    """The answer, unless it says that another worker holds the job."""
    if answer["outcome"] == "fenced":
        raise Fenced(f"Job {job_id} is held by another worker; what this one still had to write was refused.")
    return answer


def moment(value: Any) -> datetime | None:
    """A time as the database answers it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _claim(answer: Row) -> Claim:
    return Claim(job=Job.model_validate(answer["job"]), lease_token=UUID(answer["lease_token"]))
