"""A routing decision and what it is made from, as values: facts, thresholds, slices. Stored as JSON with every job."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from capture.core.models import Dataset, Job, JobType, Mode, Processor, Trigger
from capture.core.request import CaptureRequest

Part = Literal["whole", "newest", "bulk", "rest", "shadow"]
DeferredReason = Literal["stopped", "inngest_down", "github_actions_down", "outside_rollout"]

LABELS: dict[Processor, str] = {
    "inngest": "Real-time processing",
    "github_actions": "Bulk processing in background",
}
PROCESSOR_NAMES: dict[Processor, str] = {"inngest": "Inngest", "github_actions": "GitHub Actions"}

PRIORITY_MOVED = 90
PRIORITY_LOWEST = 0
_PRIORITY: dict[Trigger, int] = {"manual": 80, "repair": 60, "automatic": 50, "scheduled": 40, "bootstrap": 30}
_BULK_STEP = 20


def priority(trigger: Trigger, processor: Processor) -> int:
    """How urgent a job is (higher first): somebody who waits comes first, bulk comes after what is shown."""
    return _PRIORITY[trigger] - (_BULK_STEP if processor == "github_actions" else 0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of the rulings. All boundaries belong to the real-time side."""

    recent: timedelta = timedelta(hours=24)
    tolerance: timedelta = timedelta(minutes=10)
    watermark_overlap: timedelta = timedelta(minutes=10)
    run_limit: int = 50
    overlap_items: int = 10
    small_repository: int = 1000
    outside_limit: int = 1000
    throttle_seconds: dict[Trigger, int] = field(
        default_factory=lambda: {"manual": 300, "scheduled": 900, "automatic": 14_400, "repair": 0, "bootstrap": 0}
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a request is routed. None is unknown, which is not zero."""

    volume: int | None = None
    at_least: bool = False
    """The volume is a lower bound: the one page that was read did not reach the end of the scope."""
    newest: tuple[int, ...] = ()
    """Numbers of the newest items in the scope, newest first, as far as the page shows them."""
    total: int | None = None
    watermark: datetime | None = None
    in_rollout: bool = True
    stopped: bool = False
    inngest_up: bool = True
    actions_up: bool = True

    def up(self, processor: Processor) -> bool:
        """Whether work handed to this processor now would be taken."""
        return self.inngest_up if processor == "inngest" else self.actions_up


@dataclass(frozen=True, slots=True)
class Scope:
    """The request's words, resolved: a window, numbers, or neither for the whole history; and the limit."""

    since: datetime | None
    until: datetime | None
    numbers: tuple[int, ...] | None
    max_items: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """What a limit leaves uncovered: the oldest items beyond it. None is an unknown number of items, perhaps none."""

    limit: int
    items: int | None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One piece of work for one processor: a job to be."""

    part: Part
    processor: Processor
    scope: Scope
    priority: int
    reason: str
    job_type: JobType
    status: Literal["pending", "deferred", "completed"] = "pending"
    deferred_reason: DeferredReason | None = None
    mode: Mode = "normal"
    overlap_numbers: tuple[int, ...] | None = None
    overlap: bool = False
    """Belongs to a pair that must be seen by both processors in part, as evidence that they agree."""
    listing_decides: bool = False
    """The volume was unknown: when its own listing knows it, the job is routed again."""

    @property
    def label(self) -> str:
        """What a user reads about where the work is done."""
        return LABELS[self.processor]


@dataclass(frozen=True, slots=True)
class Decision:
    """The one answer to a request: which ruling, which slices, why, and what a limit leaves out."""

    ruling: int
    reason: str
    slices: tuple[Slice, ...]
    linked: bool = False
    """The slices are children of one parent job, which ends when all of them have; a listing may add to them."""
    cut: Cut | None = None
    notes: tuple[str, ...] = ()

    def as_json(self, facts: Facts) -> dict[str, Any]:
        """The decision for people and machines, with the facts it was made from."""
        return _plain(
            {
                "ruling": self.ruling,
                "reason": self.reason,
                "notes": list(self.notes),
                "cut": asdict(self.cut) if self.cut else None,
                "facts": asdict(facts),
                "slices": [{**asdict(piece), "label": piece.label} for piece in self.slices],
            }
        )

    def of_slice(self, piece: Slice, request: CaptureRequest, facts: Facts) -> dict[str, Any]:
        """The `decision` column of a slice's job; the request stands in it so that a listing can route again."""
        return _plain(
            {
                "ruling": self.ruling,
                "reason": piece.reason,
                "why": self.reason,
                "part": piece.part,
                "label": piece.label,
                "notes": list(self.notes),
                "cut": asdict(self.cut) if self.cut else None,
                "facts": asdict(facts),
                "overlap": piece.overlap,
                "listing_decides": piece.listing_decides,
                "observe": "shadow" if request.mode == "shadow" else "overlap" if piece.overlap else None,
                "request": request.model_dump(mode="json", exclude_none=True),
            }
        )


def request_words(job: Job) -> dict[str, Any]:
    """The request that a job was made from, as its decision keeps it; empty for jobs that were never routed."""
    words: dict[str, Any] = (job.decision or {}).get("request") or {}
    return words


def bulk_type(datasets: tuple[Dataset, ...]) -> JobType:
    """The seed's job type of bulk work, which names its workflow: one dataset has its own, several go together."""
    alone: dict[Dataset, JobType] = {
        "reviews": "historical-reviews-sync",
        "comments": "historical-comments-sync",
        "file_changes": "bulk-file-changes",
    }
    return alone.get(datasets[0], "historical-pr-sync") if len(datasets) == 1 else "historical-pr-sync"


def job_type(request: CaptureRequest, processor: Processor) -> JobType:
    """The job type of a slice of this request on this processor."""
    if processor == "github_actions":
        return bulk_type(request.datasets)
    return "reconcile" if request.trigger == "repair" else "recent-prs"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value.isoformat() if isinstance(value, datetime) else value
