"""Flow runs that a dead worker has left: begun, not ended, and followed by nobody."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

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

UNSIGNED_FOR = timedelta(minutes=10)
"""Longer than a dispatch takes with the search for its run: past it, a run that nobody has signed is nobody's."""


def sign(identifier: str, worker: str) -> str:
    """What a flow run shows as its infrastructure: `owner/name:<workflow run id>@<the worker that follows it>`."""
    return f"{identifier}@{worker}"


def signature(infrastructure: str | None) -> tuple[str | None, str | None]:
    """The identifier and the worker; None for what is not known."""
    identifier, _, worker = (infrastructure or "").partition("@")
    return identifier or None, worker or None


def is_mine(follower: str | None, age: timedelta, me: str, online: Collection[str]) -> bool:
    """Whether the worker `me` should follow a begun run that it does not follow yet. Pure.

    Its own ones always: it was restarted. Those of the others only if they are not `online` and it comes first among
    those that are, so that one takes them; where nobody has signed, another may be at the dispatch at this moment.
    """
    if follower == me:
        return True
    others = set(online) - {me}
    if follower in others or me > min(others, default=me):
        return False
    return follower is not None or not others or age > UNSIGNED_FOR


async def orphans(client: PrefectClient, pool: str, me: str) -> list[FlowRun]:
    """The begun flow runs of a pool that the worker `me` should follow, among them those that it follows already."""
    workers = await client.read_workers_for_work_pool(pool)
    online = [worker.name for worker in workers if worker.status == WorkerStatus.ONLINE]
    begun = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=BEGUN))),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    now = datetime.now(UTC)
    return [run for run in begun if is_mine(signature(run.infrastructure_pid)[1], now - _since(run, now), me, online)]


def _since(run: FlowRun, now: datetime) -> datetime:
    return run.state.timestamp if run.state is not None else now
