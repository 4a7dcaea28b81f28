"""One job on one runner: its steps in order, with the environment, contexts and conclusions that GitHub gives them."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.actions_expressions import ExpressionError, Functions
from sandbox.actions_process import read_pairs, run_script
from sandbox.actions_state import Config, JobRun, Run, StepRun, now
from sandbox.actions_template import fill, holds, texts
from sandbox.actions_uses import ActionFailed, Place, find
from sandbox.github.world import World

STEP_KEYS = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory"}


class JobRunner:
    """Runs the steps of one job (or of one element of its matrix)."""

    def __init__(
        self, config: Config, world: World, run: Run, job: JobRun, spec: Mapping[str, Any], contexts: Mapping[str, Any]
    ) -> None:
        """`contexts` are github, inputs, vars, secrets, matrix, needs and the workflow's own env."""
        self._config = config
        self._run = run
        self._job = job
        self._spec = spec
        folder = config.work / f"run-{run.id}" / f"job-{job.id}"
        self._files = folder / "files"
        self._files.mkdir(parents=True)
        temp = folder / "temp"
        temp.mkdir()
        masks = [str(value) for value in contexts["secrets"].values() if value]
        self._place = Place(config, world, folder / "workspace", temp, [], masks, run.sha)
        self._folder = folder
        self._failed = False
        self._steps: dict[str, Any] = {}
        runner = {"os": "Linux", "arch": "X64", "name": f"Sandbox Runner {job.id}", "temp": str(temp)}
        self._contexts: dict[str, Any] = {**contexts, "steps": self._steps, "runner": runner}
        self._contexts["env"] = texts({**contexts["env"], **spec.get("env", {})}, self._contexts)
        self._exported: dict[str, str] = {}

    @property
    def _functions(self) -> Functions:
        cancelled = self._run.cancelled.is_set()
        return {
            "success": lambda: not self._failed and not cancelled,
            "failure": lambda: self._failed,
            "always": lambda: True,
            "cancelled": lambda: cancelled,
        }

    async def execute(self) -> dict[str, str]:
        """Run all steps; the job's state says how it went, the answer are its outputs."""
        self._job.status, self._job.started_at = "in_progress", now()
        try:
            for number, step in enumerate(self._spec["steps"], start=1):
                await self._step(number, step)
            outputs = texts(self._spec.get("outputs", {}), self._contexts)
        except ExpressionError as error:
            self._fail(str(error))
            outputs = {}
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        conclusion = "failure" if self._failed else "success"
        if self._run.cancelled.is_set() and not self._run.lost.is_set():
            conclusion = "cancelled"
        self._job.status, self._job.conclusion, self._job.completed_at = "completed", conclusion, now()
        return outputs

    def _fail(self, sentence: str) -> None:
        self._failed = True
        self._job.log.append(f"##[error]{sentence}")

    async def _step(self, number: int, step: Mapping[str, Any]) -> None:
        unknown = set(step) - STEP_KEYS
        if unknown:
            raise ExpressionError(f"step {number}: this sandbox does not know {', '.join(sorted(unknown))}")
        name = str(step.get("name") or step.get("uses") or f"Run {step.get('run', '')}".splitlines()[0])
        shown = StepRun(name, number, "in_progress", started_at=now())
        self._job.steps.append(shown)
        contexts = {**self._contexts, "env": {**self._contexts["env"], **self._exported}}
        outputs: dict[str, str] = {}
        if self._run.lost.is_set() or not holds(step.get("if"), contexts, self._functions):
            shown.conclusion = "skipped"
        else:
            self._job.log.append(f"##[group]{name}")
            contexts["env"] = {**contexts["env"], **texts(step.get("env", {}), contexts)}
            try:
                outputs = await (self._use(step, contexts) if "uses" in step else self._script(number, step, contexts))
                shown.conclusion = "success"
            except ActionFailed as error:
                self._fail(str(error))
                shown.conclusion = "cancelled" if self._run.cancelled.is_set() else "failure"
        shown.status, shown.completed_at = "completed", now()
        if "id" in step:
            self._steps[step["id"]] = {
                "outputs": outputs,
                "outcome": shown.conclusion,
                "conclusion": shown.conclusion,
            }

    async def _use(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
        return await find(str(step["uses"]))(self._place, texts(step.get("with", {}), contexts))

    async def _script(self, number: int, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
        if "shell" in step or "working-directory" in step:
            raise ExpressionError(f"step {number}: this sandbox runs scripts with its default shell and folder only")
        files = {name: self._files / f"{number}-{name}" for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY", "STATE")}
        for path in files.values():
            path.touch()
        script = self._files / f"{number}.sh"
        script.write_text(str(fill(step["run"], contexts)))
        env = self._environment(files) | {name: str(value) for name, value in contexts["env"].items()}
        cwd = self._place.workspace if self._place.workspace.exists() else self._place.temp
        code = await run_script(self._config, self._run, self._job, script, cwd=cwd, env=env, secrets=self._place.masks)
        if self._run.lost.is_set():
            raise ActionFailed("The runner has lost communication with the server.")
        self._place.path[:0] = files["PATH"].read_text().split()
        try:
            self._exported.update(read_pairs(files["ENV"]))
            outputs = read_pairs(files["OUTPUT"])
        except ValueError as error:
            raise ActionFailed(f"Unable to process file command: {error}") from error
        if code:
            raise ActionFailed(f"Process completed with exit code {code}.")
        return outputs

    def _environment(self, files: Mapping[str, Path]) -> dict[str, str]:
        """What GitHub sets on every runner, beside the machine's own environment."""
        github = self._contexts["github"]
        named = {f"GITHUB_{name}": str(path) for name, path in files.items()}
        server = {name: str(github[name]) for name in ("api_url", "graphql_url", "server_url")}
        return {
            **self._config.environment,
            **self._exported,
            "CI": "true",
            "HOME": str(self._place.temp),
            "PATH": ":".join([*self._place.path, "/usr/local/bin", "/usr/bin", "/bin"]),
            "RUNNER_TEMP": str(self._place.temp),
            "RUNNER_OS": "Linux",
            "RUNNER_NAME": f"Sandbox Runner {self._job.id}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": str(github["actor"]),
            "GITHUB_EVENT_NAME": str(github["event_name"]),
            "GITHUB_JOB": str(self._spec["_key"]),
            "GITHUB_REF": f"refs/heads/{self._run.ref}",
            "GITHUB_REF_NAME": self._run.ref,
            "GITHUB_REPOSITORY": self._run.repository,
            "GITHUB_REPOSITORY_OWNER": str(github["repository_owner"]),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": str(self._run.id),
            "GITHUB_RUN_NUMBER": str(self._run.number),
            "GITHUB_SHA": self._run.sha,
            "GITHUB_WORKFLOW": self._run.workflow.name,
            "GITHUB_WORKSPACE": str(self._place.workspace),
            **{f"GITHUB_{name.upper()}": value for name, value in server.items()},
            **named,
        }
