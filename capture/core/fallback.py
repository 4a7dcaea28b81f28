"""What health, a stop and the rollout do to a decision: slices move, merge or wait. Pure."""

from dataclasses import replace

from capture.core.decision import PRIORITY_MOVED, PROCESSOR_NAMES, Decision, DeferredReason, Facts, Slice, job_type
from capture.core.models import Processor
from capture.core.request import CaptureRequest

_DOWN: dict[Processor, DeferredReason] = {"inngest": "inngest_down", "github_actions": "github_actions_down"}


def settle(decision: Decision, request: CaptureRequest, facts: Facts, *, recent: bool) -> Decision:
    """Apply a stop and the processors' health to what the rulings decided.

    A named processor and a shadow pair wait where they are: moving them would not be what was asked for.
    """
    if request.processor is not None or request.mode == "shadow":
        return replace(decision, slices=tuple(_in_place(piece, request, facts) for piece in decision.slices))
    split = any(piece.part == "bulk" for piece in decision.slices)
    if facts.stopped and recent and facts.inngest_up and split:
        return _all_in_inngest(decision)
    if not facts.inngest_up and facts.in_rollout and facts.actions_up and not facts.stopped:
        return _all_in_actions(decision, request)
    return replace(decision, slices=tuple(_in_place(piece, request, facts) for piece in decision.slices))


def _in_place(piece: Slice, request: CaptureRequest, facts: Facts) -> Slice:
    if piece.status != "pending":
        return piece
    if piece.processor == "github_actions" and facts.stopped and not request.force:
        return _deferred(piece, "stopped", "GitHub Actions is stopped until it is resumed")
    if not facts.up(piece.processor):
        return _deferred(piece, _DOWN[piece.processor], f"{PROCESSOR_NAMES[piece.processor]} is down")
    return piece


def _deferred(piece: Slice, reason: DeferredReason, why: str) -> Slice:
    return replace(piece, status="deferred", deferred_reason=reason, reason=f"{piece.reason} Deferred: {why}.")


def _all_in_inngest(decision: Decision) -> Decision:
    """While bulk is stopped, recent work goes on in real-time runs that are linked until the scope is done."""
    newest = next(piece for piece in decision.slices if piece.part == "newest")
    bulk = next(piece for piece in decision.slices if piece.part == "bulk")
    reason = "GitHub Actions is stopped: the recent window goes on in linked real-time runs."
    whole = replace(
        newest, part="whole", scope=bulk.scope, overlap=False, overlap_numbers=None,
        reason=f"{newest.reason} {reason}",
    )  # fmt: skip
    return replace(decision, slices=(whole,), linked=False, reason=f"{decision.reason} {reason}")


def _all_in_actions(decision: Decision, request: CaptureRequest) -> Decision:
    """While Inngest is down its work goes to GitHub Actions first in line; two slices there become one."""
    if not any(piece.processor == "inngest" and piece.status == "pending" for piece in decision.slices):
        return decision
    reason = "Inngest is down: GitHub Actions takes it first in line."
    widest = next((piece for piece in decision.slices if piece.part == "bulk"), decision.slices[0])
    whole = replace(
        widest, part="whole", processor="github_actions", priority=PRIORITY_MOVED, overlap=False, overlap_numbers=None,
        listing_decides=False, job_type=job_type(request, "github_actions"), reason=f"{decision.reason} {reason}",
    )  # fmt: skip
    return replace(decision, slices=(whole,), linked=False, reason=whole.reason)
