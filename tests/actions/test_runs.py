"""This project's own workflow files, executed from checkout to finished job: detached, attached, and interrupted."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import anyio
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import StateType
from prefect.deployments.flow_runs import arun_deployment
from prefect.states import Cancelling

from capture.processors.prefect_pool import parameters_for
from capture.store.store import Store
from tests.actions.conftest import Bulk, Rig, bulk_job, eventually

pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture
def repository(rig: Rig) -> str:
    """A repository of the test's own, of which nothing is captured yet."""
    name = f"own-{uuid4().hex[:8]}"
    rig.github.add_repository("octo", name, pull_requests=60)
    return f"octo/{name}"


async def attached(rig: Rig, store: Store, client: PrefectClient, repository: str) -> Bulk:
    """A job whose flow run is executed by the runner itself."""
    job = await bulk_job(store, repository)
    run = await arun_deployment(
        "historical-sync/historical-pr-sync",
        client=client,
        parameters=parameters_for(job),
        timeout=0,
        as_subflow=False,
        job_variables={"attached": True},
    )
    bulk = Bulk(rig, store, client, job.id)
    await bulk.until(lambda row: row.flow_run_id == run.id, "its flow run")
    return bulk


async def artifacts(client: PrefectClient, flow_run_id: Any) -> dict[str, Any]:
    """The artifacts of a flow run, by key."""
    found = await client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
    )
    return {str(artifact.key): artifact for artifact in found}


async def test_detached_a_lost_runners_job_goes_on_from_its_checkpoint_on_the_next_one(
    rig: Rig, queue: Store, prefect: PrefectClient, repository: str
) -> None:
    rig.github.reset_stats()
    rig.github.faults({"match": {"operation": "Items", "from": 3}, "action": {"kind": "hold"}})
    bulk = await Bulk.handed(rig, queue, prefect, repository)
    run_id = await bulk.started()
    part = await bulk.until(lambda job: job.items_done > 0, "something captured")
    assert part.code_version is not None
    assert str(part.lease_owner)
    await bulk.flow(part.flow_run_id, StateType.RUNNING)
    rig.github.change(lose=run_id)
    await bulk.flow(part.flow_run_id, StateType.CRASHED)
    rig.github.faults()
    rig.github.release()
    kept = (await bulk.job()).items_done
    asked = len(rig.github.calls("Items"))
    bulk.time_passes("lease_expires_at")
    await bulk.tend()
    bulk.time_passes("next_attempt_at")
    await bulk.tend()
    done = await bulk.until(lambda job: job.completed_at, "its end")
    assert (done.status, done.executed_by, done.items_done, done.items_total) == ("completed", "github_actions", 60, 60)
    assert 0 < kept < 60
    again = sum(call["items"] for call in rig.github.calls("Items")[asked:] if "items" in call)
    assert again <= 60 - kept or again == 0  # what was committed is not fetched a second time
    assert done.workflow_run_id not in (None, run_id)
    flow = await bulk.flow(done.flow_run_id, StateType.COMPLETED)
    assert str(done.run_url) in (await artifacts(prefect, flow.id))["log"].data
    assert (await bulk.job()).metrics["billed_minutes"] == 2


async def test_attached_the_runner_executes_the_flow_run_itself_with_tasks_and_artifacts(
    rig: Rig, queue: Store, prefect: PrefectClient, repository: str
) -> None:
    bulk = await attached(rig, queue, prefect, repository)
    done = await bulk.until(lambda job: job.completed_at, "its end")
    assert done.status == "completed"
    flow = await bulk.flow(done.flow_run_id, StateType.COMPLETED)
    assert flow.state is not None
    assert "Captured" in str(flow.state.message)
    shown = await artifacts(prefect, flow.id)
    assert {"log", "captured"} <= set(shown)
    run_id = await bulk.started()
    await bulk.run("completed", run_id)
    assert "Beginning flow run" in rig.github.log(run_id)
    assert rig.dsn not in rig.github.log(run_id)


@pytest.mark.parametrize("where", ["prefect", "queue"])
async def test_attached_cancelling_in_prefect_or_by_command_stops_the_runner_and_the_job(
    rig: Rig, queue: Store, prefect: PrefectClient, repository: str, where: str
) -> None:
    rig.github.faults({"match": {"operation": "Items"}, "action": {"kind": "hold"}})
    bulk = await attached(rig, queue, prefect, repository)
    run_id = await bulk.started()
    job = await bulk.until(lambda job: job.status == "processing", "a runner at work")
    await bulk.flow(job.flow_run_id, StateType.RUNNING)
    assert job.flow_run_id is not None
    if where == "prefect":
        await prefect.set_flow_run_state(job.flow_run_id, Cancelling())
    else:
        command = [sys.executable, "-m", "capture.cli", "jobs", "cancel", str(bulk.id)]
        said = await anyio.run_process(command, env=rig.environment)
        assert "asked to stop" in said.stdout.decode()
        assert said.stderr.decode() == ""
    await bulk.flow(job.flow_run_id, StateType.CANCELLED)
    assert (await bulk.run("completed", run_id))["conclusion"] == "cancelled"
    await bulk.until(lambda job: job.cancel_requested_at or job.completed_at, "the request to stop")
    bulk.time_passes("lease_expires_at")
    await bulk.tend()
    await bulk.until(lambda job: job.status == "cancelled", "its end")


async def test_a_deadline_and_an_exhausted_limit_free_the_runner_and_the_job_goes_on_later(
    rig: Rig, queue: Store, prefect: PrefectClient, repository: str, figures: Callable[[str], None]
) -> None:
    variables = {"CAPTURE_PREFECT_API_URL": rig.environment["PREFECT_API_URL"]}
    rig.github.change(variables={**variables, "CAPTURE_STOP_AFTER_MINUTES": "0.5"})
    bulk = await Bulk.handed(rig, queue, prefect, repository)
    first = await bulk.started()
    put_back = await bulk.until(lambda job: job.status == "pending" and job.cursor, "its checkpoint")
    assert put_back.attempt == 0 or put_back.error_code is None
    await bulk.flow(put_back.flow_run_id, StateType.COMPLETED)

    rig.github.change(variables=variables)
    rig.github.limits("graphql", remaining=0, reset_in=3_000)
    await bulk.tend()
    deferred = await bulk.until(lambda job: job.status == "deferred" and job.workflow_run_id != first, "its deferral")
    assert deferred.next_attempt_at is not None
    second = await bulk.started()
    run = await bulk.run("completed", second)
    assert run["conclusion"] == "success"
    assert datetime.fromisoformat(run["updated_at"]) < deferred.next_attempt_at  # the runner did not wait for it
    await bulk.flow(deferred.flow_run_id, StateType.COMPLETED)

    rig.github.limits("graphql", remaining=5_000)
    bulk.time_passes("next_attempt_at")
    await forget_limits(rig)
    await bulk.tend()
    done = await bulk.until(lambda job: job.completed_at, "its end")
    assert (done.status, done.items_done, done.handover_count) == ("completed", 60, 3)

    async def counted() -> Any:
        return len((await bulk.job()).metadata.get("run_minutes", {})) == 3

    await eventually(counted, what="the minutes of three runs")
    job = await bulk.job()
    assert job.metrics["waited_seconds"] <= 20  # all waits together, so no single one was longer
    assert job.metrics["billed_minutes"] == sum(job.metadata["run_minutes"].values())
    minutes, waited = job.metadata["run_minutes"], job.metrics["waited_seconds"]
    figures(f"billed minutes by run: {minutes}, in all {job.metrics['billed_minutes']}; seconds waited: {waited}")


async def forget_limits(rig: Rig) -> None:
    """Let the hour be over in which the limit was exhausted."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(rig.dsn, autocommit=True) as connection:
        await connection.execute("delete from rate_budgets")


async def test_a_large_job_is_spread_over_a_matrix_of_shards_and_ends_with_the_last(
    rig: Rig, queue: Store, prefect: PrefectClient, repository: str
) -> None:
    rig.github.change(variables={"CAPTURE_ITEMS_PER_SHARD": "30"})
    bulk = await Bulk.handed(rig, queue, prefect, repository)
    done = await bulk.until(lambda job: job.completed_at, "its end")
    shards = await queue.children(bulk.id)
    assert (done.status, done.is_parent, len(shards)) == ("completed", True, 2)
    assert sum(shard.items_done for shard in shards) == done.items_done == 60
    run_id = await bulk.started()
    await bulk.flow(done.flow_run_id, StateType.COMPLETED)
    names = [job["name"] for job in rig.github.jobs(run_id)]
    assert names == ["capture / Plan and capture", "capture / Shard 1 of 2", "capture / Shard 2 of 2"]
