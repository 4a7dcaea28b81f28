"""Gaps and their repairs as values: what a reconciliation answered, and which requests repair it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from capture.core.models import DATASETS, Dataset, Row
from capture.core.request import CaptureRequest, parse_request

NUMBERS_A_JOB = 1000
"""More than this becomes further jobs, so that one of them does not run for hours."""

_DATASET_OF: dict[str, Dataset] = {
    "reviews": "reviews",
    "inline_comments": "comments",
    "conversation_comments": "comments",
    "file_changes": "file_changes",
}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation found: gaps in all, new, closed since, accepted, and those that nobody repairs."""

    found: int
    opened: int
    repaired: int
    accepted: int
    more: bool
    gaps: tuple[Row, ...]
    waiting: tuple[UUID, ...] = ()
    """Jobs in the queue that will repair what was found before."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair to be asked for: the request and the gaps that it is for."""

    request: CaptureRequest
    gap_ids: tuple[UUID, ...]


def repairs_of(gaps: Iterable[Row]) -> list[Repair]:
    """The repairs of these gaps: one request a repository (more where there are very many numbers), with the datasets
    that lack something. Which lists of which item are fetched is decided by the planner, from the corrected ledger.
    """
    ordered = sorted(gaps, key=lambda gap: (gap["owner"], gap["name"], -int(gap["number"])))
    repairs: list[Repair] = []
    for (owner, name), members in groupby(ordered, key=lambda gap: (str(gap["owner"]), str(gap["name"]))):
        own = list(members)
        numbers = sorted({int(gap["number"]) for gap in own}, reverse=True)
        for start in range(0, len(numbers), NUMBERS_A_JOB):
            part = set(numbers[start : start + NUMBERS_A_JOB])
            concerned = [gap for gap in own if int(gap["number"]) in part]
            request = parse_request(
                owner=owner, name=name, numbers=sorted(part), datasets=datasets_of(concerned), trigger="repair"
            )
            repairs.append(Repair(request, tuple(UUID(str(gap["id"])) for gap in concerned)))
    return repairs


def datasets_of(gaps: Iterable[Row]) -> tuple[Dataset, ...]:
    """What a repair has to ask for: everything where the pull request itself is missing or stale."""
    wanted: set[Dataset] = set()
    for gap in gaps:
        dataset = _DATASET_OF.get(str(gap["kind"]))
        if dataset is None:
            return DATASETS
        wanted.add(dataset)
    return tuple(name for name in DATASETS if name in wanted)
