"""How jobs and processors are shown, to programs and on the page alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from capture.core.decision import LABELS
from capture.core.eta import Rate, estimate
from capture.core.models import Executor, Job


def rates_from(rows: Mapping[str, Any]) -> dict[Executor, Rate]:
    """The measured rates as the database answers them."""
    wanted: tuple[Executor, ...] = ("inngest", "github_actions", "local")
    return {
        name: Rate(rows[name].get("items_per_second"), rows[name].get("wait_seconds"))
        for name in wanted
        if name in rows
    }


def progress(job: Job) -> float | None:
    """Done share between 0 and 1; None while the total is unknown."""
    if job.status == "completed":
        return 1.0
    if not job.items_total:
        return None
    return min(1.0, job.items_done / job.items_total)


def scope_text(job: Job) -> str:
    """What a job covers, in words."""
    limit = f", at most {job.max_items:,} items" if job.max_items else ""
    if job.numbers:
        shown = ", ".join(f"#{number}" for number in job.numbers[:5])
        return f"{shown} and {len(job.numbers) - 5} more" if len(job.numbers) > 5 else shown
    if job.time_range_days:
        return f"last {job.time_range_days} day{'' if job.time_range_days == 1 else 's'}{limit}"
    if job.since or job.until:
        since = f"{job.since:%Y-%m-%d %H:%M}" if job.since else "the beginning"
        return f"{since} to {f'{job.until:%Y-%m-%d %H:%M}' if job.until else 'now'}{limit}"
    return f"whole history{limit}"


def job_view(job: Job, rates: Mapping[Executor, Rate], now: datetime) -> dict[str, Any]:
    """A job for programs: its row, plus label, scope in words, progress and estimate."""
    guess = estimate(job, rates, now)
    return job.model_dump(mode="json") | {
        "repository": job.full_name,
        "label": LABELS[job.processor_type],
        "scope": scope_text(job),
        "reason": (job.decision or {}).get("reason"),
        "progress": progress(job),
        "estimated_completion": guess.done_at.isoformat() if guess and guess.done_at else None,
        "estimate_basis": guess.basis if guess else None,
    }
