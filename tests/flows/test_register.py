"""Registration: pools with their templates, deployments with their schedules, as often as one likes."""

import json
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.github_actions_worker import Configuration, GitHubActionsWorker, Target
from deployments.pull import PROJECT, project_folder
from deployments.register import POOLS, register_pool
from tests.support.actions import registered_server


def test_the_base_job_template_offers_what_the_worker_reads_and_nothing_else() -> None:
    template = json.loads((PROJECT / "deployments" / "github-actions.json").read_text())
    assert set(template["job_configuration"]) == set(Target.model_fields)
    offered = template["variables"]["properties"]
    whole = GitHubActionsWorker.get_default_base_job_template()["variables"]["properties"]
    assert offered == {name: whole[name] for name in Target.model_fields}
    assert set(Target.model_fields) <= set(Configuration.model_fields)


def test_flows_run_from_the_folder_in_which_the_project_lies_on_the_machine_that_runs_them() -> None:
    assert (PROJECT / "flows" / "historical_sync.py").is_file()
    assert project_folder() == {"directory": str(PROJECT)}


@pytest.fixture
def registered() -> str:
    """The server once pools and deployments are on it."""
    return registered_server()


@pytest.mark.slow
@pytest.mark.anyio
async def test_registering_twice_changes_nothing_and_schedules_are_what_the_file_says(registered: str) -> None:
    with temporary_settings({PREFECT_API_URL: registered}):
        async with get_client() as client:
            name = f"pool-{uuid4().hex[:8]}"
            assert [await register_pool(client, name, "process") for _ in range(2)] == ["created", "unchanged"]
            found: dict[str, Any] = {entry.name: entry for entry in await client.read_deployments()}
    assert {found[name].work_pool_name for name in found} == set(POOLS)
    assert found["historical-pr-sync"].work_pool_name == "github-actions"
    assert [schedule.schedule.interval.total_seconds() for schedule in found["tend-queue"].schedules] == [60]
    assert [schedule.schedule.cron for schedule in found["watch-health"].schedules] == ["*/5 * * * *"]
    assert found["tend-queue"].concurrency_options.collision_strategy.value == "ENQUEUE"
