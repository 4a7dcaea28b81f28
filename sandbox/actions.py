"""The Actions routes of api.github.com for one repository: dispatch, runs, cancel, logs; and how tests disturb it."""

import asyncio
import contextlib
import re
import subprocess
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from sandbox.actions_groups import enter, turn
from sandbox.actions_run import RunExecution
from sandbox.actions_state import NO_COMMIT, Config, Run, now
from sandbox.actions_workflow import MOST_INPUTS, Refused, Workflow, accept, load, title
from sandbox.github.answers import Answer
from sandbox.github.world import World

DOCS = "https://docs.github.com/rest/actions"
DISPATCH_DOCS = f"{DOCS}/workflows#create-a-workflow-dispatch-event"
ALWAYS_DETAILS = "2026-03-10"
"""From this API version on a dispatch always answers with the run."""


def head(project: Path) -> str:
    """The commit that is checked out in a project; zeros where it is not under version control."""
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, check=False, capture_output=True, text=True)
    return told.stdout.strip() if told.returncode == 0 else NO_COMMIT


def _message(status: int, message: str, docs: str = DOCS) -> Answer:
    return Answer(status, {"message": message, "documentation_url": docs, "status": str(status)})


class Actions:
    """Routes below `/repos/{owner}/{name}/actions`, and the runs behind them."""

    def __init__(self, config: Config, world: World) -> None:
        """The commit that is checked out in the project is the one that every branch of this repository has."""
        self.config = config
        self.world = world
        self.workflows = load(config.project)
        self.runs: dict[int, Run] = {}
        self._sha = head(config.project)
        self._slots = asyncio.Semaphore(config.runners)
        self._next = 30_000_000_000

    async def __call__(
        self, method: str, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]
    ) -> Answer | None:
        """Answer one call; None for a path that is not one of these."""
        start = f"/repos/{self.config.repository}/actions/"
        if not path.lower().startswith(start.lower()):
            return None
        rest = path[len(start) :]
        for wanted, pattern, route in _ROUTES:
            match = re.fullmatch(pattern, rest)
            if match and method == wanted:
                return route(self, match, query, body, headers)
        return _message(404, "Not Found")

    @property
    def base(self) -> str:
        """The address under which runs are found."""
        return f"{self.config.api_url}/repos/{self.config.repository}/actions"

    def _workflow(self, match: re.Match[str]) -> Workflow | None:
        wanted = match["workflow"]
        return self.workflows.get(wanted) or next((w for w in self.workflows.values() if str(w.id) == wanted), None)

    def _show_workflow(self, match: re.Match[str], *_: Any) -> Answer:
        workflow = self._workflow(match)
        if workflow is None:
            return _message(404, "Not Found", f"{DOCS}/workflows#get-a-workflow")
        shown = {"id": workflow.id, "name": workflow.name, "path": f".github/workflows/{workflow.file}"}
        return Answer(200, {**shown, "state": workflow.state})

    def _switch(self, match: re.Match[str], *_: Any) -> Answer:
        workflow = self._workflow(match)
        if workflow is None:
            return _message(404, "Not Found")
        workflow.state = "active" if match["switch"] == "enable" else "disabled_manually"
        return Answer(204)

    def _dispatch(self, match: re.Match[str], _: dict[str, str], body: bytes, headers: dict[str, str]) -> Answer:
        workflow = self._workflow(match)
        if workflow is None:
            return _message(404, "Not Found", DISPATCH_DOCS)
        asked = orjson.loads(body) if body else {}
        if self.config.run_details == "unknown" and "return_run_details" in asked:
            return _message(400, 'Invalid request.\n\n"return_run_details" is not a permitted key.', DISPATCH_DOCS)
        if not asked.get("ref"):
            return _message(422, 'Invalid request.\n\n"ref" wasn\'t supplied.', DISPATCH_DOCS)
        if asked["ref"] != self.config.default_branch:
            return _message(422, f"No ref found for: {asked['ref']}", DISPATCH_DOCS)
        given = asked.get("inputs") or {}
        if len(given) > MOST_INPUTS:
            return _message(
                422, f"Invalid request.\n\nNo more than {MOST_INPUTS} properties are allowed.", DISPATCH_DOCS
            )
        try:
            inputs = accept(workflow, given)
        except Refused as refused:
            return _message(422, str(refused), DISPATCH_DOCS)
        run = self._start(workflow, inputs, asked["ref"])
        if not asked.get("return_run_details") and headers.get("x-github-api-version", "") < ALWAYS_DETAILS:
            return Answer(204)
        return Answer(
            200, {"workflow_run_id": run.id, "run_url": f"{self.base}/runs/{run.id}", "html_url": run.html_url}
        )

    def _start(self, workflow: Workflow, inputs: dict[str, Any], ref: str) -> Run:
        self._next += 1
        contexts = {"inputs": inputs, "github": {"ref_name": ref, "repository": self.config.repository}}
        run = Run(
            id=self._next,
            number=sum(1 for other in self.runs.values() if other.workflow is workflow) + 1,
            workflow=workflow,
            repository=self.config.repository,
            title=title(workflow, contexts),
            ref=ref,
            sha=self._sha,
            inputs=inputs,
            html_url=f"{self.config.api_url}/{self.config.repository}/actions/runs/{self._next}",
        )
        self.runs[run.id] = run
        enter(run, self.runs.values(), contexts)
        execution = RunExecution(self.config, self.world, run, self.workflows, self._slots)

        async def in_turn() -> None:
            await turn(run, self.runs)
            await execution.execute()

        run.task = asyncio.get_running_loop().create_task(in_turn())
        return run

    def _list(self, match: re.Match[str], query: dict[str, str], *_: Any) -> Answer:
        runs = [
            run for run in self.runs.values() if now() - run.created_at >= timedelta(seconds=self.config.listed_after)
        ]
        if "workflow" in match.groupdict():
            workflow = self._workflow(match)
            if workflow is None:
                return _message(404, "Not Found")
            runs = [run for run in runs if run.workflow is workflow]
        if query.get("event", "workflow_dispatch") != "workflow_dispatch":
            runs = []
        if "status" in query:
            runs = [run for run in runs if query["status"] in (run.status, run.conclusion)]
        if "branch" in query:
            runs = [run for run in runs if run.ref == query["branch"]]
        runs.sort(key=lambda run: run.id, reverse=True)
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        shown = [run.show(self.base) for run in runs[(page - 1) * size : page * size]]
        return Answer(200, {"total_count": len(runs), "workflow_runs": shown})

    def _run_of(self, match: re.Match[str]) -> Run | None:
        return self.runs.get(int(match["run"]))

    def _show_run(self, match: re.Match[str], *_: Any) -> Answer:
        run = self._run_of(match)
        return Answer(200, run.show(self.base)) if run else _message(404, "Not Found")

    def _jobs(self, match: re.Match[str], *_: Any) -> Answer:
        run = self._run_of(match)
        if run is None:
            return _message(404, "Not Found")
        return Answer(200, {"total_count": len(run.jobs), "jobs": [job.show(run, self.base) for job in run.jobs]})

    def _cancel(self, match: re.Match[str], *_: Any) -> Answer:
        run = self._run_of(match)
        if run is None:
            return _message(404, "Not Found")
        if run.status == "completed":
            return _message(409, "Cannot cancel a workflow run that is completed.")
        run.cancelled.set()
        return Answer(202, {})

    def _job_log(self, match: re.Match[str], *_: Any) -> Answer:
        jobs = [job for run in self.runs.values() for job in run.jobs if job.id == int(match["job"])]
        if not jobs:
            return _message(404, "Not Found")
        return Answer(302, headers={"location": f"{self.base}/_logs/{jobs[0].id}"})

    def _log_text(self, match: re.Match[str], *_: Any) -> Answer:
        lines = [
            line for run in self.runs.values() for job in run.jobs if job.id == int(match["job"]) for line in job.log
        ]
        return Answer(200, headers={"content-type": "text/plain"}, body="\n".join(lines).encode())

    def _control(self, _match: re.Match[str], _query: dict[str, str], body: bytes, *_: Any) -> Answer:
        """What only a sandbox has: change its settings, lose a runner, forget a run, load the workflows again."""
        asked = orjson.loads(body) if body else {}
        known = {field.name for field in fields(Config)}
        for name, value in asked.items():
            if name == "project":  # another checkout of the repository: other workflows, another commit
                self.config.project = Path(value)
                self.workflows, self._sha = load(self.config.project), head(self.config.project)
            elif name in known:
                setattr(self.config, name, value)
            elif name == "lose":
                self.runs[value].lost.set()
            elif name == "forget":
                self.runs.pop(value)
            else:
                return _message(422, f"unknown setting {name}")
        return Answer(200, {"runs": [run.show(self.base) for run in self.runs.values()]})

    async def stop(self) -> None:
        """End all runs."""
        for run in self.runs.values():
            run.lost.set()
            if run.task is not None:
                run.task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await run.task


_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", r"workflows/(?P<workflow>[^/]+)", Actions._show_workflow),
    ("PUT", r"workflows/(?P<workflow>[^/]+)/(?P<switch>enable|disable)", Actions._switch),
    ("POST", r"workflows/(?P<workflow>[^/]+)/dispatches", Actions._dispatch),
    ("GET", r"workflows/(?P<workflow>[^/]+)/runs", Actions._list),
    ("GET", r"runs", Actions._list),
    ("GET", r"runs/(?P<run>\d+)", Actions._show_run),
    ("GET", r"runs/(?P<run>\d+)/jobs", Actions._jobs),
    ("POST", r"runs/(?P<run>\d+)/(?:force-)?cancel", Actions._cancel),
    ("GET", r"jobs/(?P<job>\d+)/logs", Actions._job_log),
    ("GET", r"_logs/(?P<job>\d+)", Actions._log_text),
    ("POST", r"_control", Actions._control),
]
