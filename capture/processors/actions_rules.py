"""What GitHub Actions' answers mean, as values: inputs to send, refusals, and the ways in which a run ends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from capture.core.errors import ConfigurationError
from capture.core.models import Job, JobType, Status

INPUTS = ("repository_id", "repository_name", "days_back", "max_items", "job_id", "flow_run_id")
"""The inputs that every workflow of ours declares; a test holds the YAML against this."""

MOST_INPUTS = 25  # GitHub's limit on a dispatch
MOST_CHARACTERS = 65_535  # of all inputs together

WORKFLOWS: dict[JobType, str] = {
    "historical-pr-sync": "historical-pr-sync",
    "historical-reviews-sync": "historical-reviews-sync",
    "historical-comments-sync": "historical-comments-sync",
    "bulk-file-changes": "bulk-file-changes",
    # These two have no workflow of their own; the job's row says what to capture.
    "recent-prs": "historical-pr-sync",
    "reconcile": "historical-pr-sync",
}

LONGEST_RUN = timedelta(minutes=340)
"""A run that GitHub cancelled after so long was cut off by its time limit; nobody asked for it."""


def workflow_file(job_type: JobType) -> str:
    """The workflow that carries out a kind of job, by its file name."""
    return f"{WORKFLOWS[job_type]}.yml"


def dispatch_inputs(job: Job, flow_run_id: UUID | None = None) -> dict[str, str]:
    """The inputs of a dispatch: only what is known, and strings only, as GitHub demands."""
    values: dict[str, Any] = {
        "repository_id": job.repository_id,
        "repository_name": job.full_name,
        "days_back": job.time_range_days,
        "max_items": job.max_items,
        "job_id": job.id,
        "flow_run_id": flow_run_id,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


class DispatchRefused(ConfigurationError):
    """GitHub refused a dispatch. `retryable`: an operator can repair it without a change of our code."""

    exit_code = 2

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


_REFUSALS: tuple[tuple[str, str, bool], ...] = (
    (r"unexpected inputs provided", "dispatch_unexpected_inputs", False),
    (r"required input .* not provided", "dispatch_missing_input", False),
    (r"provided value .* not in the list of allowed values", "dispatch_invalid_value", False),
    (r"no ref found", "dispatch_unknown_ref", True),
    (r"does not have 'workflow_dispatch' trigger", "dispatch_no_trigger", True),
    (r"disabled workflow", "dispatch_disabled", True),
)


def refusal(status: int, body: Mapping[str, Any], workflow: str) -> DispatchRefused:
    """The error for a 4xx answer to a dispatch; the sentence carries GitHub's own words and never a token."""
    said = str(body.get("message", "")) or f"HTTP {status}"
    if status == 404:
        return DispatchRefused(
            "dispatch_not_found",
            f"{workflow}: GitHub knows no such workflow, or the token may not start it",
            retryable=True,
        )
    if status in (401, 403):
        code = "dispatch_bad_credentials" if status == 401 else "dispatch_forbidden"
        return DispatchRefused(code, f"{workflow}: {said}", retryable=True)
    for pattern, code, retryable in _REFUSALS:
        if re.search(pattern, said, re.IGNORECASE):
            return DispatchRefused(code, f"{workflow}: {said}", retryable=retryable)
    return DispatchRefused("dispatch_refused", f"{workflow}: {said}", retryable=False)


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run as GitHub shows it. `conclusion` is None until it has ended."""

    id: int
    url: str
    title: str
    status: str
    conclusion: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen in this run."""
        return self.status == "completed"


def parse_run(body: Mapping[str, Any]) -> Run:
    """A run from GitHub's JSON."""
    return Run(
        id=int(body["id"]),
        url=str(body.get("html_url", "")),
        title=f"{body.get('display_title') or ''} {body.get('name') or ''}".strip(),
        status=str(body["status"]),
        conclusion=body.get("conclusion"),
        created_at=datetime.fromisoformat(body["created_at"]),
        updated_at=datetime.fromisoformat(body.get("updated_at") or body["created_at"]),
    )


Action = Literal["nothing", "cancel", "requeue"]


@dataclass(frozen=True, slots=True)
class Ending:
    """What the end of a run means for the flow run that followed it (`state`) and for the job (`action`).

    `code` is 0 for a run that did what it should, else the exit code a shell would have seen.
    """

    state: Literal["Completed", "Failed", "Cancelled", "Crashed"]
    code: int
    message: str
    action: Action = "nothing"


EXIT_CODES = {
    "success": 0, "neutral": 0, "skipped": 0, "failure": 1, "action_required": 2,
    "timed_out": 124, "stale": 125, "startup_failure": 126, "cancelled": 130,
}  # fmt: skip


def ending(run: Run, job_status: Status | None, job_error: str | None = None) -> Ending:
    """How a followed run ended. The job's row is the truth where it has one; the conclusion speaks for the rest.

    Total over every conclusion that GitHub has, and over those it may invent (they count as a failure).
    """
    conclusion = run.conclusion or "failure"
    code = EXIT_CODES.get(conclusion, 1)
    if job_status == "completed":
        return Ending("Completed", 0, "The job completed")
    if job_status == "failed":
        return Ending("Failed", code or 1, job_error or "The job failed")
    if job_status == "cancelled":
        return Ending("Cancelled", 130, "The job was cancelled")
    if job_status == "deferred" or (job_status == "pending" and code == 0):
        return Ending("Completed", 0, f"The runner is free; the job is {job_status} and will go on")
    if conclusion == "cancelled" and run.updated_at - run.created_at < LONGEST_RUN:
        return Ending("Cancelled", code, "The run was cancelled at GitHub", "cancel")
    if code == 0:
        return Ending("Crashed", 1, f"The run ended as {conclusion} without doing its job", "requeue")
    return Ending("Crashed", code, f"The run ended as {conclusion} before its job did", "requeue")
