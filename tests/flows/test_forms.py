"""The forms on Prefect's page, and what they become."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.utilities.callables import parameter_schema
from pydantic import ValidationError

from capture.core.errors import InvalidInput
from capture.core.models import DATASETS
from capture.core.request import parse_request
from capture.processors.actions_rules import WORKFLOWS
from flows.historical_sync import historical_sync
from flows.route_capture import route_capture
from tasks.artifacts import decision_rows, scope_words
from tasks.forms import CaptureForm, HistoricalForm
from tasks.jobs import DATASETS_OF

ROOT = Path(__file__).parents[2]


def test_a_filled_in_form_is_the_request_that_it_says() -> None:
    form = CaptureForm(repository="octo/Re.po", days_back=30, max_items=1_000, datasets=["reviews"])
    request = parse_request(**form.raw())
    assert (request.full_name, request.days_back, request.max_items) == ("octo/Re.po", 30, 1_000)
    assert request.datasets == ("reviews",)
    assert parse_request(**CaptureForm(repository="octo/x").raw()) == parse_request(repository="octo/x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "not-a-repository"}, {"repository": "a/b/c"}, {"repository": "octo/x", "days_back": 0},
        {"repository": "octo/x", "datasets": ["stars"]}, {"repository": "octo/x", "datasets": []},
        {"repository": "octo/x", "max_items": 0}, {"repository": "octo/x", "trigger": "because"},
        {"repository": "octo/x", "surprise": 1}, {},
    ],
)  # fmt: skip
def test_a_wrong_form_is_refused_before_a_run_exists(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CaptureForm(**wrong)


def test_what_only_the_rules_know_is_refused_with_the_fields_name() -> None:
    form = CaptureForm(repository="octo/x", days_back=3, numbers=[1])
    with pytest.raises(InvalidInput) as refused:
        parse_request(**form.raw())
    assert refused.value.field == "numbers"


@pytest.mark.parametrize(
    ("flow", "parameter", "form"),
    [(route_capture, "request", CaptureForm), (historical_sync, "job", HistoricalForm)],
)
def test_the_page_shows_titles_and_descriptions_for_every_field(flow: Any, parameter: str, form: Any) -> None:
    schema = parameter_schema(flow.fn).model_dump_for_openapi()
    assert parameter in schema["required"]
    shown = schema["definitions"][form.__name__]["properties"]
    assert set(shown) == set(form.model_fields)
    for name, field in shown.items():
        assert field["title"], name
        assert field["description"], name


def test_every_kind_of_job_has_its_datasets_and_its_deployment_on_the_bulk_pool() -> None:
    listed = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    bulk = {entry["name"] for entry in listed if entry["work_pool"]["name"] == "github-actions"}
    assert bulk == set(WORKFLOWS.values())
    assert set(DATASETS_OF) == set(WORKFLOWS)
    assert {dataset for datasets in DATASETS_OF.values() for dataset in datasets} == set(DATASETS)


def test_every_deployment_names_a_flow_that_exists_and_says_what_it_is_for() -> None:
    for entry in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]:
        file, _, flow = entry["entrypoint"].partition(":")
        assert f"async def {flow}(" in (ROOT / file).read_text(), entry["name"]
        assert entry["description"]
        assert entry["work_pool"]["name"] in ("github-actions", "capture-here")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"numbers": [1, 2, 3]}, "3 pull requests"),
        ({"since": None, "until": None}, "the whole history"),
        ({"since": "2026-01-02T03:04:05+00:00", "until": None}, "2026-01-02 03:04 to now"),
        ({"since": None, "until": "2026-01-02T03:04:05+00:00"}, "the beginning to 2026-01-02 03:04"),
    ],
)
def test_a_scope_is_shown_in_words(part: dict[str, Any], words: str) -> None:
    assert scope_words(part) == words
    [row] = decision_rows({"slices": [{"processor": "inngest", "scope": part, "priority": 80, "reason": "because"}]})
    assert row == {"processor": "Real-time processing", "scope": words, "priority": "80", "reason": "because"}
