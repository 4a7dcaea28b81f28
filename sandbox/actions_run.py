"""One workflow run: its jobs in the order of `needs`, matrices spread out, reusable workflows entered."""

import asyncio
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.actions_expressions import ExpressionError, Functions
from sandbox.actions_job import JobRunner
from sandbox.actions_state import Config, JobRun, Run, now
from sandbox.actions_template import fill, holds, texts
from sandbox.actions_workflow import Workflow
from sandbox.github.world import World

JOB_KEYS = {
    "name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "outputs", "env", "steps", "strategy",
    "uses", "with", "secrets",
}  # fmt: skip
STRATEGY_KEYS = {"fail-fast", "max-parallel", "matrix"}
MOST_JOBS = 256

Result = dict[str, Any]


class RunExecution:
    """Executes one run from queued to completed."""

    def __init__(self, config: Config, world: World, run: Run, workflows: Mapping[str, Workflow], slots: Any) -> None:
        """`slots` are the machines: an awaitable lock for each job (a semaphore)."""
        self._config = config
        self._world = world
        self._run = run
        self._workflows = workflows
        self._slots = slots
        self._ids = itertools.count(run.id * 1_000 + 1)

    async def execute(self) -> None:
        """Run everything; whatever goes wrong ends as the run's conclusion."""
        owner = self._run.repository.partition("/")[0]
        github = {
            "token": self._world.accounts.token, "repository": self._run.repository, "repository_owner": owner,
            "sha": self._run.sha, "ref": f"refs/heads/{self._run.ref}", "ref_name": self._run.ref,
            "run_id": str(self._run.id), "run_number": str(self._run.number), "run_attempt": "1",
            "actor": "sandbox-user", "event_name": "workflow_dispatch", "workflow": self._run.workflow.name,
            "api_url": self._config.api_url, "graphql_url": f"{self._config.api_url}/graphql",
            "server_url": self._config.api_url, "event": {"inputs": self._run.inputs},
        }  # fmt: skip
        secrets = {**self._config.secrets, "GITHUB_TOKEN": self._world.accounts.token}
        contexts = {
            "github": github, "inputs": self._run.inputs, "vars": self._config.variables, "secrets": secrets,
        }  # fmt: skip
        if self._run.cancelled.is_set():  # before its turn came: a run without any job
            self._run.move("completed", "cancelled")
            return
        try:
            results = await self._workflow(self._run.workflow.body, contexts, prefix="")
            conclusion = _worst([result["result"] for result in results.values()])
        except ExpressionError as error:
            self._note_failure(str(error))
            conclusion = "failure"
        if self._run.cancelled.is_set() and not self._run.lost.is_set():
            conclusion = "cancelled"
        self._run.move("completed", conclusion)

    def _note_failure(self, sentence: str) -> None:
        job = JobRun(next(self._ids), "Set up workflow", "completed", "failure", now(), now())
        job.log.append(f"##[error]{sentence}")
        self._run.jobs.append(job)

    async def _workflow(
        self, body: Mapping[str, Any], contexts: Mapping[str, Any], *, prefix: str
    ) -> dict[str, Result]:
        jobs: Mapping[str, Mapping[str, Any]] = body["jobs"]
        contexts = {**contexts, "env": texts(body.get("env", {}), {**contexts, "env": {}})}
        ended: dict[str, asyncio.Future[Result]] = {key: asyncio.get_running_loop().create_future() for key in jobs}

        async def one(key: str, spec: Mapping[str, Any]) -> None:
            try:
                needed = [spec["needs"]] if isinstance(spec.get("needs"), str) else spec.get("needs", [])
                needs = {name: await ended[name] for name in needed}
                ended[key].set_result(await self._job(key, spec, {**contexts, "needs": needs}, prefix))
            except Exception as error:  # noqa: BLE001 (a job's error is every waiter's, and then the run's)
                ended[key].set_exception(error)

        async with asyncio.TaskGroup() as group:
            for key, spec in jobs.items():
                group.create_task(one(key, spec))
        return {key: await future for key, future in ended.items()}

    async def _job(self, key: str, spec: Mapping[str, Any], contexts: Mapping[str, Any], prefix: str) -> Result:
        unknown = set(spec) - JOB_KEYS
        if unknown:
            raise ExpressionError(f"job {key}: this sandbox does not know {', '.join(sorted(unknown))}")
        results = [need["result"] for need in contexts["needs"].values()]
        functions: Functions = {
            "success": lambda: all(result == "success" for result in results) and not self._run.cancelled.is_set(),
            "failure": lambda: "failure" in results,
            "always": lambda: True,
            "cancelled": lambda: self._run.cancelled.is_set(),
        }
        if not holds(spec.get("if"), contexts, functions):
            return {"result": "skipped", "outputs": {}}
        if "uses" in spec:
            return await self._called(key, spec, contexts, prefix)
        return await self._spread(key, spec, contexts, prefix)

    async def _called(self, key: str, spec: Mapping[str, Any], contexts: Mapping[str, Any], prefix: str) -> Result:
        name = Path(str(spec["uses"])).name
        if spec["uses"] != f"./.github/workflows/{name}" or name not in self._workflows:
            raise ExpressionError(f"job {key}: there is no reusable workflow {spec['uses']}")
        body = self._workflows[name].body
        declared = self._workflows[name].trigger("workflow_call")
        if declared is None:
            raise ExpressionError(f"job {key}: {name} has no trigger workflow_call")
        inputs = {given: fill(value, contexts) for given, value in spec.get("with", {}).items()}
        secrets = {given: fill(value, contexts) for given, value in spec.get("secrets", {}).items()}
        for kind, given in (("inputs", inputs), ("secrets", secrets)):
            extra = set(given) - set(declared.get(kind) or {})
            if extra:
                raise ExpressionError(f"job {key}: {name} declares no {kind} {', '.join(sorted(extra))}")
        for wanted, rules in (declared.get("inputs") or {}).items():
            inputs.setdefault(wanted, (rules or {}).get("default", ""))
            if (rules or {}).get("required") and inputs[wanted] in (None, ""):
                raise ExpressionError(f"job {key}: input {wanted} of {name} is required")
        inner = {**contexts, "inputs": inputs, "secrets": {**secrets, "GITHUB_TOKEN": contexts["github"]["token"]}}
        results = await self._workflow(body, inner, prefix=f"{prefix}{spec.get('name', key)} / ")
        return {"result": _worst([result["result"] for result in results.values()]), "outputs": {}}

    async def _spread(self, key: str, spec: Mapping[str, Any], contexts: Mapping[str, Any], prefix: str) -> Result:
        places = matrix(spec.get("strategy", {}), contexts)
        jobs: list[tuple[JobRun, dict[str, Any]]] = []
        for place in places:
            own = {**contexts, "matrix": place}
            job = JobRun(next(self._ids), prefix + str(fill(spec.get("name", key), own)))
            self._run.jobs.append(job)
            jobs.append((job, own))
        outputs = await asyncio.gather(*(self._on_a_runner(key, spec, job, own) for job, own in jobs))
        merged = {name: value for given in outputs for name, value in given.items() if value}
        return {"result": _worst([str(job.conclusion) for job, _ in jobs]), "outputs": merged}

    async def _on_a_runner(
        self, key: str, spec: Mapping[str, Any], job: JobRun, contexts: Mapping[str, Any]
    ) -> dict[str, str]:
        while self._config.held and not self._run.cancelled.is_set():  # noqa: ASYNC110 (a test changes the setting)
            await asyncio.sleep(0.02)
        async with self._slots:
            if self._run.cancelled.is_set():
                job.status, job.conclusion, job.completed_at = "completed", "cancelled", now()
                return {}
            if self._run.status == "queued":
                self._run.started_at = now()
                self._run.move("in_progress")
            runner = JobRunner(self._config, self._world, self._run, job, {**spec, "_key": key}, contexts)
            limit = asyncio.get_running_loop().call_later(
                60 * float(spec.get("timeout-minutes", 360)), self._run.cancelled.set
            )
            try:
                return await runner.execute()
            finally:
                limit.cancel()


def matrix(strategy: Mapping[str, Any], contexts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All elements of a matrix, one without any where there is none. An empty list is an error, as at GitHub."""
    unknown = set(strategy) - STRATEGY_KEYS
    if unknown:
        raise ExpressionError(f"strategy: this sandbox does not know {', '.join(sorted(unknown))}")
    vectors = fill(strategy.get("matrix", {}), contexts)
    if not isinstance(vectors, dict) or "include" in vectors or "exclude" in vectors:
        raise ExpressionError("matrix: this sandbox knows vectors only")
    for name, values in vectors.items():
        if not isinstance(values, list) or not values:
            raise ExpressionError(f"Matrix vector '{name}' does not contain any values")
    places = [dict(zip(vectors, values, strict=True)) for values in itertools.product(*vectors.values())]
    if len(places) > MOST_JOBS:
        raise ExpressionError(f"a matrix has at most {MOST_JOBS} jobs")
    return places


def _worst(results: list[str]) -> str:
    for result in ("failure", "cancelled"):
        if result in results:
            return result
    return "skipped" if results and all(result == "skipped" for result in results) else "success"
