"""A GitHub with Actions, a Prefect server and a worker of the `github-actions` pool, all as real processes."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.settings import PREFECT_API_URL, temporary_settings

from capture.local.prefect_server import PrefectServer, prefect_settings, start_prefect
from capture.local.process import Child, Processes, python
from tests.support.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
JOBS = "octo-sandbox/capture-jobs"


class ActionsSandbox(Sandbox):
    """A sandbox whose repository `JOBS` holds this project's workflows and runs them."""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One call below the repository's Actions routes; the answer as it came."""
        headers = {"authorization": f"Bearer {self.token}", **headers}
        return self.client.request(method, f"/repos/{JOBS}/actions/{path}", json=body, headers=headers)

    def change(self, **settings: Any) -> None:
        """Change what the owner has set, or how the stand-in behaves (`held`, `run_details`, `lose`, …)."""
        answer = self.call("POST", "_control", settings)
        assert answer.status_code == 200, answer.text

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first."""
        return self.call("GET", "runs?per_page=100").json()["workflow_runs"]

    def jobs(self, run_id: int) -> list[dict[str, Any]]:
        """The jobs of a run."""
        return self.call("GET", f"runs/{run_id}/jobs").json()["jobs"]

    def log(self, run_id: int) -> str:
        """What all jobs of a run have written."""
        headers = {"authorization": f"Bearer {self.token}"}
        paths = [f"/repos/{JOBS}/actions/jobs/{job['id']}/logs" for job in self.jobs(run_id)]
        return "\n".join(self.client.get(path, headers=headers, follow_redirects=True).text for path in paths)


@contextmanager
def start_actions(
    *arguments: str, pull_requests: int = 60, project: Path = ROOT, **settings: Any
) -> Generator[ActionsSandbox, None, None]:
    """Run `python -m sandbox actions`; `settings` are those of the repository that holds the workflows."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"repository": JOBS, "int_seconds": 3.0, "term_seconds": 2.0, **settings}, file)
        file.flush()
        process = subprocess.Popen(
            [
                sys.executable, "-m", "sandbox", "actions", "--project", str(project), "--settings", file.name,
                "--with-parent", "--pull-requests", str(pull_requests), *arguments,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield ActionsSandbox(json.loads(line))
        finally:
            process.terminate()
            process.wait(30)


@lru_cache(maxsize=1)
def prefect_server() -> PrefectServer:
    """One Prefect server for this test process, on SQLite; its leash ends it with us."""
    home = Path(tempfile.mkdtemp(prefix="prefect-of-tests-"))
    return start_prefect(Processes(home / "logs"), home, {"PATH": "/usr/bin:/bin", "HOME": str(home)})


def ready_server() -> PrefectServer:
    """That server once it answers, however busy the machine is."""
    server = prefect_server()
    server.child.until(server.answers, patience=400)
    return server


@lru_cache(maxsize=1)
def registered_server() -> str:
    """The address of that server once pools and deployments are on it."""
    server = ready_server()
    command = [sys.executable, "-m", "deployments.register"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asyncio.run(_look_often(server.api_url))
    return server.api_url


async def _look_often(api_url: str) -> None:
    """Let the pool's worker look at runs several times a second, so that tests do not wait for it."""
    with temporary_settings({PREFECT_API_URL: api_url}):
        async with get_client() as client:
            template = (await client.read_work_pool("github-actions")).base_job_template
            template["variables"]["properties"]["poll_seconds"]["default"] = 0.3
            await client.update_work_pool("github-actions", WorkPoolUpdate(base_job_template=template))


def environment(**more: str) -> dict[str, str]:
    """Environment of a process that speaks to the tests' Prefect server, and to nothing else that is configured."""
    server = ready_server()
    home = server.child.log.parent.parent
    plain = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "CAPTURE_HOME": str(home / "capture")}
    return {**plain, **prefect_settings(home, server.api_url), "PREFECT_WORKER_QUERY_SECONDS": "0.5", **more}


def start_worker(processes: Processes, name: str, env: dict[str, str]) -> Child:
    """A worker of the `github-actions` pool as a process of its own."""
    kind = "github-actions"
    command = python("prefect", "worker", "start", "--pool", kind, "--type", kind, "--name", name)
    return processes.start(name, command, env=env, cwd=ROOT, grace=1.0)
