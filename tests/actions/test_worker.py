"""The worker of the pool, with runs that only wait: cancelled, lost, never started; and its own death.

The test plays the runner: it claims and finishes the job as the runner's process does.
"""

import os
import signal
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.deployments.flow_runs import arun_deployment
from prefect.states import Cancelling

from capture.local.leash import descendants
from capture.local.process import Child
from capture.processors.prefect_pool import PrefectMessenger
from capture.store.store import Store
from capture.usecases.cancel import cancel
from capture.usecases.hand_over import hand_over
from deployments.orphans import signature
from tests.actions.conftest import Bulk, Rig, bulk_job, eventually
from tests.support.actions import JOBS

pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def waiting_runs(rig: Rig) -> None:
    """Runs last until somebody ends them."""
    rig.github.change(project=str(rig.tiny), variables={"SLEEP": "600"})


async def test_a_run_that_was_cancelled_on_github_cancels_its_job_and_its_flow_run(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    bulk = await Bulk.handed(rig, queue, prefect)
    run_id = await bulk.started()
    await bulk.claim()
    flow_run_id = (await bulk.job()).flow_run_id
    await bulk.flow(flow_run_id, StateType.RUNNING)
    rig.github.call("POST", f"runs/{run_id}/cancel")
    await bulk.flow(flow_run_id, StateType.CANCELLED)
    await bulk.until(lambda job: job.cancel_requested_at, "the request to stop")
    bulk.time_passes("lease_expires_at")  # the runner is gone, so nobody keeps the lease
    await bulk.tend()
    done = await bulk.until(lambda job: job.status == "cancelled", "its end")
    assert done.metadata["conclusion"] == "cancelled"
    assert done.metrics["billed_minutes"] == 1


async def test_a_lost_runner_crashes_the_flow_run_and_the_job_is_handed_over_again(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    bulk = await Bulk.handed(rig, queue, prefect)
    run_id = await bulk.started()
    await bulk.claim()
    first = (await bulk.job()).flow_run_id
    rig.github.change(lose=run_id)
    await bulk.flow(first, StateType.CRASHED)
    bulk.time_passes("lease_expires_at")
    await bulk.tend()  # the attempt counts, so the job waits a little
    bulk.time_passes("next_attempt_at")
    await bulk.tend()
    job = await bulk.until(lambda job: job.workflow_run_id not in (None, run_id), "its second run")
    assert (job.status, job.handover_count) == ("dispatched", 2)
    assert job.flow_run_id != first


async def test_a_run_that_never_starts_is_replaced_and_cancelled(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    rig.github.change(held=True)
    bulk = await Bulk.handed(rig, queue, prefect)
    run_id = await bulk.started()
    first = (await bulk.job()).flow_run_id
    await bulk.flow(first, StateType.PENDING)
    bulk.time_passes("claim_deadline")
    tended = await bulk.tend()
    assert str(bulk.id) in tended.unclaimed
    job = await bulk.until(lambda job: job.workflow_run_id not in (None, run_id), "its second run")
    assert job.handover_count == 2
    await bulk.flow(first, StateType.CANCELLED)
    assert (await bulk.run("completed", run_id))["conclusion"] == "cancelled"
    assert (await bulk.job()).status == "dispatched"


@pytest.mark.parametrize("where", ["prefect", "queue"])
@pytest.mark.parametrize("begun", [True, False])
async def test_cancelling_in_prefect_or_in_the_queue_stops_the_remote_run(
    rig: Rig, queue: Store, prefect: PrefectClient, where: str, begun: bool
) -> None:
    rig.github.change(held=not begun)
    bulk = await Bulk.handed(rig, queue, prefect)
    run_id = await bulk.started()
    if begun:
        await bulk.claim()
    job = await bulk.job()
    assert job.flow_run_id is not None
    await bulk.flow(job.flow_run_id, StateType.RUNNING if begun else StateType.PENDING)
    if where == "prefect":
        await prefect.set_flow_run_state(job.flow_run_id, Cancelling())
    else:
        await cancel(queue, {"github_actions": PrefectMessenger()}, bulk.id)
    assert (await bulk.run("completed", run_id))["conclusion"] == "cancelled"
    await bulk.flow(job.flow_run_id, StateType.CANCELLED)
    if begun:
        await bulk.until(lambda job: job.cancel_requested_at, "the request to stop")
        bulk.time_passes("lease_expires_at")
        await bulk.tend()
    await bulk.until(lambda job: job.status == "cancelled", "its end")


async def test_a_worker_that_was_killed_is_followed_by_another_that_sees_the_run_to_its_end(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    bulk = await Bulk.handed(rig, queue, prefect)
    run_id = await bulk.started()
    claim = await bulk.claim()
    flow_run_id = (await bulk.job()).flow_run_id
    await bulk.flow(flow_run_id, StateType.RUNNING)
    kill(rig.first)
    await queue.finish_job(bulk.id, claim.lease_token, "completed")
    rig.github.call("POST", f"runs/{run_id}/cancel")  # ends the run; the job's row says how it went
    rig.first = rig.worker("first")
    await bulk.flow(flow_run_id, StateType.COMPLETED)
    done = await bulk.until(lambda job: job.metrics.get("billed_minutes"), "its minutes")
    assert done.status == "completed"


@pytest.mark.campaign  # a worker counts as gone after some missed heartbeats
async def test_of_several_workers_one_takes_up_what_a_killed_one_followed(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    second = rig.worker("second")
    try:
        bulk = await Bulk.handed(rig, queue, prefect)
        run_id = await bulk.started()
        claim = await bulk.claim()
        flow_run = await bulk.flow((await bulk.job()).flow_run_id, StateType.RUNNING)
        follower = signature(flow_run.infrastructure_pid)[1]
        survivor = {"first": "second", "second": "first"}[str(follower)]
        kill(rig.first if follower == "first" else second)
        await queue.finish_job(bulk.id, claim.lease_token, "completed")
        rig.github.call("POST", f"runs/{run_id}/cancel")
        await bulk.flow(flow_run.id, StateType.COMPLETED, patience=400)
        taken = await prefect.read_flow_run(flow_run.id)
        assert signature(taken.infrastructure_pid) == (f"{JOBS}:{run_id}", survivor)
    finally:
        second.stop()
        rig.first.stop()
        rig.first = rig.worker("first")


def kill(worker: Child) -> None:
    """Kill a worker, below its leash, without a word."""
    (pid, *_) = descendants(worker.process.pid)
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    worker.stop()


async def test_a_job_that_github_does_not_take_keeps_the_reason_and_its_flow_run_crashes(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    rig.github.call("PUT", "workflows/historical-pr-sync.yml/disable")
    bulk = await Bulk.handed(rig, queue, prefect)
    job = await bulk.until(lambda job: job.error_code, "a reason")
    assert (job.status, job.error_code) == ("deferred", "dispatch_disabled")
    await bulk.flow(job.flow_run_id, StateType.CRASHED)


async def test_a_run_started_by_hand_in_prefect_makes_its_job_and_is_followed_like_any_other(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    run = await arun_deployment(
        "historical-sync/historical-reviews-sync",
        client=prefect,
        parameters={
            "job": {"repository": rig.github.repository, "days_back": 7, "job_type": "historical-reviews-sync"}
        },
        timeout=0,
        as_subflow=False,
    )

    async def made() -> Any:
        tags = (await prefect.read_flow_run(run.id)).tags
        return next((tag.removeprefix("job:") for tag in tags if tag.startswith("job:")), None)

    bulk = Bulk(rig, queue, prefect, UUID(await eventually(made, what="its job")))
    await bulk.started()
    job = await bulk.job()
    assert (job.status, job.datasets, job.time_range_days) == ("dispatched", ("reviews",), 7)
    assert job.flow_run_id == run.id
    await prefect.set_flow_run_state(run.id, Cancelling())
    await bulk.until(lambda job: job.status == "cancelled", "its end")


async def test_sending_the_same_hand_over_again_makes_no_second_flow_run(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    rig.github.change(held=True)
    job = await bulk_job(queue, rig.github.repository)
    messenger = PrefectMessenger()
    await hand_over(queue, {"github_actions": messenger}, job)
    again = await messenger.send(job, 1)
    assert again.flow_run_id is not None
    runs = await prefect.read_flow_runs(flow_run_filter=tagged(job.id))
    assert [run.id for run in runs] == [again.flow_run_id]


def tagged(job_id: Any) -> Any:
    """A filter for the flow runs of one job."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

    return FlowRunFilter(tags=FlowRunFilterTags(all_=[f"job:{job_id}"]))


async def test_the_probe_sees_the_worker_and_that_a_pool_is_missing(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    async def up() -> bool:
        return (await PrefectMessenger().probe()).up

    assert await eventually(up, what="the worker on line")
    assert (await PrefectMessenger("no-such-pool").probe()).code == "no_pool"
