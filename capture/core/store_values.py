"""What the store answers: refusals, heartbeats, what a page or a chunk did. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

RefusalReason = Literal["not_found", "held", "terminal", "not_due", "cancelled", "parent"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A job that cannot be claimed now: why, and when it is worth asking again where that is known."""

    reason: RefusalReason
    status: str | None = None
    next_attempt_at: datetime | None = None
    lease_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """Answer to a heartbeat; not `ok` means that another worker holds the job."""

    ok: bool
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True)
class ManifestCommitted:
    """What one page of a listing changed, in manifest rows."""

    repository_id: UUID
    scan_id: UUID
    written: int
    unchanged: int
    stale: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Pruned:
    """What retention removed."""

    jobs: int
    observations: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """Whether points of a credential were set aside; if not, when to ask again."""

    granted: bool
    wait_until: datetime | None = None
