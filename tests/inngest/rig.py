"""GitHub, Inngest and the product's web application, each a process that a test can kill, around one database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from capture.settings import Settings
from capture.usecases.tend import tend_queue
from capture.wiring import open_messengers, open_store
from tests.inngest.server import InngestServer, start_inngest
from tests.support.sandbox import Sandbox, start_sandbox
from tests.support.waiting import eventually

TOKEN = "a token for tests"
COMMAND = str(Path(sys.executable).parent / "capture")


class Application:
    """`capture serve` as a process. Started again, it listens on the same port."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it and wait until it says where it listens."""
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [COMMAND, "serve", "--port", port],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        assert line, f"the application ended with {self.process.wait()}"
        self.url = json.loads(line)["url"]

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self.process.kill()
        self.close()

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.close()

    def close(self) -> int:
        """Reap it."""
        code = self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def get(self, path: str) -> Any:
        """A JSON answer."""
        answer = httpx.get(f"{self.url}{path}", timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, token: str | None = TOKEN) -> httpx.Response:
        """A POST with the token (or another one, or none)."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.post(f"{self.url}{path}", json=body if body is not None else {}, headers=headers, timeout=60)


@dataclass
class Rig:
    """All of it together."""

    dsn: str
    github: Sandbox
    inngest: InngestServer
    app: Application
    environment: dict[str, str] = field(repr=False)

    @property
    def settings(self) -> Settings:
        """What the processes were told."""
        return Settings.model_validate({name.lower(): value for name, value in self.environment.items()})

    def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query; or nothing, after a change."""
        with (
            psycopg.connect(self.dsn, autocommit=True) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            cursor.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def request(self, **body: Any) -> str:
        """Ask for a capture; answers the id of the job that stands for it."""
        answer = self.app.post("/api/capture", {"repository": self.github.repository, **body})
        assert answer.status_code in (200, 202), answer.text
        return answer.json()["job_id"]

    def job(self, job_id: str) -> dict[str, Any]:
        """A job's row."""
        [row] = self.sql("select * from progressive_capture_jobs where id = %s", job_id)
        return row

    def ended(self, job_id: str, patience: float = 60) -> dict[str, Any]:
        """A job's row as soon as it has ended."""
        return eventually(
            lambda: (row := self.job(job_id)) and row["completed_at"] and row,
            patience=patience,
            what=f"end of {job_id}",
        )

    def tend(self) -> dict[str, Any]:
        """One round over the queue, in this process, as the scheduled flow does it."""

        async def once() -> dict[str, Any]:
            async with (
                open_store(self.settings) as store,
                open_messengers(self.settings, app_origin=self.app.url) as messengers,
            ):
                return (await tend_queue(store, messengers)).as_json()

        return asyncio.run(once())

    def age(self, seconds: float) -> None:
        """Let the limits of whatever has been silent for so many seconds run out now, instead of in minutes."""
        silent = "now() - make_interval(secs => %s)"
        self.sql(
            f"update progressive_capture_jobs set lease_expires_at = now() - interval '1 second' "
            f"where status = 'processing' and not is_parent and heartbeat_at < {silent}", seconds,
        )  # fmt: skip
        self.sql(
            f"update progressive_capture_jobs set claim_deadline = now() - interval '1 second' "
            f"where status = 'dispatched' and dispatched_at < {silent}", seconds,
        )  # fmt: skip
        self.sql("update progressive_capture_jobs set next_attempt_at = now() where next_attempt_at > now()")
        self.sql("update processor_health set probed_at = null, open_until = now() where open_until > now()")

    def all_end(self, patience: float = 200.0) -> list[dict[str, Any]]:
        """Tend the queue with time running faster until every job has ended; answers the jobs.

        What counts as silent grows with each round, so that on a slow machine nobody is taken for dead for ever.
        """
        silent = 1.5

        def rounds() -> list[dict[str, Any]]:
            nonlocal silent
            silent = min(15.0, silent * 1.3)
            self.age(silent)
            self.tend()
            jobs = self.sql("select * from progressive_capture_jobs order by id")
            return jobs if all(job["completed_at"] for job in jobs) else []

        return eventually(rounds, patience=patience, what="the end of all jobs")


@contextmanager
def start_rig(
    dsn: str,
    home: Path,
    *,
    github: AbstractContextManager[Sandbox] | None = None,
    inngest: Sequence[str] = (),
    more: dict[str, str] | None = None,
) -> Generator[Rig, None, None]:
    """Start the three, with a GitHub of 60 pull requests unless one is given; the application registers by itself."""
    with github or start_sandbox() as source, start_inngest(*inngest) as server:
        environment = {
            **source.settings(),
            **server.environment(),
            "DATABASE_URL": dsn,
            "CAPTURE_HOME": str(home),
            "CAPTURE_API_TOKEN": TOKEN,
            **(more or {}),
        }
        app = Application(environment)
        try:
            eventually(lambda: app.get("/healthz")["inngest_registered"], what="registration with Inngest")
            yield Rig(dsn, source, server, app, environment)
        finally:
            app.process.kill()
            app.close()
