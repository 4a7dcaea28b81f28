"""GitHub Actions by way of a Prefect work pool: hand a job over as a flow run, probe the pool, cancel the flow run.

The only module of the domain that imports Prefect, and only when it is used: the import costs a second and 80 MB.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from capture.core.errors import ConfigurationError, Outage
from capture.core.models import Job, Processor
from capture.core.ports import Handed, Verdict
from capture.processors.actions_rules import WORKFLOWS

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

POOL = "github-actions"
FLOW = "historical-sync"
PROBE_SECONDS = 2.0
SEND_SECONDS = 20.0


def load() -> None:
    """Import Prefect now, in whatever thread has the time for it."""
    import prefect.deployments.flow_runs  # noqa: F401  # pyright: ignore[reportUnusedImport]


def parameters_for(job: Job) -> dict[str, Any]:
    """The parameters of the flow run that carries a job; the job's row stays the truth about its scope."""
    form: dict[str, Any] = {
        "repository": job.full_name,
        "repository_id": str(job.repository_id) if job.repository_id else None,
        "days_back": job.time_range_days,
        "max_items": job.max_items,
        "job_id": str(job.id),
        "job_type": job.job_type,
    }
    return {"job": {name: value for name, value in form.items() if value is not None}}


def handover_key(job: Job, handover: int) -> str:
    """The idempotency key of one hand-over: sending it again answers the same flow run."""
    return f"{job.id}:{handover}"


class PrefectMessenger:
    """Carries jobs to the `github-actions` pool, whose worker dispatches and follows the workflow runs."""

    processor: Processor = "github_actions"

    def __init__(self, pool: str = POOL) -> None:
        """`pool` is the work pool's name. The server is the one that `PREFECT_API_URL` names."""
        self._pool = pool

    async def send(self, job: Job, handover: int) -> Handed:
        """Make the flow run of one hand-over. Raises `Outage`, or `ConfigurationError` without a deployment."""
        from prefect.deployments.flow_runs import arun_deployment
        from prefect.exceptions import ObjectNotFound

        name = f"{FLOW}/{WORKFLOWS[job.job_type]}"
        async with _client() as client:
            with anyio.fail_after(SEND_SECONDS):
                try:
                    run = await arun_deployment(
                        name,
                        client=client,
                        parameters=parameters_for(job),
                        flow_run_name=f"{job.full_name} {job.job_type} {str(job.id)[-12:]} #{handover}",
                        timeout=0,
                        tags=[f"job:{job.id}", f"handover:{handover}"],
                        idempotency_key=handover_key(job, handover),
                        as_subflow=False,
                    )
                except ObjectNotFound as error:
                    raise ConfigurationError(f"Prefect has no deployment {name}; register the deployments") from error
        return Handed(flow_run_id=run.id, reference=str(run.id))

    async def probe(self) -> Verdict:
        """Whether the server answers, the pool exists and takes work, and a worker is polling it."""
        from prefect.exceptions import ObjectNotFound

        try:
            async with _client() as client:
                with anyio.fail_after(PROBE_SECONDS):
                    try:
                        pool = await client.read_work_pool(self._pool)
                    except ObjectNotFound:
                        return Verdict(False, "no_pool", f"Prefect has no work pool {self._pool}")
                if pool.is_paused:
                    return Verdict(False, "pool_paused", f"the work pool {self._pool} is paused")
                with anyio.fail_after(PROBE_SECONDS):
                    workers = await client.read_workers_for_work_pool(self._pool)
        except Outage as error:
            return Verdict(False, "api_down", str(error))
        online = sum(1 for worker in workers if str(worker.status.value).upper() == "ONLINE")
        if online == 0:
            return Verdict(False, "no_worker", f"no worker polls the work pool {self._pool}")
        return Verdict(True, "ok", f"{online} of {len(workers)} workers online")

    async def cancel(self, job: Job) -> None:
        """Ask for the job's flow run to stop; its worker cancels the workflow run. An ended one is left alone."""
        from prefect.exceptions import ObjectNotFound
        from prefect.states import Cancelled, Cancelling

        if job.flow_run_id is None:
            return
        async with _client() as client:
            with anyio.fail_after(SEND_SECONDS):
                try:
                    run = await client.read_flow_run(job.flow_run_id)
                except ObjectNotFound:
                    return
                if run.state is None or run.state.is_final():
                    return
                waiting = run.state.is_scheduled()
                state = Cancelled(message="Cancelled before it began") if waiting else Cancelling()
                await client.set_flow_run_state(job.flow_run_id, state)


@asynccontextmanager
async def _client() -> AsyncGenerator["PrefectClient"]:
    """A client of the configured server; whatever says that the server cannot be asked becomes an `Outage`."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise ConfigurationError("PREFECT_API_URL is not set, so there is no Prefect server to ask")
    try:
        async with get_client() as client:
            yield client
    except (httpx.HTTPError, TimeoutError, RuntimeError, OSError) as error:
        raise Outage(f"Prefect at {PREFECT_API_URL.value()}: {type(error).__name__}") from error
