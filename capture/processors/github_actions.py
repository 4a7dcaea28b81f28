"""GitHub Actions as a processor: start a workflow, find its run, follow it, cancel it.

Facts about GitHub's answers: REST, "Workflows" and "Workflow runs", API versions 2022-11-28 and 2026-03-10.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast
from uuid import UUID

import httpx

from capture.core.costs import billed_minutes
from capture.core.errors import ConfigurationError, Outage
from capture.core.models import Job, Processor
from capture.core.ports import Clock, Handed, Sleep, Verdict
from capture.processors.actions_rules import Run, dispatch_inputs, parse_run, refusal, workflow_file

API_VERSION = "2022-11-28"
CLOCK_SKEW = timedelta(seconds=60)
PROBE_SECONDS = 2.0

Token = Callable[[], Awaitable[str | None]]


class ActionsClient:
    """The Actions routes of one repository, the one that holds the workflows."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        repository: str,
        *,
        ref: str = "main",
        token: Token,
        clock: Clock,
        sleep: Sleep,
        api_version: str = API_VERSION,
    ) -> None:
        """`http` carries GitHub's base URL; `token` is asked before each call, since a minted one lives an hour."""
        self._http = http
        self.repository = repository
        self.ref = ref
        self._token = token
        self._clock = clock
        self._sleep = sleep
        self._version = api_version

    async def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> tuple[int | None, str | None, datetime]:
        """Start a workflow; answers run id and page where GitHub tells them, and GitHub's time of the dispatch.

        Raises `Outage` where sending again may help, `DispatchRefused` where it cannot.
        """
        path = f"/actions/workflows/{workflow}/dispatches"
        body: dict[str, Any] = {"ref": self.ref, "inputs": dict(inputs)}
        answer = await self._call("POST", path, json={**body, "return_run_details": True})
        if answer.status_code == 400:  # an older GitHub Enterprise Server does not know the field
            answer = await self._call("POST", path, json=body)
        if answer.status_code not in (200, 204):
            raise refusal(answer.status_code, _object(answer), workflow)
        details = _object(answer)
        run_id = details.get("workflow_run_id")
        return (int(run_id) if run_id else None), details.get("html_url"), self._time(answer)

    async def find(self, workflow: str, marker: str, since: datetime, *, within: float = 120.0) -> Run | None:
        """The newest run of a workflow whose name carries `marker`, created after `since`.

        A dispatched run can take seconds to be listed, so this looks for `within` seconds; None is not found.
        """
        until = self._clock() + timedelta(seconds=within)
        wait = 1.0
        while True:
            answer = await self._call(
                "GET",
                f"/actions/workflows/{workflow}/runs",
                params={"event": "workflow_dispatch", "per_page": 50},
            )
            if answer.status_code != 200:
                raise refusal(answer.status_code, _object(answer), workflow)
            runs = [parse_run(run) for run in _object(answer)["workflow_runs"]]
            found = [run for run in runs if marker in run.title and run.created_at >= since - CLOCK_SKEW]
            if found:
                return max(found, key=lambda run: (run.created_at, run.id))
            if self._clock() + timedelta(seconds=wait) > until:
                return None
            await self._sleep(wait)
            wait = min(wait * 2, 10.0)

    async def run(self, run_id: int) -> Run | None:
        """One run; None when GitHub does not know it any more. Raises `Outage` while GitHub cannot say."""
        answer = await self._call("GET", f"/actions/runs/{run_id}")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise refusal(answer.status_code, _object(answer), f"run {run_id}")
        return parse_run(_object(answer))

    async def cancel(self, run_id: int) -> bool:
        """Ask a run to stop; False when it had ended or is gone."""
        answer = await self._call("POST", f"/actions/runs/{run_id}/cancel")
        if answer.status_code in (404, 409):
            return False
        if answer.status_code != 202:
            raise refusal(answer.status_code, _object(answer), f"run {run_id}")
        return True

    async def billed_minutes(self, run_id: int) -> int:
        """What GitHub bills for a run that has ended: each of its jobs in whole minutes, begun ones count."""
        answer = await self._call("GET", f"/actions/runs/{run_id}/jobs", params={"filter": "all", "per_page": 100})
        if answer.status_code != 200:
            return 0
        return billed_minutes(_job_seconds(_object(answer).get("jobs", [])))

    async def minutes_of(self, run_id: int) -> int | None:
        """What GitHub bills for a run; None while it goes on, 0 for one that GitHub does not know any more."""
        run = await self.run(run_id)
        if run is None:
            return 0
        return await self.billed_minutes(run_id) if run.ended else None

    async def conclusion(self, job: Job) -> str | None:
        """How the job's run ended, `gone` where GitHub has lost it; None while it goes on or where nobody can tell."""
        if job.workflow_run_id is None:
            return None
        try:
            run = await self.run(job.workflow_run_id)
        except (Outage, ConfigurationError):
            return None
        return "gone" if run is None else run.conclusion

    async def workflow_state(self, workflow: str) -> str:
        """`active`, or why a workflow cannot be started (`disabled_manually` and the like)."""
        answer = await self._call("GET", f"/actions/workflows/{workflow}")
        if answer.status_code != 200:
            raise refusal(answer.status_code, _object(answer), workflow)
        return str(_object(answer).get("state", "active"))

    async def _call(self, method: str, path: str, **how: Any) -> httpx.Response:
        token = await self._token()
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": self._version}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = await self._http.request(method, f"/repos/{self.repository}{path}", headers=headers, **how)
        except httpx.HTTPError as error:
            raise Outage(f"GitHub Actions of {self.repository}: {type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429 or _is_limit(answer):
            raise Outage(f"GitHub Actions of {self.repository}: HTTP {answer.status_code}")
        return answer

    def _time(self, answer: httpx.Response) -> datetime:
        date = answer.headers.get("date")
        return parsedate_to_datetime(date) if date else self._clock()


def _is_limit(answer: httpx.Response) -> bool:
    if answer.status_code != 403:
        return False
    said = str(_object(answer).get("message", "")).lower()
    spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return spent or "rate limit" in said


def _job_seconds(jobs: list[dict[str, Any]]) -> list[float]:
    """How long each job of a run took that was on a runner at all."""
    times = [(job.get("started_at"), job.get("completed_at"), job.get("runner_name")) for job in jobs]
    return [
        (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
        for start, end, runner in times
        if start and end and runner
    ]


def _object(answer: httpx.Response) -> dict[str, Any]:
    if not answer.content:
        return {}
    try:
        body = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


class DirectMessenger:
    """Carries jobs to GitHub Actions without a Prefect server between: dispatch, and find the run by its name."""

    processor: Processor = "github_actions"

    def __init__(self, client: ActionsClient, *, find_seconds: float = 20.0) -> None:
        """`find_seconds` bounds the search for the run's id, which is a courtesy: only the claim proves arrival."""
        self._client = client
        self._find_seconds = find_seconds

    async def send(self, job: Job, handover: int) -> Handed:
        """Dispatch the job's workflow. Raises `Outage`, or `DispatchRefused` with a code."""
        return await start_run(self._client, job, find_seconds=self._find_seconds)

    async def probe(self) -> Verdict:
        """Whether GitHub answers and the main workflow may be started."""
        try:
            state = await self._client.workflow_state(workflow_file("historical-pr-sync"))
        except Outage as error:
            return Verdict(False, "api_down", str(error))
        except ConfigurationError as error:
            return Verdict(False, error.code, str(error))
        return Verdict(state == "active", "ok" if state == "active" else state, f"workflow is {state}")

    async def cancel(self, job: Job) -> None:
        """Cancel the job's run, where its id is known; a run that has ended is left alone."""
        if job.workflow_run_id is not None:
            await self._client.cancel(job.workflow_run_id)


async def start_run(
    client: ActionsClient, job: Job, *, flow_run_id: UUID | None = None, find_seconds: float = 120.0
) -> Handed:
    """Dispatch a job's workflow and answer its run; without a run id GitHub took it and has not listed it yet."""
    workflow = workflow_file(job.job_type)
    run_id, url, at = await client.dispatch(workflow, dispatch_inputs(job, flow_run_id))
    if run_id is None:
        found = await client.find(workflow, str(flow_run_id or job.id), at, within=find_seconds)
        if found is not None:
            run_id, url = found.id, found.url
    return Handed(
        workflow_run_id=run_id, run_url=url, flow_run_id=flow_run_id, reference=f"{client.repository}:{run_id}"
    )
