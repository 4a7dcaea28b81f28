"""Bulk jobs from the queue through Prefect's pool and GitHub's runner to their end, with everything that can happen."""

from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from capture.core.models import Job
from capture.processors.prefect_pool import PrefectMessenger
from capture.store.store import Store
from capture.usecases.hand_over import hand_over
from tests.actions.conftest import Rig, bulk_job, eventually, read
from tests.support.actions import registered_server

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture
async def prefect() -> Any:
    """A client of the tests' Prefect server."""
    with temporary_settings({PREFECT_API_URL: registered_server()}):
        async with get_client() as client:
            yield client


async def ended(store: Store, job_id: UUID) -> Job:
    """The job once it has ended."""

    async def look() -> Job | None:
        job = await read(store, job_id)
        return job if job.completed_at is not None else None

    found = await eventually(look, what=f"the end of job {job_id}")
    assert found is not None
    return found


async def final(client: PrefectClient, flow_run_id: UUID | None) -> Any:
    """The flow run's final state."""
    assert flow_run_id is not None

    async def look() -> Any:
        state = (await client.read_flow_run(flow_run_id)).state
        return state if state is not None and state.is_final() else None

    return await eventually(look, what=f"the end of flow run {flow_run_id}")


async def test_a_handed_over_job_is_captured_by_the_workflow_and_its_flow_run_completes(
    rig: Rig, queue: Store, prefect: PrefectClient
) -> None:
    job = await bulk_job(queue, rig.github.repository)
    handed = await hand_over(queue, {"github_actions": PrefectMessenger()}, job)
    assert handed.outcome == "sent"
    done = await ended(queue, job.id)
    assert (done.status, done.executed_by, done.items_done) == ("completed", "github_actions", 60)
    state = await final(prefect, done.flow_run_id)
    assert state.is_completed()
