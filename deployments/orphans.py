"""Flow runs that a dead worker has left: begun, not ended, and followed by nobody."""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkerStatus

BEGUN = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


async def orphans(client: PrefectClient, pool: str, me: str) -> list[FlowRun]:
    """The begun flow runs of a pool, where the worker `me` is the only one that is online; else none.

    With several workers online nobody can tell who follows what, and each of them follows its own.
    """
    workers = await client.read_workers_for_work_pool(pool)
    if any(worker.name != me and worker.status == WorkerStatus.ONLINE for worker in workers):
        return []
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=BEGUN))),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
