"""Keeping the queue moving: what was lost is handed over again, what waited goes on, what is stuck goes elsewhere."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from capture.core.decision import PRIORITY_MOVED, bulk_type, request_words
from capture.core.errors import CaptureError
from capture.core.models import Job, Processor
from capture.core.ports import Verdict
from capture.core.rollout import Rollout, eligible
from capture.core.routing_store import QueueStore
from capture.usecases.hand_over import hand_over
from capture.usecases.health import Messengers, check_health

GRACE = timedelta(seconds=15)
"""A job this young is still in the hands of whoever submitted it."""

WAITING = ["stopped", "inngest_down", "github_actions_down", "outside_rollout"]


class RunReader(Protocol):
    """Reads how a workflow run ended."""

    async def conclusion(self, job: Job) -> str | None:
        """GitHub's conclusion of the job's workflow run; None while it goes on, or where it cannot be told."""
        ...


@dataclass(slots=True)
class Tended:
    """What one round did, by job id."""

    expired: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])
    cancelled: list[str] = field(default_factory=list[str])
    unclaimed: list[str] = field(default_factory=list[str])
    due: list[str] = field(default_factory=list[str])
    released: list[str] = field(default_factory=list[str])
    moved: list[str] = field(default_factory=list[str])
    deferred: list[str] = field(default_factory=list[str])
    handed: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    verdicts: dict[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, Any]:
        """For an artifact or the command line."""
        return asdict(self)


async def tend_queue(
    store: QueueStore, messengers: Messengers, *, runs: RunReader | None = None, limit: int = 200
) -> Tended:
    """One round over the queue. It may run at any time, several times at once: a double hand-over is harmless."""
    tended = Tended()
    verdicts = await check_health(store, messengers)
    tended.verdicts = {processor: verdict.code for processor, verdict in verdicts.items()}
    if runs is not None:
        await _dead_runs(store, runs, tended)
    for what, ids in (await store.requeue_expired()).items():
        getattr(tended, what).extend(str(job_id) for job_id in ids)
    tended.released = [str(job_id) for job_id in await release(store, verdicts)]
    returned = {*tended.released, *tended.due, *tended.expired, *tended.unclaimed}
    rollout = await store.get_rollout()
    _, now = await store.get_health()
    for job in await store.due_jobs(limit=limit):
        if str(job.id) not in returned and job.handover_count == job.attempt == 0 and now - job.created_at < GRACE:
            continue
        try:
            await _send(store, messengers, job, rollout, verdicts, tended)
        except CaptureError as error:  # one job's trouble must not keep the others waiting
            tended.errors[str(job.id)] = str(error)
    return tended


async def _dead_runs(store: QueueStore, runs: RunReader, tended: Tended) -> None:
    """Runs that ended without telling the job: cancelled ones cancel it, everything else is tried again."""
    for job in await store.silent_runs():
        conclusion = await runs.conclusion(job)
        if conclusion is None:
            continue
        await store.record_run(job.id, conclusion=conclusion)
        if conclusion == "cancelled":
            await store.cancel_job(job.id)
            tended.cancelled.append(str(job.id))


async def release(store: QueueStore, verdicts: dict[Processor, Verdict]) -> list[UUID]:
    """Let go on whatever waited for a processor, a resume or the rollout, where that has come."""
    rollout = await store.get_rollout()
    freed: list[UUID] = []
    after: UUID | None = None
    while page := await store.list_waiting(WAITING, after_id=after):
        ready = [job.id for job, github_id, total in page if _may_go(job, github_id, total, rollout, verdicts)]
        freed += await store.release_waiting(ready) if ready else []
        after = page[-1][0].id
    return freed


def _may_go(
    job: Job, github_id: int | None, total: int | None, rollout: Rollout, verdicts: dict[Processor, Verdict]
) -> bool:
    up = {processor for processor, verdict in verdicts.items() if verdict.up}
    inside, _ = eligible(rollout, github_id, total)
    if job.deferred_reason == "stopped":
        return not rollout.stopped
    if job.deferred_reason == "outside_rollout":
        return inside and not rollout.stopped and "github_actions" in up
    if job.deferred_reason == "github_actions_down":
        return not rollout.stopped and "github_actions" in up
    return "inngest" in up or (movable(job) and inside and not rollout.stopped and "github_actions" in up)


def movable(job: Job) -> bool:
    """Whether real-time work may be done by GitHub Actions instead: not where an operator named Inngest, and not the
    one half of a comparison.
    """
    words = request_words(job)
    return job.mode == "normal" and words.get("processor") is None and words.get("mode", "normal") == "normal"


async def _send(
    store: QueueStore,
    messengers: Messengers,
    job: Job,
    rollout: Rollout,
    verdicts: dict[Processor, Verdict],
    tended: Tended,
) -> None:
    verdict = verdicts[job.processor_type]
    if not verdict.up:
        moved = await _move(store, job, rollout, verdicts) if job.processor_type == "inngest" else None
        if moved is None:
            if verdict.code != "not_configured":  # another process may well be able to hand it over
                await store.defer_job(job.id, None, f"{job.processor_type}_down", None)
                tended.deferred.append(str(job.id))
            return
        tended.moved.append(str(job.id))
        job = moved
    outcome = (await hand_over(store, messengers, job)).outcome
    places = {"sent": tended.handed, "unknown": tended.unknown, "refused": tended.refused, "deferred": tended.deferred}
    if outcome in places:
        places[outcome].append(str(job.id))


async def _move(store: QueueStore, job: Job, rollout: Rollout, verdicts: dict[Processor, Verdict]) -> Job | None:
    if not verdicts["github_actions"].up or rollout.stopped or not movable(job):
        return None
    repository = (await store.routing_facts(job.owner, job.name)).repository or {}
    inside, _ = eligible(rollout, repository.get("github_id"), repository.get("pull_requests_total"))
    if not inside:
        return None
    return await store.redirect_job(
        job.id, "github_actions", job_type=bulk_type(job.datasets), priority=PRIORITY_MOVED,
        reason=f"Inngest is down: {verdicts['inngest'].code}",
    )  # fmt: skip
