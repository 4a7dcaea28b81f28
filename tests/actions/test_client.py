"""The Actions client and the direct messenger against the stand-in: GitHub's answers, and what becomes of jobs."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest

from capture.core.errors import Outage
from capture.core.models import Claim, Job
from capture.processors.actions_rules import DispatchRefused
from capture.processors.github_actions import ActionsClient, DirectMessenger
from capture.store.store import Store
from capture.usecases.hand_over import hand_over
from capture.usecases.minutes import count_minutes
from tests.actions.conftest import bulk_job, eventually, read
from tests.actions.tiny import tiny_project
from tests.support.actions import JOBS, ActionsSandbox, start_actions

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionsSandbox]:
    """A GitHub whose workflows do next to nothing."""
    with start_actions(project=tiny_project(tmp_path_factory.mktemp("tiny")), pull_requests=3) as started:
        yield started


@pytest.fixture(autouse=True)
def usual(github: ActionsSandbox) -> None:
    """Each test begins with a GitHub that behaves as usual."""
    github.change(held=False, run_details="known", listed_after=0.0, default_branch="main")
    github.call("PUT", "workflows/historical-pr-sync.yml/enable")
    github.faults()


def client_of(
    github: ActionsSandbox, http: httpx.AsyncClient, *, token: str = "", repository: str = JOBS, **more: Any
) -> ActionsClient:
    """A client with this sandbox's token, unless it is told another one."""

    async def own() -> str:
        return token or github.token

    return ActionsClient(http, repository, token=own, clock=lambda: datetime.now(UTC), sleep=anyio.sleep, **more)


@pytest.fixture
async def http(github: ActionsSandbox) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the sandbox."""
    async with httpx.AsyncClient(base_url=github.url, trust_env=False, timeout=60) as opened:
        yield opened


INPUTS = {"repository_name": "octo/x", "job_id": "the-job"}
WORKFLOW = "historical-pr-sync.yml"


@pytest.mark.parametrize("version", ["2022-11-28", "2026-03-10"])
@pytest.mark.parametrize("details", ["known", "unknown"])
async def test_a_dispatch_answers_its_run_or_the_run_is_found_by_its_name(
    github: ActionsSandbox, http: httpx.AsyncClient, version: str, details: str
) -> None:
    github.change(run_details=details, listed_after=0.5)
    client = client_of(github, http, api_version=version)
    run_id, url, at = await client.dispatch(WORKFLOW, {**INPUTS, "job_id": f"job-{version}-{details}"})
    assert (run_id is None) == (details == "unknown" and version == "2022-11-28")
    found = await client.find(WORKFLOW, f"job-{version}-{details}", at, within=30)
    assert found is not None
    assert run_id in (None, found.id)
    assert url in (None, found.url)


async def test_a_run_of_the_same_name_from_before_the_dispatch_is_not_taken(
    github: ActionsSandbox, http: httpx.AsyncClient
) -> None:
    client = client_of(github, http)
    await client.dispatch(WORKFLOW, {**INPUTS, "job_id": "twice"})
    later = datetime.now(UTC) + timedelta(hours=1)
    assert await client.find(WORKFLOW, "twice", later, within=0) is None
    assert await client.find(WORKFLOW, "nobody", datetime.now(UTC), within=0) is None


async def test_a_run_goes_from_queued_to_completed_and_can_be_cancelled_only_before(
    github: ActionsSandbox, http: httpx.AsyncClient
) -> None:
    github.change(held=True)
    client = client_of(github, http)
    run_id, _, _ = await client.dispatch(WORKFLOW, INPUTS)
    assert run_id is not None
    waiting = await client.run(run_id)
    assert waiting is not None
    assert (waiting.status, waiting.conclusion) == ("queued", None)
    assert await client.cancel(run_id)
    github.change(held=False)

    async def over() -> Any:
        run = await client.run(run_id)
        return run if run is not None and run.ended else None

    ended = await eventually(over, what="the end of the run")
    assert ended.conclusion == "cancelled"
    assert not await client.cancel(run_id)
    assert await client.billed_minutes(run_id) == 0
    assert await client.run(1) is None
    assert not await client.cancel(1)


async def test_a_run_that_is_over_bills_a_whole_minute_and_its_log_hides_secrets(
    github: ActionsSandbox, http: httpx.AsyncClient
) -> None:
    github.change(secrets={"CAPTURE_DATABASE_URL": "postgresql://very-secret"})
    client = client_of(github, http)
    run_id, _, _ = await client.dispatch(WORKFLOW, {**INPUTS, "max_items": "say-the-secret"})
    assert run_id is not None

    async def over() -> bool:
        run = await client.run(run_id)
        return run is not None and run.conclusion == "success"

    await eventually(over, what="the end of the run")
    assert await client.billed_minutes(run_id) == 1
    assert "the secret is ***" in github.log(run_id)
    assert "very-secret" not in github.log(run_id)


@pytest.mark.parametrize(
    ("inputs", "how", "code"),
    [
        ({"foo": "1", "bar": "2", **INPUTS}, {}, "dispatch_unexpected_inputs"),
        ({"job_id": "x"}, {}, "dispatch_missing_input"),
        (INPUTS, {"ref": "nowhere"}, "dispatch_unknown_ref"),
        (INPUTS, {"workflow": "called.yml"}, "dispatch_no_trigger"),
        (INPUTS, {"workflow": "nothing.yml"}, "dispatch_not_found"),
        (INPUTS, {"repository": "octo/gone"}, "dispatch_not_found"),
        (INPUTS, {"disabled": True}, "dispatch_disabled"),
        (INPUTS, {"token": "ghp_wrong"}, "dispatch_bad_credentials"),
        (INPUTS, {"workflow": "choosy.yml"}, "dispatch_invalid_value"),
        ({f"i{n}": "1" for n in range(26)}, {}, "dispatch_refused"),
    ],
)  # fmt: skip
async def test_every_refusal_of_github_is_an_error_with_a_code_and_without_the_token(
    github: ActionsSandbox, http: httpx.AsyncClient, inputs: dict[str, str], how: dict[str, Any], code: str
) -> None:
    how = dict(how)
    workflow = how.pop("workflow", WORKFLOW)
    if workflow == "choosy.yml":
        inputs = {"level": "none of these"}
    if how.pop("disabled", False):
        github.call("PUT", f"workflows/{workflow}/disable")
    client = client_of(github, http, **how)
    with pytest.raises(DispatchRefused) as refused:
        await client.dispatch(workflow, inputs)
    assert refused.value.code == code
    assert github.token not in str(refused.value)


@pytest.mark.parametrize("fault", ["bad_gateway", "unavailable", "reset", "secondary", "rate_limit"])
async def test_trouble_that_passes_is_an_outage(github: ActionsSandbox, http: httpx.AsyncClient, fault: str) -> None:
    github.faults({"match": {}, "action": {"kind": fault}, "times": 1})
    with pytest.raises(Outage):
        await client_of(github, http).dispatch(WORKFLOW, INPUTS)
    github.faults()
    github.limits("core", remaining=5_000)


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"ref": "nowhere"}, "deferred", "dispatch_unknown_ref"),
        ({"disabled": True}, "deferred", "dispatch_disabled"),
        ({"repository": "octo/gone"}, "deferred", "dispatch_not_found"),
        ({"token": "ghp_wrong"}, "deferred", "dispatch_bad_credentials"),
    ],
)
async def test_a_job_that_cannot_be_dispatched_is_tried_again_later_with_the_reason_in_its_row(
    github: ActionsSandbox, http: httpx.AsyncClient, store: Store, how: dict[str, Any], status: str, code: str
) -> None:
    how = dict(how)
    if how.pop("disabled", False):
        github.call("PUT", f"workflows/{WORKFLOW}/disable")
    job = await bulk_job(store, github.repository)
    done = await hand_over(store, {"github_actions": DirectMessenger(client_of(github, http, **how))}, job)
    row = await read(store, job.id)
    assert (done.outcome, row.status, row.error_code) == ("refused", status, code)
    assert row.next_attempt_at is not None


async def test_a_dispatch_that_our_own_mistake_makes_impossible_fails_the_job_with_its_code(
    github: ActionsSandbox, http: httpx.AsyncClient, store: Store
) -> None:
    job = await bulk_job(store, github.repository, job_type="bulk-file-changes")  # the tiny project declares less there
    await hand_over(store, {"github_actions": DirectMessenger(client_of(github, http))}, job)
    row = await read(store, job.id)
    assert (row.status, row.error_code) == ("failed", "dispatch_unexpected_inputs")


async def test_a_lost_answer_leaves_the_job_dispatched_until_its_deadline_and_a_dead_run_is_told_apart(
    github: ActionsSandbox, http: httpx.AsyncClient, store: Store
) -> None:
    github.faults({"match": {}, "action": {"kind": "reset", "when": "after"}, "times": 1})
    job = await bulk_job(store, github.repository)
    client = client_of(github, http)
    done = await hand_over(store, {"github_actions": DirectMessenger(client)}, job)
    github.faults()
    row = await read(store, job.id)
    assert (done.outcome, row.status) == ("unknown", "dispatched")
    assert row.claim_deadline is not None
    assert await client.conclusion(row) is None  # nobody knows its run yet

    async def found() -> Any:
        return await client.find(WORKFLOW, str(job.id), datetime.now(UTC), within=0)

    run = await eventually(found, what="the run that was started all the same")
    await store.record_run(job.id, run.id, run.url)

    async def conclusion() -> str | None:
        return await client.conclusion(await read(store, job.id))

    assert await eventually(conclusion, what="the run's conclusion") == "success"
    github.change(forget=run.id)
    assert await client.conclusion(await read(store, job.id)) == "gone"


async def test_the_probe_says_whether_the_workflow_can_be_started(
    github: ActionsSandbox, http: httpx.AsyncClient
) -> None:
    messenger = DirectMessenger(client_of(github, http))
    assert (await messenger.probe()).up
    github.call("PUT", f"workflows/{WORKFLOW}/disable")
    verdict = await messenger.probe()
    assert (verdict.up, verdict.code) == (False, "disabled_manually")
    assert (await DirectMessenger(client_of(github, http, repository="octo/gone")).probe()).code == "dispatch_not_found"
    github.faults({"match": {}, "action": {"kind": "unavailable"}, "times": 1})
    assert (await messenger.probe()).code == "api_down"


async def test_cancelling_a_job_cancels_its_run_and_one_without_a_run_is_left_alone(
    github: ActionsSandbox, http: httpx.AsyncClient, store: Store
) -> None:
    github.change(held=True)
    messenger = DirectMessenger(client_of(github, http))
    job = await bulk_job(store, github.repository)
    await messenger.cancel(job)
    await hand_over(store, {"github_actions": messenger}, job)
    handed: Job = await read(store, job.id)
    assert handed.workflow_run_id is not None
    assert str(handed.workflow_run_id) in str(handed.run_url)
    await messenger.cancel(handed)

    async def cancelled() -> bool:
        return (await client_of(github, http).conclusion(handed)) == "cancelled"

    assert await eventually(cancelled, what="the cancelled run")


async def test_minutes_of_runs_that_nobody_followed_are_counted_once_they_have_ended(
    github: ActionsSandbox, http: httpx.AsyncClient, store: Store
) -> None:
    client = client_of(github, http)
    job = await bulk_job(store, github.repository)
    await hand_over(store, {"github_actions": DirectMessenger(client)}, job)
    claim = await store.claim_job(job.id, "github_actions", "runner", 60)
    assert isinstance(claim, Claim)
    assert await count_minutes(store, client) == 0  # it is being worked on
    await store.finish_job(job.id, claim.lease_token, "completed")

    async def counted() -> bool:
        return await count_minutes(store, client) == 1

    assert await eventually(counted, what="the minutes")
    assert await count_minutes(store, client) == 0
    assert (await read(store, job.id)).metrics["billed_minutes"] == 1
