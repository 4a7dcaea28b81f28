"""What is sent to GitHub and what the workflow files declare are two sides of one contract."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from capture.core.models import Job
from capture.processors.actions_rules import INPUTS, MOST_INPUTS, WORKFLOWS, dispatch_inputs, workflow_file
from capture.processors.prefect_pool import parameters_for
from sandbox.actions_uses import PINNED
from sandbox.actions_workflow import accept, load
from tasks.forms import HistoricalForm
from tests.support.actions import ROOT

FILES = load(ROOT)
HISTORICAL = sorted(set(WORKFLOWS.values()))


AT = datetime(2026, 11, 1, tzinfo=UTC)


def job(**values: Any) -> Job:
    """A bulk job with everything that a dispatch could carry."""

    fields: dict[str, Any] = {
        "id": uuid4(),
        "job_type": "historical-pr-sync",
        "owner": "octo",
        "name": "Re.po_1",
        "repository_id": uuid4(),
        "processor_type": "github_actions",
        "status": "pending",
        "trigger": "manual",
        "scope_hash": "x",
        "time_range_days": 30,
        "max_items": 1_000,
        "created_at": AT,
        "updated_at": AT,
    }
    return Job(**{**fields, **values})


@pytest.mark.parametrize("job_type", sorted(WORKFLOWS))
@pytest.mark.parametrize("full", [True, False])
def test_every_kind_of_job_sends_strings_that_its_workflow_declares(job_type: Any, full: bool) -> None:
    sent = dispatch_inputs(job(job_type=job_type), uuid4())
    if not full:
        sent = dispatch_inputs(job(job_type=job_type, repository_id=None, time_range_days=None, max_items=None))
    accepted = accept(FILES[workflow_file(job_type)], sent)
    assert {name: accepted[name] for name in sent} == sent
    assert all(isinstance(value, str) for value in sent.values())
    assert len(sent) <= MOST_INPUTS


@pytest.mark.parametrize("name", HISTORICAL)
def test_a_historical_workflow_declares_our_inputs_and_requires_nothing_but_the_repositorys_name(name: str) -> None:
    trigger = FILES[f"{name}.yml"].trigger("workflow_dispatch")
    assert trigger is not None
    declared = trigger["inputs"]
    assert set(declared) == set(INPUTS)
    assert [wanted for wanted, rules in declared.items() if rules.get("required")] == ["repository_name"]


@pytest.mark.parametrize("name", HISTORICAL)
def test_a_historical_workflow_passes_everything_on_and_is_called_by_its_job(name: str) -> None:
    body = FILES[f"{name}.yml"].body
    called = FILES["capture.yml"].trigger("workflow_call")
    assert called is not None
    (caller,) = body["jobs"].values()
    assert caller["with"].pop("job_type") == name
    assert caller["with"] == {wanted: f"${{{{ inputs.{wanted} }}}}" for wanted in INPUTS}
    assert set(caller["secrets"]) == set(called["secrets"])
    assert "inputs.job_id" in body["run-name"]
    assert "inputs.flow_run_id" in body["run-name"]


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_workflow_gives_least_rights_pins_its_actions_and_never_groups_runs(file: str) -> None:
    text = (ROOT / ".github" / "workflows" / file).read_text()
    body = FILES[file].body
    assert body["permissions"] == {}
    assert "concurrency" not in text.replace("No concurrency group", "")
    for spec in body["jobs"].values():
        assert spec["permissions"] == {"contents": "read"}
        for step in spec.get("steps", []):
            if "uses" in step:
                name, _, commit = step["uses"].partition("@")
                assert PINNED[name] == commit
            # An expression inside a script would let an input become a command.
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("key", ["capture", "shard"])
def test_a_runner_stops_itself_a_quarter_of_an_hour_before_github_would_and_that_before_its_six_hours(key: str) -> None:
    body = FILES["capture.yml"].body
    assert body["jobs"][key]["timeout-minutes"] == 345
    assert body["env"]["STOP_AFTER_MINUTES"] == "${{ vars.CAPTURE_STOP_AFTER_MINUTES || '330' }}"
    script = body["jobs"][key]["steps"][-1]["run"]
    assert '--minutes "$STOP_AFTER_MINUTES"' in script


def test_secrets_are_mapped_by_environment_only_to_steps_that_run_our_code() -> None:
    for spec in FILES["capture.yml"].body["jobs"].values():
        for step in spec["steps"]:
            secret = "secrets." in str(step.get("env", {}))
            assert not secret or "uv run" in step["run"]
    stored = re.findall(r"(?:secrets|vars)\.([A-Z_]+)", (ROOT / ".github/workflows/capture.yml").read_text())
    assert stored
    assert not [name for name in stored if name.startswith("GITHUB_")]  # GitHub refuses such names


def test_the_parameters_of_a_handed_over_flow_run_are_a_valid_form() -> None:
    bulk = job()
    form = HistoricalForm.model_validate(parameters_for(bulk)["job"])
    assert (form.repository, form.job_id, form.repository_id) == (bulk.full_name, bulk.id, bulk.repository_id)
