"""The flows as they run: request, decision, jobs, capture; and how each ending is shown."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from capture.core.errors import JobFailed
from capture.settings import settings
from capture.usecases.repositories import track
from capture.wiring import open_tools
from flows.historical_sync import final_state, run_and_wait
from flows.historical_sync import main as historical_main
from flows.route_capture import main as route_main
from flows.route_capture import route_capture
from flows.route_tracked import route_tracked
from flows.tend_queue import tend_queue
from flows.validate_jobs import validate_jobs
from flows.watch_health import watch_health
from tasks.forms import CaptureForm, HistoricalForm
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


def outcome(status: str, reason: str | None = None) -> dict[str, Any]:
    """What became of a job."""
    return {"status": status, "job_id": str(uuid4()), "items": 3, "rows": 9, "reason": reason, "continuation_id": None}


@pytest.mark.parametrize(
    ("status", "reason", "state", "words"),
    [
        ("completed", None, "COMPLETED", "Captured 3 items"),
        ("deferred", "rate limit", "COMPLETED", "Put off: rate limit"),
        ("continued", "the host's time is up", "COMPLETED", "goes on in job"),
        ("refused", "held", "COMPLETED", "Nothing to do here: held"),
        ("cancelled", None, "CANCELLED", "somebody asked for it"),
    ],
)
def test_every_outcome_of_a_job_has_a_final_state_that_says_why(
    status: str, reason: str | None, state: str, words: str
) -> None:
    found = final_state(outcome(status, reason))
    assert found.type.value == state
    assert words in str(found.message)


@pytest.mark.parametrize(("status", "reason"), [("failed", "the repository is gone"), ("refused", "not_found")])
def test_a_failed_job_fails_its_flow_run_with_the_jobs_own_sentence(status: str, reason: str) -> None:
    with pytest.raises(JobFailed, match=reason):
        final_state(outcome(status, reason))


@pytest.mark.slow
async def test_the_routing_flow_decides_queues_and_does_the_jobs_itself(
    prefect: str, surroundings: Sandbox, database_url: str
) -> None:
    form = CaptureForm(repository=surroundings.repository)
    preview = await route_capture(form, dry_run=True)
    assert (preview["outcome"], preview["jobs"]) == ("preview", [])
    done = await route_capture(form, execute_locally=True)
    assert [ended["status"] for ended in done["outcomes"]] == ["completed", "completed"]
    truth = surroundings.truth()
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from pull_requests").fetchone()
        assert row == (truth["pull_requests"],)
        executed = connection.execute("select distinct executed_by from progressive_capture_jobs where not is_parent")
        assert executed.fetchall() == [("local",)]
    async with get_client() as client:
        decisions = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["decision"]))
        )
        assert any(done["decision"]["slices"][0]["reason"] in str(artifact.data) for artifact in decisions)
    again = await run_and_wait(HistoricalForm(repository=form.repository), "local")
    assert (again["status"], again["rows"]) == ("completed", 0)
    async with open_tools(settings()) as tools:
        await track(tools.store, tools.github, form.repository)  # type: ignore[arg-type]
    [tracked] = await route_tracked()
    assert (tracked["repository"], tracked["outcome"]) == (form.repository, "created")
    watched = await watch_health()
    assert set(watched["processors"]) == {"inngest", "github_actions"}
    assert (await tend_queue())["errors"] == {}


@pytest.mark.slow
async def test_after_each_job_its_window_is_validated_and_what_is_missing_gets_a_repair_job(
    prefect: str, surroundings: Sandbox, database_url: str
) -> None:
    form = HistoricalForm(repository=surroundings.repository)
    assert (await run_and_wait(form, "local"))["status"] == "completed"
    [validated] = await validate_jobs()
    assert (validated["repository"], validated["status"]) == (form.repository, "passed")
    assert await validate_jobs() == []  # nothing has ended since
    with psycopg.connect(database_url, autocommit=True) as connection:
        lost = connection.execute(
            "delete from reviews where github_id = (select max(github_id) from reviews) returning pull_request_id"
        ).fetchone()
        assert (await run_and_wait(form, "local"))["rows"] == 0  # the listing has not changed, so nothing is fetched
        with pytest.raises(JobFailed, match="reviews"):
            await validate_jobs()
        repairs = connection.execute(
            "select numbers from progressive_capture_jobs where trigger = 'repair' and status = 'pending'"
        ).fetchall()
        assert lost is not None
        number = connection.execute("select number from pull_requests where id = %s", lost).fetchone()
    assert number is not None
    assert repairs == [([number[0]],)]


@pytest.mark.slow
async def test_a_job_that_is_not_there_fails_the_flow_run(prefect: str, surroundings: Sandbox) -> None:
    with pytest.raises(JobFailed):
        await run_and_wait(HistoricalForm(repository=surroundings.repository, job_id=uuid4()), "local")


@pytest.mark.parametrize(
    ("main", "arguments", "word"),
    [
        (route_main, ["not-a-repository"], "repository"),
        (route_main, ["octo/x", "--days", "0"], "days_back"),
        (historical_main, ["--repository-name", "nothing"], "repository"),
        (historical_main, ["--repository-name", "o/n", "--job-type", "strange"], "job_type"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence_and_exit_code_2(
    main: Any, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert word in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
