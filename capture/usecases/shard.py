"""Deciding over how many runners a bulk job is spread, and spreading it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from capture.core.errors import CaptureError
from capture.core.models import Job
from capture.core.shards import ITEMS_PER_SHARD, Shard, shards_for
from capture.core.source import Source

CLAIM_WITHIN = timedelta(minutes=30)
"""From the plan to the claim by the last shard's runner: queueing and installation."""


class ShardStore(Protocol):
    """What spreading needs of the store."""

    async def shard_job(self, job_id: UUID, shards: int, claim_deadline: datetime) -> list[Shard]:
        """Spread a job, or answer the shards that there are."""
        ...

    async def server_time(self) -> datetime:
        """The database's clock."""
        ...


@dataclass(frozen=True, slots=True)
class Spread:
    """How a job is done: by itself (`shards` is empty), or as these shards; and why, as a sentence."""

    shards: tuple[Shard, ...]
    reason: str


async def spread(store: ShardStore, source: Source, job: Job, *, per_shard: int = ITEMS_PER_SHARD) -> Spread:
    """Spread a large job over runners. One listing call at most; a job that has begun is never spread."""
    if job.is_parent:
        left = await store.shard_job(job.id, 1, await store.server_time() + CLAIM_WITHIN)
        return Spread(tuple(left), f"{len(left)} shards are left")
    if job.shards is not None:
        return Spread((), f"shard {job.shard} of {job.shards}")
    if job.numbers is not None or job.cursor is not None or job.mode != "normal":
        return Spread((), "one runner: the scope is small, or goes on from a checkpoint")
    try:
        items = await _items(source, job)
    except CaptureError as error:  # the job's own run meets it again, and writes it down where it belongs
        return Spread((), f"one runner: GitHub does not say how many items there are ({error})")
    wanted = shards_for(items, per_shard=per_shard)
    if wanted == 1:
        return Spread((), f"one runner: at most {items} items")
    made = await store.shard_job(job.id, wanted, await store.server_time() + CLAIM_WITHIN)
    return Spread(tuple(made), f"{len(made)} runners: up to {items} items")


async def _items(source: Source, job: Job) -> int:
    """An upper bound: the repository's pull requests, and what a limit leaves of them."""
    total = (await source.listing(job.owner, job.name, field="UPDATED_AT", after=None, first=1)).total
    return total if job.max_items is None else min(total, job.max_items)
