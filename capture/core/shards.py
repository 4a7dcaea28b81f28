"""Over how many runners a bulk job is spread. Pure."""

from dataclasses import dataclass
from uuid import UUID

ITEMS_PER_SHARD = 50_000
"""What one runner captures in about two hours, limits included; below that a second runner only costs minutes."""

MOST_SHARDS = 16
"""Shards share one credential's budget, so more of them wait for each other instead of being faster."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of a job: a job of its own, number `shard` of `shards`."""

    job_id: UUID
    shard: int
    shards: int


def shards_for(items: int | None, *, per_shard: int = ITEMS_PER_SHARD, most: int = MOST_SHARDS) -> int:
    """How many shards a job with so many items gets; an unknown number of items is one shard."""
    if items is None or items <= per_shard:
        return 1
    return min(most, -(-items // per_shard))
