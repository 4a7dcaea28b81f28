"""Deciding again once a real-time run knows the volume that the decision did not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from capture.core.decision import Facts, Slice, Thresholds, request_words
from capture.core.models import Job, NewJob, Submitted
from capture.core.request import CaptureRequest, scope_hash
from capture.core.rollout import eligible
from capture.core.routing import DEFAULTS, route
from capture.core.routing_store import QueueStore
from capture.usecases.hand_over import hand_over
from capture.usecases.health import Messengers, check_health


@dataclass(frozen=True, slots=True)
class Rerouted:
    """What the running job is to do: capture the newest `limit` items (None: all of them), and who does the rest."""

    limit: int | None
    reason: str
    others: tuple[Submitted, ...] = ()
    overlap_numbers: tuple[int, ...] = ()


def listing_decides(job: Job) -> bool:
    """Whether this job's own listing has to decide about its scope."""
    return bool((job.decision or {}).get("listing_decides")) and job.continuation_of is None


async def after_listing(
    store: QueueStore,
    job: Job,
    found: int,
    newest: Sequence[int],
    *,
    messengers: Messengers | None = None,
    thresholds: Thresholds = DEFAULTS,
) -> Rerouted:
    """Route the job's request again with the volume that its listing `found`; `newest` are its numbers, newest first.

    Doing it twice finds the jobs of the first time. New jobs are handed over with `messengers`, else by the next round
    over the queue.
    """
    request = CaptureRequest.model_validate(request_words(job))
    stored = await store.routing_facts(job.owner, job.name)
    known = stored.repository or {}
    inside, _ = eligible(stored.rollout, known.get("github_id"), known.get("pull_requests_total"))
    verdicts = await check_health(store, messengers) if messengers is not None else None
    facts = Facts(
        volume=found,
        newest=tuple(newest),
        total=known.get("pull_requests_total"),
        watermark=known.get("watermark"),
        in_rollout=inside,
        stopped=stored.rollout.stopped,
        inngest_up=True,  # this very run proves it
        actions_up=verdicts["github_actions"].up if verdicts is not None else True,
    )
    decision = route(request, facts, stored.now, thresholds)
    mine = next((piece for piece in decision.slices if piece.processor == "inngest"), None)
    others = [piece for piece in decision.slices if piece.processor != "inngest"]
    jobs = [_sibling(job, request, piece, decision.of_slice(piece, request, facts)) for piece in others]
    answers = await store.submit_jobs(jobs) if jobs else []
    if messengers is not None:
        for answer in answers:
            if answer.outcome == "created" and answer.status == "pending":
                created = await store.get_job(answer.id)
                if created is not None:
                    await hand_over(store, messengers, created)
    overlap = (mine.overlap_numbers or ()) if mine is not None else ()
    limit = 0 if mine is None else mine.scope.max_items if mine.scope.numbers is None else len(mine.scope.numbers)
    return Rerouted(limit, decision.reason, tuple(answers), overlap)


def _sibling(job: Job, request: CaptureRequest, piece: Slice, decision: dict[str, object]) -> NewJob:
    """The job of a further slice, over the very window that the running job was given."""
    waits_for_rollout = piece.part == "rest"
    scope = replace(piece.scope, since=job.since, until=job.until)
    return NewJob(
        job_type=piece.job_type,
        owner=job.owner,
        name=job.name,
        repository_id=job.repository_id,
        processor_type=piece.processor,
        trigger=job.trigger,
        # What waits for the rollout must not keep the parent open, or the next request would count as its duplicate.
        parent_id=None if waits_for_rollout else job.parent_id,
        scope_hash=scope_hash(request, piece.part if waits_for_rollout else "bulk"),
        status=piece.status,
        deferred_reason=piece.deferred_reason,
        priority=piece.priority,
        time_range_days=job.time_range_days,
        since=scope.since,
        until=scope.until,
        numbers=scope.numbers,
        overlap_numbers=piece.overlap_numbers,
        max_items=scope.max_items,
        datasets=job.datasets,
        decision={**decision, "split_from": str(job.id)},
    )
