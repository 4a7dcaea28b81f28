"""The whole job on this machine: servers, a capture through Prefect, the same capture again, a validation.

What takes time starts first and side by side. Everything lives in `<CAPTURE_HOME>/demo`, whatever database or account
is configured, and every demo begins with an empty database there.
"""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from capture.core.errors import CaptureError, ConfigurationError, Outage
from capture.local import warm
from capture.local.counts import Count, compare, requests_made
from capture.local.jobs_view import JobsView, JobView
from capture.local.prefect_server import prefect_settings, start_prefect, without_prefect
from capture.local.process import Child, Processes, python
from capture.local.sandbox import SandboxGitHub, github_of, start_github
from capture.store.embedded import embedded_postgres
from capture.store.guardian import take
from capture.store.migrate import migrate

FLOW = "flows.route_capture"
DETAILS = ("Items", "More")
"""The GraphQL operations that fetch pull requests with their lists; all others only list what there is."""

CONFIGURATION = ("CAPTURE_", "GITHUB_", "SUPABASE_", "DATABASE_URL", "INNGEST_")
"""Environment variables of the user's own set-up, which a demo must neither use nor touch."""


class Watcher(Protocol):
    """Who is told how it goes."""

    def begun(self, stage: str) -> None:
        """A stage has started."""
        ...

    def done(self, stage: str, detail: str) -> None:
        """A stage is over."""
        ...

    def jobs(self, jobs: list[JobView]) -> None:
        """How far the capture's jobs are; called several times a second."""
        ...

    def note(self, text: str) -> None:
        """Something that a user should know."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a demo shows in the end."""

    repository: str
    counts: list[Count]
    again: dict[str, Any]
    validation: dict[str, Any]
    report: str | None
    home: Path
    prefect_page: str
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 only if all is captured and validated and the second capture wrote nothing."""
        if not all(count.complete for count in self.counts) or self.again["rows_written"]:
            return 1
        return int(self.validation["exit_code"])

    def payload(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "home": str(self.home), "exit_code": self.exit_code}


@contextmanager
def running_demo(
    home: Path, sandbox_options: list[str], shell: Mapping[str, str], watch: Watcher
) -> Generator[Outcome, None, None]:
    """Run the demo; its servers stay up until the block ends. `home` is the folder that is the demo's alone."""
    began = time.monotonic()
    env = {name: value for name, value in without_prefect(shell).items() if not name.startswith(CONFIGURATION)}
    env |= {"CAPTURE_HOME": str(home), "DO_NOT_TRACK": "1"}
    with _alone(home), Processes(home / "logs") as processes:
        watch.begun("servers")
        server = start_prefect(processes, home, env)
        env |= prefect_settings(home, server.api_url)
        github = start_github(processes, sandbox_options, env)
        with embedded_postgres(home, say=watch.note) as dsn:
            expectations = warm.start_expectations(processes, env | {"DATABASE_URL": dsn})
            _empty(dsn)
            migrate(dsn)
            watch.done("database", "Postgres, empty and migrated")
            sandbox = github_of(github)
            watch.done("sandbox", f"a stand-in for GitHub with {sandbox.repository}")
            # On a new machine an import compiles what it imports: server and flow import the same, so one goes first.
            server.child.until(lambda: expectations.json_lines() or server.answers())
            flow = warm.start_flow(processes, FLOW, env)
            server.ready()
            watch.done("prefect", f"Prefect's server at {server.page}")
            settings = {**sandbox.settings(), "DATABASE_URL": dsn}
            watch.begun("capture")
            _capture(flow, dsn, sandbox.repository, settings, watch)
            made = requests_made(sandbox.url)
            watch.done("capture", f"captured with {made['']} requests")
            watch.begun("again")
            again = _again(processes, sandbox, env | settings, made)
            watch.done("again", _as_sentence(again))
            watch.begun("validation")
            answer = warm.validate(expectations, sandbox.repository)
            watch.done("validation", "validated with Great Expectations")
            validation = {"exit_code": answer["exit_code"], "lines": answer["lines"], **answer["payload"]}
            yield Outcome(
                sandbox.repository,
                compare(dsn, sandbox.url, sandbox.repository),
                again,
                validation,
                answer["payload"].get("report"),
                home,
                server.page,
                time.monotonic() - began,
            )


@contextmanager
def _alone(home: Path) -> Generator[None, None, None]:
    """Two demos in one folder would empty each other's database."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "demo.lock").open("w") as lock:
        if not take(lock.fileno()):
            raise ConfigurationError(f"Another demo is running in {home}; wait for it, or set CAPTURE_HOME.")
        yield


def _empty(dsn: str) -> None:
    """Begin with an empty database, whatever an earlier demo left."""
    server, _, name = dsn.rpartition("/")
    with psycopg.connect(f"{server}/template1", autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')  # type: ignore[arg-type]
        connection.execute(f'create database "{name}"')  # type: ignore[arg-type]


def _capture(flow: Child, dsn: str, repository: str, settings: Mapping[str, str], watch: Watcher) -> None:
    """Request the capture through the routing flow, which runs the jobs itself, and watch it."""
    warm.give(flow, [repository, "--execute-locally"], settings)
    view = JobsView(dsn, repository)
    try:
        while flow.poll() is None:
            watch.jobs(view.look())
            time.sleep(0.1)
        watch.jobs(view.look())
    finally:
        view.close()
    if flow.wait() != 0:
        raise _ended_badly(flow)


def _again(
    processes: Processes, sandbox: SandboxGitHub, env: Mapping[str, str], before: Mapping[str, int]
) -> dict[str, Any]:
    """The same capture once more, from the command line: what did it write, and what did it ask for?"""
    child = processes.start("again", python("capture.cli", "sync", sandbox.repository, "--all", "--json"), env=env)
    if child.wait() != 0:
        raise _ended_badly(child)
    answer = json.loads(child.out.read_bytes())
    after = requests_made(sandbox.url)
    details = sum(after.get(name, 0) - before.get(name, 0) for name in DETAILS)
    return {"rows_written": int(answer["rows"]), "requests": after[""] - before[""], "details": details}


def _as_sentence(again: dict[str, Any]) -> str:
    rows, requests, details = again["rows_written"], again["requests"], again["details"]
    return f"the same capture again: {rows} rows written, {requests} requests, {details or 'none'} for details"


def _ended_badly(child: Child) -> CaptureError:
    sentence = f"{child.name} ended with {child.poll()}: {child.last_words()} (log: {child.log})"
    error = Outage(sentence)
    error.exit_code = child.poll() or 3
    return error
