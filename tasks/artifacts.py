"""What a flow run shows on its page: the decision, progress, the link to a log, and what was captured."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    acreate_link_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)

from capture.core.models import Job

LABELS = {"inngest": "Real-time processing", "github_actions": "Bulk processing in background"}


def decision_rows(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row for each slice of a stored decision, in words for people."""
    rows: list[dict[str, str]] = []
    for part in decision.get("slices", ()):
        processor = str(part.get("processor", ""))
        rows.append(
            {
                "processor": LABELS.get(processor, processor),
                "scope": scope_words(part.get("scope") or part),
                "priority": str(part.get("priority", 0)),
                "reason": str(part.get("reason", "")),
            }
        )
    return rows


def scope_words(part: Mapping[str, Any]) -> str:
    """A scope in words: numbers, a window, or the whole history."""
    numbers = part.get("numbers")
    if numbers:
        return f"{len(numbers)} pull requests"
    since, until = part.get("since"), part.get("until")
    if since is None and until is None:
        return "the whole history"
    return f"{_moment(since) or 'the beginning'} to {_moment(until) or 'now'}"


def _moment(value: Any) -> str:
    return "" if value is None else str(value)[:16].replace("T", " ")


def job_rows(job: Job) -> list[dict[str, Any]]:
    """What a job did, as rows of a table."""
    metrics = job.metrics
    return [
        {"figure": "status", "value": job.status},
        {"figure": "items", "value": f"{job.items_done} of {job.items_total if job.items_total is not None else '?'}"},
        {"figure": "incomplete items", "value": job.items_incomplete},
        {"figure": "rows written", "value": job.rows_written},
        *({"figure": name, "value": metrics[name]} for name in sorted(metrics)),
    ]


async def show_decision(decision: Mapping[str, Any], repository: str) -> None:
    """Store a decision as a table, with its reason above it."""
    rows = decision_rows(decision)
    reason = str(decision.get("reason", ""))
    await acreate_table_artifact(table=rows or [{"reason": reason}], key="decision", description=reason or repository)


async def show_job(job: Job) -> None:
    """Store what a job did as a table."""
    await acreate_table_artifact(table=job_rows(job), key="captured", description=f"{job.full_name}: {job.job_type}")


async def show_link(url: str, text: str) -> None:
    """Store a link, for example to the log of a workflow run."""
    await acreate_link_artifact(link=url, link_text=text, key="log", description=text)


async def show_rows(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Store a table under a key (lower case and dashes)."""
    await acreate_table_artifact(table=rows, key=key, description=description)


class Progress:
    """A progress bar on the flow run's page, created at the first figure and moved only when the figure moves."""

    def __init__(self, description: str) -> None:
        """`description` says what progresses."""
        self._description = description
        self._artifact: UUID | None = None
        self._shown = -1.0

    async def show(self, done: int, total: int | None) -> None:
        """Show `done` of `total` items; an unknown or empty total shows nothing yet."""
        if not total:
            return
        percent = round(min(100.0, 100.0 * done / total), 1)
        if self._artifact is None:
            self._artifact = await acreate_progress_artifact(
                progress=percent, key="progress", description=self._description
            )
        elif percent != self._shown:
            await aupdate_progress_artifact(artifact_id=self._artifact, progress=percent)
        self._shown = percent
