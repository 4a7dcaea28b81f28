"""The plan step of a runner: which job, on how many runners, attached or detached, and what it refuses."""

import json
import os
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from capture.core.errors import ConfigurationError, InvalidInput
from capture.core.shards import Shard
from capture.settings import Settings
from deployments.plan_run import form_values, outputs_for, require_database
from tests.actions.test_dispatch_contract import AT, job
from tests.support.actions import ROOT


@pytest.mark.parametrize(
    ("values", "shards", "flow_run_id", "reachable", "mode"),
    [
        ({}, 0, "", True, "detached"),
        ({}, 0, "a-flow-run", False, "detached"),
        ({}, 0, "a-flow-run", True, "attached"),
        ({"is_parent": True}, 2, "a-flow-run", True, "shards"),
        ({"is_parent": True}, 0, "a-flow-run", True, "ended"),
        ({"status": "completed", "completed_at": AT}, 0, "a-flow-run", True, "ended"),
    ],
)
def test_the_mode_follows_from_the_job_and_from_whether_prefect_can_be_reached(
    values: dict[str, Any], shards: int, flow_run_id: str, reachable: bool, mode: str
) -> None:
    made = tuple(Shard(uuid4(), number + 1, shards) for number in range(shards))
    outputs = outputs_for(job(**values), made, reachable=reachable, flow_run_id=flow_run_id)
    assert outputs["mode"] == mode
    matrix = json.loads(outputs["shards"])
    assert [(entry["number"], entry["of"]) for entry in matrix] == [(shard.shard, shard.shards) for shard in made]
    assert all("\n" not in value for value in outputs.values())


def test_empty_inputs_are_not_given_and_numbers_are_whole() -> None:
    empty = form_values({"REPOSITORY_NAME": "o/n", "DAYS_BACK": "", "MAX_ITEMS": "", "JOB_ID": "", "JOB_TYPE": ""})
    assert empty["repository"] == "o/n"
    assert {empty[name] for name in ("days_back", "max_items", "job_id", "repository_id")} == {None}
    assert form_values({"DAYS_BACK": "30"})["days_back"] == 30
    with pytest.raises(InvalidInput) as refused:
        form_values({"MAX_ITEMS": "many"})
    assert refused.value.field == "max_items"


def test_a_runner_without_a_database_is_refused_since_its_own_would_vanish_with_it() -> None:
    with pytest.raises(ConfigurationError, match="CAPTURE_DATABASE_URL"):
        require_database(Settings())
    require_database(Settings.model_validate({"database_url": "postgresql://somewhere/x"}))


@pytest.mark.slow
def test_a_mistake_in_the_inputs_ends_the_step_with_one_sentence() -> None:
    inputs = {"REPOSITORY_NAME": "not a repository", "DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    done = subprocess.run(
        [sys.executable, "-m", "deployments.plan_run"],
        cwd=ROOT, env={**os.environ, **inputs}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "repository" in done.stderr
    assert "Traceback" not in done.stderr
