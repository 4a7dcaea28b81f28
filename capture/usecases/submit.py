"""From a request to jobs: gather facts, decide, write decision and jobs in one transaction."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from capture.core.decision import Decision, Facts, Slice, Thresholds
from capture.core.models import Job, NewJob, Submitted
from capture.core.request import CaptureRequest, scope_hash
from capture.core.routing import route
from capture.core.routing_store import QueueStore
from capture.core.source import Source
from capture.usecases.facts import LISTING_SECONDS, Gathered, gather
from capture.usecases.hand_over import HandedOver, hand_over
from capture.usecases.health import Messengers


class Parts(Protocol):
    """What submitting needs of a host's tools."""

    @property
    def store(self) -> Any:
        """The queue of record, a `QueueStore`; a host's tools know the store under narrower interfaces too."""
        ...

    @property
    def github(self) -> Source | None:
        """GitHub, or None where nobody can be asked: the volume is then unknown."""
        ...

    @property
    def thresholds(self) -> Thresholds:
        """The numbers of the rulings."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a request: the decision, the jobs in the order of its slices, and their hand-overs."""

    request: CaptureRequest
    decision: Decision
    facts: Facts
    rollout_reason: str
    parent: Submitted | None = None
    jobs: tuple[Submitted, ...] = ()
    handed: tuple[HandedOver, ...] = ()
    dry_run: bool = False

    @property
    def outcome(self) -> str:
        """preview, created, duplicate or throttled, as for the job that stands for the request."""
        return "preview" if self.dry_run else self.head.outcome

    @property
    def head(self) -> Submitted:
        """The job that stands for the whole request: the parent, or the only slice."""
        return self.parent or self.jobs[0]

    def as_json(self) -> dict[str, Any]:
        """For people and machines; the ids are those to ask about."""
        jobs = [_answer(job) for job in (*((self.parent,) if self.parent else ()), *self.jobs)]
        return {
            "outcome": self.outcome,
            "repository": self.request.full_name,
            "decision": self.decision.as_json(self.facts),
            "rollout": self.rollout_reason,
            "job_id": None if self.dry_run else str(self.head.id),
            "next_time": self.head.next_time.isoformat() if not self.dry_run and self.head.next_time else None,
            "jobs": jobs,
        }


async def submit(
    tools: Parts,
    request: CaptureRequest,
    *,
    dry_run: bool = False,
    messengers: Messengers | None = None,
    listing_seconds: float = LISTING_SECONDS,
) -> Submission:
    """Decide about a request and, unless `dry_run`, write its jobs; with `messengers` hand them over as well.

    Asking twice answers the same jobs (duplicate), and soon after it is done the finished one (throttled). Raises
    `InvalidInput`, `Unreadable`, `CredentialError`.
    """
    store: QueueStore = tools.store
    thresholds = tools.thresholds
    gathered = await gather(
        store, tools.github, request, messengers=messengers, seconds=listing_seconds, thresholds=thresholds
    )
    decision = route(request, gathered.facts, gathered.now, thresholds)
    plain = Submission(request, decision, gathered.facts, gathered.rollout_reason, dry_run=True)
    if dry_run:
        return plain
    parent, jobs = await _write(store, request, decision, gathered, thresholds)
    handed: list[HandedOver] = []
    if messengers is not None:
        handed = [await hand_over(store, messengers, job) for job in await _created(store, jobs)]
    return Submission(request, decision, gathered.facts, gathered.rollout_reason, parent, tuple(jobs), tuple(handed))


async def _created(store: QueueStore, jobs: list[Submitted]) -> list[Job]:
    wanted = [job.id for job in jobs if job.outcome == "created" and job.status == "pending"]
    found = [await store.get_job(job_id) for job_id in wanted]
    return [job for job in found if job is not None]


async def _write(
    store: QueueStore, request: CaptureRequest, decision: Decision, gathered: Gathered, thresholds: Thresholds
) -> tuple[Submitted | None, list[Submitted]]:
    throttle = thresholds.throttle_seconds[request.trigger] or None
    made = [_job(request, decision, piece, gathered) for piece in decision.slices]
    if not decision.linked:
        made[0] = made[0].model_copy(update={"throttle_seconds": throttle})
        return None, await store.submit_jobs(made)
    first = made[0]
    parent = first.model_copy(
        update={
            "is_parent": True,
            "scope_hash": scope_hash(request),
            "throttle_seconds": throttle,
            "status": "pending",
            "deferred_reason": None,
            "mode": "normal",
            "since": made[-1].since,
            "until": made[-1].until,
            "numbers": made[-1].numbers,
            "overlap_numbers": None,
            "max_items": request.max_items,
            "decision": decision.as_json(gathered.facts),
        }
    )
    children = [job.model_copy(update={"parent": 0}) for job in made]
    answers = await store.submit_jobs([parent, *children])
    return answers[0], answers[1:]


def _job(request: CaptureRequest, decision: Decision, piece: Slice, gathered: Gathered) -> NewJob:
    linked_part = {"whole": "capture"} if decision.linked else {}
    return NewJob(
        job_type=piece.job_type,
        owner=request.owner,
        name=request.name,
        repository_id=UUID(str(gathered.repository_id)) if gathered.repository_id else None,
        processor_type=piece.processor,
        trigger=request.trigger,
        scope_hash=scope_hash(request, linked_part.get(piece.part, piece.part)),
        status=piece.status,
        deferred_reason=piece.deferred_reason,
        mode=piece.mode,
        priority=piece.priority,
        time_range_days=request.days_back,
        since=piece.scope.since,
        until=piece.scope.until,
        numbers=piece.scope.numbers,
        overlap_numbers=piece.overlap_numbers,
        max_items=piece.scope.max_items,
        datasets=request.datasets,
        decision=decision.of_slice(piece, request, gathered.facts),
    )


def _answer(job: Submitted) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "outcome": job.outcome,
        "status": job.status,
        "next_time": job.next_time.isoformat() if job.next_time else None,
    }
