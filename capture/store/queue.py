"""The store's part about the queue as a whole: hand-overs, upkeep, cancelling, reading, retention."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from capture.core.errors import InvalidInput
from capture.core.models import Job, Processor, Status, Submitted
from capture.core.ports import Transport
from capture.core.store_values import Pruned
from capture.store.jobs import submitted
from capture.store.keys import uuid_v7

PAGE = 500


class QueueMixin:
    """Reads and tends the queue."""

    transport: Transport

    async def mark_dispatched(
        self,
        job_id: UUID,
        claim_deadline: datetime,
        workflow_run_id: int | None = None,
        run_url: str | None = None,
        flow_run_id: UUID | None = None,
    ) -> int | None:
        """Count a hand-over that has to be claimed by `claim_deadline`; None where the job takes none any more."""
        answer = await self.transport.call(
            "mark_dispatched",
            {
                "job_id": job_id,
                "claim_deadline": claim_deadline,
                "workflow_run_id": workflow_run_id,
                "run_url": run_url,
                "flow_run_id": flow_run_id,
            },
        )
        return answer["handover_count"] if answer["outcome"] == "ok" else None

    async def record_run(
        self,
        job_id: UUID,
        workflow_run_id: int | None = None,
        run_url: str | None = None,
        flow_run_id: UUID | None = None,
        conclusion: str | None = None,
        metrics: dict[str, float] | None = None,
    ) -> bool:
        """Note what the processor says about its run, also after the job's end; False where there is no such job."""
        answer = await self.transport.call(
            "record_run",
            {
                "job_id": job_id,
                "workflow_run_id": workflow_run_id,
                "run_url": run_url,
                "flow_run_id": flow_run_id,
                "conclusion": conclusion,
                "metrics": metrics or {},
            },
        )
        return answer["outcome"] == "ok"

    async def cancel_job(self, job_id: UUID) -> str:
        """Answers `cancelled`, `requested` (its worker stops at the next heartbeat), `terminal` or `not_found`."""
        return (await self.transport.call("cancel_job", {"job_id": job_id}))["outcome"]

    async def retry_job(self, job_id: UUID) -> Submitted:
        """Repeat an ended job as a new one, a parent with those of its children that did not complete.

        Answers `duplicate` with the job that stands for it where one of its scope is active, or nothing is left to do.
        Raises `InvalidInput` for an unknown id.
        """
        answer = await self.transport.call("retry_job", {"job_id": job_id, "id": uuid_v7()})
        if answer["outcome"] == "not_found":
            raise InvalidInput("job", f"there is no job {job_id}")
        if answer["outcome"] == "nothing_left":
            answer["outcome"] = "duplicate"
        return submitted(answer)

    async def requeue_expired(self) -> dict[str, list[UUID]]:
        """Bring back what was lost: ids by `expired`, `failed` (dead letters), `cancelled`, `unclaimed` and `due`."""
        answer = await self.transport.call("requeue_expired", {})
        return {key: [UUID(job_id) for job_id in ids] for key, ids in answer.items() if key != "outcome"}

    async def due_jobs(self, limit: int = 100, processor: Processor | None = None) -> list[Job]:
        """Pending jobs that may be handed over or run now, the most urgent first."""
        answer = await self.transport.call("due_jobs", {"limit": limit, "processor": processor})
        return [Job.model_validate(job) for job in answer["jobs"]]

    async def get_job(self, job_id: UUID) -> Job | None:
        """A job as it stands; a parent with the figures of its children."""
        answer = await self.transport.call("get_job", {"job_id": job_id})
        return Job.model_validate(answer["job"]) if answer["outcome"] == "ok" else None

    async def list_jobs(
        self,
        status: Status | None = None,
        owner: str | None = None,
        name: str | None = None,
        after_id: UUID | None = None,
        limit: int = 100,
        processor: Processor | None = None,
    ) -> list[Job]:
        """A page of jobs, newest first, at most 1,000; the next begins after the last id, an empty one is the end."""
        answer = await self.transport.call(
            "list_jobs",
            {
                "status": status,
                "owner": owner,
                "name": name,
                "after_id": after_id,
                "limit": limit,
                "processor": processor,
            },
        )
        return [Job.model_validate(job) for job in answer["jobs"]]

    async def all_jobs(
        self, status: Status | None = None, owner: str | None = None, name: str | None = None
    ) -> AsyncIterator[Job]:
        """Every such job, newest first, read page by page."""
        after: UUID | None = None
        while page := await self.list_jobs(status, owner, name, after_id=after, limit=PAGE):
            for job in page:
                yield job
            after = page[-1].id

    async def children(self, parent_id: UUID) -> list[Job]:
        """The slices or shards of a parent, oldest first."""
        answer = await self.transport.call("children", {"parent_id": parent_id})
        return [Job.model_validate(job) for job in answer["jobs"]]

    async def prune_jobs(self, days: int, observation_days: int = 30) -> Pruned:
        """Remove families of jobs that ended more than `days` ago, and old observations; daily figures stay."""
        if days < 1:
            raise InvalidInput("days", "must be at least 1")
        jobs = observations = 0
        while True:
            answer = await self.transport.call("prune_jobs", {"days": days, "observation_days": observation_days})
            jobs += answer["jobs"]
            observations += answer["observations"]
            if not answer["more"]:
                return Pruned(jobs, observations)
