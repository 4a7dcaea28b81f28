"""GitHub as the use cases see it: an interface, and the values that it answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from capture.core.errors import CaptureError
from capture.core.models import ListName, ManifestItem, Row

Node = Mapping[str, Any]
Continuation = Literal["reviews", "reviews_with_inline", "inline_comments", "conversation_comments", "file_changes"]
"""What a further page continues: inline comments below a review, everything else below a pull request."""


class TooBig(CaptureError):
    """GitHub refuses to answer a query of this size; the same query must not be sent again."""

    code = "too_big"


class BadCursor(CaptureError):
    """GitHub does not know the cursor any more; the listing starts again."""

    code = "bad_cursor"


@dataclass(slots=True)
class Usage:
    """What a piece of work cost at GitHub."""

    requests: int = 0
    points: int = 0
    seconds: float = 0.0
    """Until GitHub had answered."""
    waited: float = 0.0
    """Slept, for the budget or before another try. On a runner these are paid for."""

    def as_metrics(self) -> dict[str, float]:
        """Increments for a job's metrics."""
        return {
            "requests": self.requests,
            "points": self.points,
            "github_seconds": round(self.seconds, 3),
            "waited_seconds": round(self.waited, 3),
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a manifest listing."""

    repository: Row
    items: list[ManifestItem]
    total: int
    cursor: str | None
    has_next: bool
    missing: tuple[int, ...] = ()
    """Numbers that were asked for and are no pull requests."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Details:
    """Answer to a detail query: nodes in the order of the ids, None where GitHub has none, and why."""

    nodes: list[Node | None]
    reasons: dict[int, str] = field(default_factory=dict[int, str])
    read_at: datetime | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Further:
    """One further page to read: of a list of a pull request, or of the inline comments of a review."""

    kind: Continuation
    node_id: str
    cursor: str | None
    first: int = 100
    below: int = 30


@dataclass(frozen=True, slots=True)
class Touched:
    """Numbers of pull requests whose comments moved since some time, as the repository-wide listings tell."""

    inline: frozenset[int]
    conversation: frozenset[int]


class Source(Protocol):
    """GitHub. Raises `TooBig`, `BadCursor`, `Deferred`, `Unreadable`, `CredentialError`, `Outage`."""

    def metered(self) -> AbstractContextManager[Usage]:
        """Count what the calls within cost."""
        ...

    async def listing(
        self, owner: str, name: str, *, field: Literal["CREATED_AT", "UPDATED_AT"], after: str | None, first: int = 100
    ) -> Listing:
        """One page of pull requests: CREATED_AT ascending, UPDATED_AT descending."""
        ...

    async def numbers(self, owner: str, name: str, numbers: Sequence[int]) -> Listing:
        """Single pull requests by number."""
        ...

    async def items(self, ids: Sequence[str], lists: frozenset[ListName], sizes: Mapping[ListName, int]) -> Details:
        """Pull requests in detail, with the first page of each of these lists."""
        ...

    async def more(self, pages: Sequence[Further]) -> list[Node | None]:
        """Further pages, in order; None where the parent is gone."""
        ...

    def files(self, owner: str, name: str, number: int) -> AsyncIterator[list[Node]]:
        """Changed files by REST, page by page, at most 3,000."""
        ...

    def inline_comments(self, owner: str, name: str, number: int) -> AsyncIterator[list[Node]]:
        """Inline comments of one pull request by REST, page by page."""
        ...

    async def touched(self, owner: str, name: str, since: datetime) -> Touched:
        """Which pull requests have comments that were made or edited since then."""
        ...
