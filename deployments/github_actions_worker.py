"""The work-pool type `github-actions`: a worker that turns flow runs into workflow runs and follows them to their end.

`prefect worker start --pool github-actions --type github-actions` finds it by this package's entry point. Credentials
come from the worker's own environment, so that none is stored in Prefect.
"""

from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotAvailable, InfrastructureNotFound, PrefectException
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from pydantic import BaseModel, Field

from capture.core.errors import CaptureError
from capture.settings import settings
from deployments.carrier import Carrier
from deployments.orphans import orphans, sign, signature

if TYPE_CHECKING:
    from deployments.carrier import Carried

ADOPT_SECONDS = 60.0


class Target(BaseModel):
    """Where and how the workflows run; the pool's form and the job configuration have the same fields."""

    repository: str | None = Field(
        default=None,
        title="Repository",
        description="owner/name that holds the workflows; empty is CAPTURE_ACTIONS_REPOSITORY of the worker.",
    )
    ref: str | None = Field(
        default=None, title="Branch or tag", description="Whose workflows run; empty is CAPTURE_ACTIONS_REF."
    )
    attached: bool = Field(
        default=False,
        title="Attached",
        description="The runner can reach this Prefect server and executes the flow run itself.",
    )
    poll_seconds: float = Field(default=15.0, ge=0.05, title="Seconds between looks at a run")
    find_seconds: float = Field(default=120.0, ge=0, title="Seconds to look for a run that GitHub did not name")
    run_seconds: float = Field(default=6.5 * 3600, ge=1, title="Seconds after which a run is given up and cancelled")


class Configuration(Target, BaseJobConfiguration):
    """A flow run's configuration, as the worker gets it."""


class Variables(Target, BaseVariables):
    """What a deployment or a flow run may set."""


class Result(BaseWorkerResult):
    """`identifier` is `owner/name:<workflow run id>@<worker>`; `status_code` is what a shell would have seen."""


class GitHubActionsWorker(BaseWorker[Configuration, Variables, Result]):
    """Dispatches workflows, follows their runs, and cancels them."""

    type = "github-actions"
    job_configuration = Configuration
    job_configuration_variables = Variables
    _display_name = "GitHub Actions"
    _description = "Runs flows as GitHub Actions workflow runs, dispatched and followed by this worker."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As every worker; it also remembers which flow runs it follows."""
        super().__init__(*args, **kwargs)
        self._followed: set[Any] = set()
        self._next_adoption = 0.0

    async def run(
        self,
        flow_run: FlowRun,
        configuration: Configuration,
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> Result:
        """Dispatch the flow run's workflow and follow it; an error before the dispatch leaves its code in the job."""
        self._followed.add(flow_run.id)
        try:
            async with self._carrier(flow_run, configuration) as carrier:
                carried = await carrier.dispatch()
                if task_status is not None:
                    task_status.started(sign(carried.identifier, self.name))
                return await self._follow(carrier, carried)
        finally:
            self._followed.discard(flow_run.id)

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: Configuration, grace_seconds: int = 30
    ) -> None:
        """Cancel the workflow run of a flow run that never began."""
        from capture.wiring import open_actions

        repository, _, run_id = (signature(infrastructure_pid)[0] or "").rpartition(":")
        if not run_id.isdigit():
            raise InfrastructureNotFound(infrastructure_pid)
        try:
            async with open_actions(settings(), repository=repository, ref=configuration.ref) as actions:
                known = await actions.run(int(run_id))
                if known is None:
                    raise InfrastructureNotFound(infrastructure_pid)
                await actions.cancel(int(run_id))
        except CaptureError as error:
            raise InfrastructureNotAvailable(str(error)) from error

    async def sync_with_backend(self) -> None:
        """As every worker; and go on following what a worker that is gone has left behind."""
        await super().sync_with_backend()
        if anyio.current_time() < self._next_adoption or self._work_pool is None or self._runs_task_group is None:
            return
        self._next_adoption = anyio.current_time() + ADOPT_SECONDS
        for flow_run in await orphans(self.client, self._work_pool.name, self.name):
            if flow_run.id not in self._followed and flow_run.id not in self._submitting_flow_run_ids:
                self._followed.add(flow_run.id)
                self._runs_task_group.start_soon(self._resume, flow_run)

    async def _resume(self, flow_run: FlowRun) -> None:
        log = self.get_flow_run_logger(flow_run)
        try:
            configuration = await self.job_configuration.resolve_for_flow_run(
                flow_run,
                client=self.client,
                work_pool=self.work_pool,
                worker_name=self.name,
                worker_id=self.backend_id,
            )
            async with self._carrier(flow_run, configuration) as carrier:
                carried = await carrier.resume(signature(flow_run.infrastructure_pid)[0])
                await self.client.update_flow_run(flow_run.id, infrastructure_pid=sign(carried.identifier, self.name))
                log.info("Following %s, which another worker began", carried.identifier)
                await self._follow(carrier, carried)
        except (
            CaptureError,
            PrefectException,
            httpx.HTTPError,
        ) as error:  # an error here would end the worker and all it follows
            log.warning("Cannot follow the run now, trying again in a minute: %s", error)
        except ValueError as error:  # not a flow run of ours, or one whose job cannot be told
            await self._propose_crashed_state(flow_run, f"Nobody can follow this run: {error}")
        finally:
            self._followed.discard(flow_run.id)

    async def _follow(self, carrier: Carrier, carried: "Carried") -> Result:
        code = await carrier.follow(carried)
        return Result(identifier=sign(carried.identifier, self.name), status_code=code)

    def _carrier(self, flow_run: FlowRun, configuration: Configuration) -> Any:
        from deployments.carrier import open_carrier

        return open_carrier(self.client, flow_run, configuration, self.get_flow_run_logger(flow_run))
