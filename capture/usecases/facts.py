"""Gathering what a decision is made from: the database's facts, one listing page of GitHub, the processors' health."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from capture.core.decision import Facts, Thresholds
from capture.core.errors import CredentialError, Deferred, Outage, Unreadable
from capture.core.models import ManifestItem, Processor
from capture.core.ports import Verdict
from capture.core.request import CaptureRequest
from capture.core.rollout import eligible
from capture.core.routing import DEFAULTS, examine
from capture.core.routing_store import QueueStore, StoredFacts
from capture.core.source import BadCursor, Listing, Source, TooBig
from capture.usecases.health import Messengers, check_health

LISTING_SECONDS = 3.0
"""A decision does not wait longer for GitHub; the volume is then unknown."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts, when they were true, and what else the jobs will need."""

    facts: Facts
    now: datetime
    repository_id: Any
    rollout_reason: str
    verdicts: dict[Processor, Verdict]


async def gather(
    store: QueueStore,
    source: Source | None,
    request: CaptureRequest,
    *,
    messengers: Messengers | None = None,
    seconds: float = LISTING_SECONDS,
    thresholds: Thresholds = DEFAULTS,
) -> Gathered:
    """Everything `route` asks about. Without `messengers` both processors count as up: nobody will be handed anything.

    Raises `Unreadable` for a repository that cannot be read (recorded where it is known), `CredentialError`.
    """
    stored, listing, verdicts = await asyncio.gather(
        store.routing_facts(request.owner, request.name),
        _page(source, request, seconds),
        check_health(store, messengers) if messengers is not None else _nobody_asked(),
    )
    if isinstance(listing, CredentialError):
        raise listing
    if isinstance(listing, Unreadable):
        if stored.repository is not None:
            await store.set_access(repository_id=stored.repository["id"], access=listing.access, reason=str(listing))
        raise listing
    facts = _facts(stored, listing, verdicts)
    volume, at_least, newest = measure(request, facts, listing, stored.now, thresholds)
    inside, why = eligible(stored.rollout, _github_id(stored, listing), facts.total)
    facts = replace(facts, volume=volume, at_least=at_least, newest=newest, in_rollout=inside)
    repository_id = stored.repository["id"] if stored.repository else None
    return Gathered(facts, stored.now, repository_id, why, verdicts)


def measure(
    request: CaptureRequest, facts: Facts, listing: Listing | None, now: datetime, thresholds: Thresholds = DEFAULTS
) -> tuple[int | None, bool, tuple[int, ...]]:
    """Count the scope by one page, newest first: (volume or None, whether it is a lower bound, newest numbers).

    The page decides when it reaches beyond the scope's beginning, or is the last one; the whole history is counted by
    GitHub itself.
    """
    if listing is None or request.numbers is not None:
        return (len(request.numbers) if request.numbers is not None else None), False, ()
    scope = examine(request, facts, now, thresholds).scope
    if scope.since is None and scope.until is None:
        return listing.total, False, tuple(item.number for item in listing.items)
    inside = [item for item in listing.items if _within(item, scope.since, scope.until)]
    numbers = tuple(item.number for item in inside)
    oldest = listing.items[-1].updated_at if listing.items else None
    reached = not listing.has_next or (oldest is not None and scope.since is not None and oldest < scope.since)
    if reached:
        return len(inside), False, numbers
    if oldest is not None and scope.until is not None and oldest > scope.until:
        return None, False, ()  # the page ends before the window begins: nothing was seen of it
    return len(inside), True, numbers


def _within(item: ManifestItem, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or item.updated_at >= since) and (until is None or item.updated_at <= until)


async def _page(
    source: Source | None, request: CaptureRequest, seconds: float
) -> Listing | Unreadable | CredentialError | None:
    """One page of the newest items, or None where GitHub does not answer in time; that makes the volume unknown."""
    if source is None:
        return None
    try:
        async with asyncio.timeout(seconds):
            return await source.listing(request.owner, request.name, field="UPDATED_AT", after=None)
    except (Unreadable, CredentialError) as error:
        return error
    except (TimeoutError, Outage, Deferred, TooBig, BadCursor):
        return None


async def _nobody_asked() -> dict[Processor, Verdict]:
    return {"inngest": Verdict(True, "not_asked"), "github_actions": Verdict(True, "not_asked")}


def _facts(stored: StoredFacts, listing: Listing | None, verdicts: dict[Processor, Verdict]) -> Facts:
    known = stored.repository or {}
    return Facts(
        total=listing.total if listing is not None else known.get("pull_requests_total"),
        watermark=known.get("watermark"),
        stopped=stored.rollout.stopped,
        inngest_up=verdicts["inngest"].up,
        actions_up=verdicts["github_actions"].up,
    )


def _github_id(stored: StoredFacts, listing: Listing | None) -> int | None:
    if listing is not None and listing.repository.get("github_id") is not None:
        return int(listing.repository["github_id"])
    return int(stored.repository["github_id"]) if stored.repository else None
