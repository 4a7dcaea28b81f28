"""GitHub's points: the documented formula, and the interface of the shared account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol

from capture.core.models import ListName
from capture.core.store_values import Reservation

Resource = Literal["graphql", "rest"]

RESERVE = 0.2
"""Share of an hour's points that bulk work leaves alone, so that recent work always finds room."""


def points(requests: int) -> int:
    """GitHub's price of a query that takes so many requests by its formula: a hundredth, half up, at least 1."""
    return max(1, (requests + 50) // 100)


def listing_requests(first: int) -> int:
    """Requests of a manifest page: the page, and below each pull request its reviews and comments."""
    return 1 + 2 * first


def items_requests(count: int, sizes: Mapping[ListName, int]) -> int:
    """Requests of a detail query over `count` items with these page sizes; inline comments hang below reviews."""
    each = 1 + sum(1 for name in ("conversation_comments", "file_changes") if name in sizes)  # the 1 is the labels
    if "reviews" in sizes or "inline_comments" in sizes:
        each += 1
    if "inline_comments" in sizes:
        each += sizes.get("reviews", 1)
    return 1 + count * each


class Account(Protocol):
    """The account of one credential, shared by all processes that use it."""

    async def reserve_budget(self, *, credential: str, resource: Resource, points: int, bulk: bool) -> Reservation:
        """Set points aside before a request."""
        ...

    async def record_budget(
        self, *, credential: str, resource: Resource, cost: int, reserved: int, limit: int | None = None,
        remaining: int | None = None, reset_at: datetime | None = None, seconds: float = 0.0,
        blocked_until: datetime | None = None,
    ) -> object:  # fmt: skip
        """Settle a reservation with what the answer's headers say."""
        ...


class Unlimited:
    """An account that grants everything, for look-ups outside of any database."""

    async def reserve_budget(self, *, credential: str, resource: Resource, points: int, bulk: bool) -> Reservation:
        """Always granted."""
        return Reservation(granted=True)

    async def record_budget(self, **_: object) -> object:
        """Nothing to settle."""
        return None
