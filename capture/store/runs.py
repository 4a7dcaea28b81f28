"""The store's part about Inngest's runs that ended without their function being able to say so."""

from uuid import UUID

from capture.core.ports import Transport


class RunsMixin:
    """Ends the row of a job whose run has failed or was cancelled."""

    transport: Transport

    async def fail_run(self, job_id: UUID, owner: str, error_code: str, error: str) -> str:
        """A run failed for good: its job is tried again later, or fails. `fenced`: the run does not hold the job."""
        answer = await self.transport.call(
            "fail_run", {"job_id": str(job_id), "owner": owner, "error_code": error_code, "error": error}
        )
        return answer["outcome"]

    async def cancel_run(self, job_id: UUID) -> str:
        """A run was cancelled in Inngest, as was asked for: its job is `cancelled`, else `unchanged`."""
        return (await self.transport.call("cancel_run", {"job_id": str(job_id)}))["outcome"]
