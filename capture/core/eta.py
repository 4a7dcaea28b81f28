"""When a job will probably be done: by its own pace once it has moved, else by what its processor managed lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from capture.core.models import TERMINAL, Executor, Job

OWN_RATE_ITEMS = 20
"""From so many items on a job's own pace says more than the average of others."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What an executor managed lately: items a second while working, and how long jobs wait before they start."""

    items_per_second: float | None = None
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A finishing time and what it rests on; no time where nothing was measured."""

    done_at: datetime | None
    basis: str


def estimate(job: Job, rates: Mapping[Executor, Rate], now: datetime) -> Estimate | None:
    """The estimate for a job, None when it has ended."""
    if job.status in TERMINAL:
        return None
    items = job.items_total if job.items_total is not None else job.max_items
    if items is None:
        return Estimate(None, "the number of items is not known yet")
    left = max(0, items - job.items_done)
    if job.status == "processing" and job.started_at is not None and job.items_done >= OWN_RATE_ITEMS:
        elapsed = (now - job.started_at).total_seconds()
        if elapsed > 0:
            return Estimate(now + timedelta(seconds=left * elapsed / job.items_done), "the job's own pace")
    rate = rates.get(job.executed_by or job.processor_type, Rate())
    if not rate.items_per_second:
        return Estimate(None, "nothing was measured yet")
    start = now if job.status == "processing" else _start(job, rate, now)
    if start is None:
        return Estimate(None, f"it waits: {job.deferred_reason or 'deferred'}")
    return Estimate(start + timedelta(seconds=left / rate.items_per_second), "the pace of the last seven days")


def _start(job: Job, rate: Rate, now: datetime) -> datetime | None:
    if job.status == "deferred" and job.next_attempt_at is None:
        return None
    usual = job.created_at + timedelta(seconds=rate.wait_seconds or 0)
    return max(now, usual, job.next_attempt_at or now)
