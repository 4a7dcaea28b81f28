"""Workflow runs and their jobs as this stand-in keeps them, and as GitHub's JSON shows them."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from sandbox.actions_workflow import Workflow

NO_COMMIT = "0" * 40


def now() -> datetime:
    """GitHub's clock, in whole seconds as it shows times."""
    return datetime.now(UTC)


def moment(value: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Config:
    """What the owner of the repository has set, and how this stand-in behaves."""

    project: Path
    """The project whose workflows run and whose commit is checked out."""
    work: Path
    """Where runners have their folders."""
    repository: str = "octo-sandbox/capture-jobs"
    default_branch: str = "main"
    api_url: str = ""
    variables: dict[str, str] = field(default_factory=dict[str, str])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Environment of the runner's machine beyond what GitHub sets, for example where its network ends."""
    runners: int = 2
    held: bool = False
    """No runner takes a job: runs stay queued."""
    run_details: str = "known"
    """`known` answers a dispatch with the run's id when asked, `unknown` refuses the question (older servers)."""
    listed_after: float = 0.0
    """Seconds until a new run appears in lists."""
    int_seconds: float = 7.5
    term_seconds: float = 2.5


@dataclass(slots=True)
class StepRun:
    """One step of a job."""

    name: str
    number: int
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    def show(self) -> dict[str, Any]:
        """As GitHub shows it."""
        return {
            "name": self.name,
            "number": self.number,
            "status": self.status,
            "conclusion": self.conclusion,
            "started_at": moment(self.started_at),
            "completed_at": moment(self.completed_at),
        }


@dataclass(slots=True)
class JobRun:
    """One job of a run: what one runner does."""

    id: int
    name: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    steps: list[StepRun] = field(default_factory=list[StepRun])
    log: list[str] = field(default_factory=list[str])

    @property
    def minutes(self) -> int:
        """What is billed: whole minutes, begun ones count."""
        if self.started_at is None or self.completed_at is None:
            return 0
        return max(1, ceil((self.completed_at - self.started_at).total_seconds() / 60))

    def show(self, run: "Run", base: str) -> dict[str, Any]:
        """As GitHub shows it."""
        return {
            "id": self.id,
            "run_id": run.id,
            "run_url": f"{base}/runs/{run.id}",
            "html_url": f"{run.html_url}/job/{self.id}",
            "head_sha": run.sha,
            "status": self.status,
            "conclusion": self.conclusion,
            "created_at": moment(run.created_at),
            "started_at": moment(self.started_at),
            "completed_at": moment(self.completed_at),
            "name": self.name,
            "labels": ["ubuntu-24.04"],
            "runner_name": f"Sandbox Runner {self.id}" if self.started_at else "",
            "steps": [step.show() for step in self.steps],
        }


@dataclass(slots=True)
class Run:
    """One workflow run."""

    id: int
    number: int
    workflow: Workflow
    repository: str
    title: str
    ref: str
    sha: str
    inputs: dict[str, Any]
    html_url: str
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    status: str = "queued"
    conclusion: str | None = None
    jobs: list[JobRun] = field(default_factory=list[JobRun])
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    group: str | None = None
    task: "asyncio.Task[None] | None" = None

    def move(self, status: str, conclusion: str | None = None) -> None:
        """Change the state; the last change is what `updated_at` says."""
        self.status, self.conclusion, self.updated_at = status, conclusion, now()

    def show(self, base: str) -> dict[str, Any]:
        """As GitHub shows it."""
        url = f"{base}/runs/{self.id}"
        actor = {"login": "sandbox-user", "id": 1_001, "type": "User"}
        return {
            "id": self.id,
            "node_id": f"WFR_{self.id}",
            "name": self.workflow.name,
            "path": f".github/workflows/{self.workflow.file}@{self.ref}",
            "display_title": self.title,
            "run_number": self.number,
            "run_attempt": 1,
            "event": "workflow_dispatch",
            "status": self.status,
            "conclusion": self.conclusion,
            "workflow_id": self.workflow.id,
            "head_branch": self.ref,
            "head_sha": self.sha,
            "url": url,
            "html_url": self.html_url,
            "created_at": moment(self.created_at),
            "updated_at": moment(self.updated_at),
            "run_started_at": moment(self.started_at or self.created_at),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "cancel_url": f"{url}/cancel",
            "actor": actor,
            "triggering_actor": actor,
        }
