"""The router: recent or small is real-time, old and large is bulk, and what is both is split. Pure and total.

`route` gives the same answer to the same question, always one: a decision with its reason, or an `InvalidInput`
that names the field. The rulings are tried in order; the first that applies decides.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from capture.core.decision import (
    PRIORITY_LOWEST,
    PROCESSOR_NAMES,
    Cut,
    Decision,
    Facts,
    Scope,
    Slice,
    Thresholds,
    job_type,
    priority,
)
from capture.core.fallback import settle
from capture.core.models import Processor
from capture.core.request import CaptureRequest, resolve

DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its facts and its resolved scope, as every ruling looks at them."""

    request: CaptureRequest
    facts: Facts
    scope: Scope
    thresholds: Thresholds
    volume: int | None
    """Items in the scope before the limit; None is unknown."""
    at_least: bool
    recent: bool
    """The whole window lies within 24 h (and the tolerance)."""
    cut: Cut | None

    @property
    def size(self) -> int | None:
        """Items that will be captured at least: the volume, or the limit where it is smaller."""
        if self.volume is None or self.request.max_items is None:
            return self.volume
        return min(self.volume, self.request.max_items)

    @property
    def at_most(self) -> int | None:
        """Items that will be captured at most; None where nothing bounds them."""
        exact = self.volume if not self.at_least else None
        bounds = [bound for bound in (exact, self.request.max_items, self.facts.total) if bound is not None]
        return min(bounds) if bounds else None


def route(request: CaptureRequest, facts: Facts, now: datetime, thresholds: Thresholds = DEFAULTS) -> Decision:
    """Decide where a request goes. `now` is the database's clock.

    Raises `InvalidInput` (ruling 1; the other mistakes are found by `parse_request`).
    """
    case = examine(request, facts, now, thresholds)
    for ruling in (_named, _nothing, _shadow, _small, _outside, _unknown, _split):
        decision = ruling(case)
        if decision is not None:
            break
    else:
        decision = _bulk(case)
    return settle(decision, request, facts, recent=case.recent)


def examine(request: CaptureRequest, facts: Facts, now: datetime, thresholds: Thresholds = DEFAULTS) -> Case:
    """Resolve the words of a request (rulings 1 and 2) and bring its facts into one form."""
    since, until = resolve(request, now)
    if request.incremental and facts.watermark is not None:
        since = facts.watermark - thresholds.watermark_overlap
    numbers = request.numbers
    volume, at_least = facts.volume, facts.at_least
    if numbers is not None:
        volume, at_least = len(numbers), False
    elif volume is not None and at_least and volume <= thresholds.run_limit:
        volume, at_least = None, False  # "at least a few" decides nothing
    cut = _cut(numbers, volume, at_least, request.max_items, facts.total)
    if numbers is not None and request.max_items is not None:
        numbers = numbers[-request.max_items :]
    recent = since is not None and since >= now - thresholds.recent - thresholds.tolerance
    scope = Scope(since, until, numbers, request.max_items if numbers is None else None)
    return Case(request, facts, scope, thresholds, volume, at_least, recent, cut)


def _cut(
    numbers: tuple[int, ...] | None, volume: int | None, at_least: bool, limit: int | None, total: int | None
) -> Cut | None:
    if limit is None:
        return None
    if volume is None or at_least:
        return Cut(limit, None) if total is None or total > limit else None
    if volume <= limit:
        return None
    return Cut(limit, volume - limit, numbers[:-limit] if numbers is not None else ())


def _decide(case: Case, ruling: int, reason: str, *slices: Slice, linked: bool = False) -> Decision:
    return Decision(ruling, reason, slices, linked=linked, cut=case.cut, notes=case.request.notes)


def _whole(case: Case, processor: Processor, reason: str) -> Slice:
    request = case.request
    return Slice(
        part="whole",
        processor=processor,
        scope=case.scope,
        priority=priority(request.trigger, processor),
        reason=reason,
        job_type=job_type(request, processor),
    )


def _items(case: Case) -> str:
    if case.volume is None:
        return "an unknown number of items"
    return f"{'at least ' if case.at_least else ''}{case.size} item{'' if case.size == 1 else 's'}"


def _named(case: Case) -> Decision | None:
    """Ruling 3: an operator names a processor."""
    processor = case.request.processor
    if processor is None:
        return None
    if case.request.mode == "shadow":
        return _pair(case, 3, processor)
    reason = f"{PROCESSOR_NAMES[processor]}, because an operator named it."
    return _decide(case, 3, reason, _whole(case, processor, reason))


def _nothing(case: Case) -> Decision | None:
    """Ruling 4: nothing changed."""
    if case.volume != 0:
        return None
    reason = "Nothing changed: there are no items in the scope."
    piece = _whole(case, "inngest", reason)
    return _decide(case, 4, reason, replace(piece, status="completed"))


def _shadow(case: Case) -> Decision | None:
    """Shadow mode: the same scope to both, and only the first writes captured rows."""
    return _pair(case, 3, "inngest") if case.request.mode == "shadow" else None


def _pair(case: Case, ruling: int, processor: Processor) -> Decision:
    other: Processor = "github_actions" if processor == "inngest" else "inngest"
    first, second = PROCESSOR_NAMES[processor], PROCESSOR_NAMES[other]
    reason = f"Shadow mode: {first} captures the scope and {second} observes the same, so that they can be compared."
    capture = _whole(case, processor, f"{first} captures the scope of a shadow run.")
    observe = _whole(case, other, f"{second} fetches the same scope and writes observations only.")
    observe = replace(observe, part="shadow", mode="shadow", overlap=True)
    return _decide(case, ruling, reason, replace(capture, overlap=True), observe, linked=True)


def _small(case: Case) -> Decision | None:
    """Ruling 5: what fits into one real-time run."""
    limit = case.thresholds.run_limit
    if case.size is not None and case.size <= limit:
        what = "numbers" if case.request.numbers is not None else "items"
        reason = f"Real-time: {case.size} {what}, and up to {limit} are one run."
    elif case.request.max_items is not None and case.request.max_items <= limit:
        reason = f"Real-time: limited to the newest {case.request.max_items} items, and up to {limit} are one run."
    else:
        return None
    return _decide(case, 5, reason, _whole(case, "inngest", reason))


def _outside(case: Case) -> Decision | None:
    """Ruling 6: outside the rollout nothing goes to GitHub Actions."""
    if case.facts.in_rollout:
        return None
    limit, run = case.thresholds.outside_limit, case.thresholds.run_limit
    reason = f"Outside the rollout: {_items(case)} in linked real-time runs of {run} at the lowest priority."
    linked_runs = replace(_whole(case, "inngest", reason), priority=PRIORITY_LOWEST)
    if case.size is None or case.size <= limit:
        # How many there are is not known to exceed the limit; where it still may, the listing finds out.
        open_end = case.at_most is None or case.at_most > limit
        return _decide(case, 6, reason, replace(linked_runs, listing_decides=open_end), linked=open_end)
    reason = (
        f"Outside the rollout: of {_items(case)} the newest {limit} in linked real-time runs; the rest is deferred."
    )
    numbers = case.scope.numbers
    newest = Scope(case.scope.since, case.scope.until, numbers and numbers[-limit:], None if numbers else limit)
    rest = replace(
        _whole(case, "github_actions", f"Deferred: what lies beyond {limit} items waits for the rollout."),
        part="rest", status="deferred", deferred_reason="outside_rollout", priority=PRIORITY_LOWEST,
    )  # fmt: skip
    return _decide(case, 6, reason, replace(linked_runs, scope=newest, reason=reason), rest)


def _unknown(case: Case) -> Decision | None:
    """Ruling 7: an unknown volume that is probably small is looked at by a real-time run."""
    total, small = case.facts.total, case.thresholds.small_repository
    if case.volume is not None:
        return None
    if case.recent:
        why = "the window lies within 24 hours"
    elif total is None:
        why = "the repository's size is unknown too"
    elif total <= small:
        why = f"the repository has {total} pull requests, and up to {small} are small"
    else:
        return None
    reason = f"Real-time: the volume is unknown and {why}; the run's own listing decides about the rest."
    return _decide(case, 7, reason, replace(_whole(case, "inngest", reason), listing_decides=True), linked=True)


def _split(case: Case) -> Decision | None:
    """Ruling 8: somebody waits, or it is recent, and it is too much for one run."""
    if case.request.trigger != "manual" and not case.recent:
        return None
    run, band = case.thresholds.run_limit, case.thresholds.overlap_items
    why = "it was asked for by hand" if case.request.trigger == "manual" else "the window lies within 24 hours"
    reason = f"Split: {_items(case)} are more than {run} and {why}: the newest {run} at once, the whole scope in bulk."
    numbers = case.scope.numbers
    if numbers is not None:
        newest_scope, overlap = Scope(None, None, numbers[-run:], None), numbers[-run:][:band]
    else:
        newest_scope = Scope(case.scope.since, case.scope.until, None, run)
        seen = case.facts.newest[:run]
        overlap = tuple(sorted(seen[-band:])) if len(seen) == run else None
    newest = replace(
        _whole(case, "inngest", f"Real-time: the newest {run} of {_items(case)}."),
        part="newest", scope=newest_scope, overlap_numbers=overlap, overlap=True,
    )  # fmt: skip
    bulk = replace(
        _whole(case, "github_actions", f"Bulk: the whole scope, without what is stored, and {band} items once more."),
        part="bulk", overlap_numbers=overlap, overlap=True,
    )  # fmt: skip
    return _decide(case, 8, reason, newest, bulk, linked=True)


def _bulk(case: Case) -> Decision:
    """Ruling 9: everything else."""
    reason = f"Bulk: {_items(case)} are more than one run of {case.thresholds.run_limit}, and nobody waits for them."
    return _decide(case, 9, reason, _whole(case, "github_actions", reason))
