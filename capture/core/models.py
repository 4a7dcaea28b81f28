"""The words of the design as types: jobs, manifests, chunks. Values only; no I/O, no clock."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Dataset = Literal["pull_requests", "reviews", "comments", "file_changes"]
ListName = Literal["reviews", "inline_comments", "conversation_comments", "file_changes"]
Processor = Literal["inngest", "github_actions"]
Executor = Literal["inngest", "github_actions", "local"]
Trigger = Literal["manual", "scheduled", "automatic", "repair", "bootstrap"]
Mode = Literal["normal", "shadow"]
Status = Literal["pending", "dispatched", "processing", "deferred", "completed", "failed", "cancelled"]
JobType = Literal[
    "recent-prs",
    "historical-pr-sync",
    "historical-reviews-sync",
    "historical-comments-sync",
    "bulk-file-changes",
    "reconcile",
]

DATASETS: tuple[Dataset, ...] = ("pull_requests", "reviews", "comments", "file_changes")
LISTS: tuple[ListName, ...] = ("reviews", "inline_comments", "conversation_comments", "file_changes")
LISTS_OF: dict[Dataset, tuple[ListName, ...]] = {
    "pull_requests": (),
    "reviews": ("reviews",),
    "comments": ("inline_comments", "conversation_comments"),
    "file_changes": ("file_changes",),
}
ACTIVE: frozenset[Status] = frozenset({"pending", "dispatched", "processing", "deferred"})
TERMINAL: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})

Row = dict[str, Any]


class Job(BaseModel):
    """A row of `progressive_capture_jobs`, as the database holds it; unknown columns are kept out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    job_type: JobType
    owner: str
    name: str
    repository_id: UUID | None = None
    processor_type: Processor
    executed_by: Executor | None = None
    status: Status
    mode: Mode = "normal"
    trigger: Trigger
    priority: int = 0
    time_range_days: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    numbers: tuple[int, ...] | None = None
    overlap_numbers: tuple[int, ...] | None = None
    max_items: int | None = None
    datasets: tuple[Dataset, ...] = DATASETS
    decision: dict[str, Any] | None = None
    scope_hash: str
    parent_id: UUID | None = None
    is_parent: bool = False
    retry_of: UUID | None = None
    continuation_of: UUID | None = None
    shard: int | None = None
    shards: int | None = None
    attempt: int = 0
    max_attempts: int = 4
    next_attempt_at: datetime | None = None
    handover_count: int = 0
    dispatched_at: datetime | None = None
    claim_deadline: datetime | None = None
    first_row_at: datetime | None = None
    lease_owner: str | None = None
    lease_expires_at: datetime | None = None
    heartbeat_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cursor: dict[str, Any] | None = None
    items_done: int = 0
    items_total: int | None = None
    items_incomplete: int = 0
    rows_written: int = 0
    error_code: str | None = None
    error: str | None = None
    deferred_reason: str | None = None
    workflow_run_id: int | None = None
    run_url: str | None = None
    flow_run_id: UUID | None = None
    code_version: str | None = None
    metrics: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime

    @property
    def full_name(self) -> str:
        """`owner/name`, as it was asked for."""
        return f"{self.owner}/{self.name}"


class NewJob(BaseModel):
    """A job to submit. Columns as in `progressive_capture_jobs`; `parent` is an index into the same submission."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_type: JobType
    owner: str
    name: str
    processor_type: Processor
    trigger: Trigger
    scope_hash: str
    repository_id: UUID | None = None
    status: Literal["pending", "deferred", "completed"] = "pending"
    mode: Mode = "normal"
    priority: int = 0
    time_range_days: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    numbers: tuple[int, ...] | None = None
    overlap_numbers: tuple[int, ...] | None = None
    max_items: int | None = None
    datasets: tuple[Dataset, ...] = DATASETS
    decision: dict[str, Any] | None = None
    is_parent: bool = False
    parent: int | None = None
    parent_id: UUID | None = None
    retry_of: UUID | None = None
    continuation_of: UUID | None = None
    shard: int | None = None
    shards: int | None = None
    cursor: dict[str, Any] | None = None
    next_attempt_at: datetime | None = None
    deferred_reason: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    throttle_seconds: int | None = None
    """Refuse when a job of this scope and trigger completed less than so many seconds ago; None never refuses."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of one submitted job; for `duplicate` and `throttled`, `id` is the job that stands for it."""

    id: UUID
    outcome: Literal["created", "duplicate", "throttled"]
    status: Status
    next_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker may write for, until `lease_expires_at` of the job unless it beats."""

    job: Job
    lease_token: UUID


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """One pull request as GitHub's listing counts it. A count of None was not listed, which is not zero."""

    number: int
    node_id: str
    github_id: int | None
    created_at: datetime
    updated_at: datetime
    reviews: int | None = None
    inline_comments: int | None = None
    conversation_comments: int | None = None
    file_changes: int | None = None
    comments_total: int | None = None
    """GitHub's own sum of comments. What it counts is undocumented, so it shows that something changed, no more."""

    def count(self, name: ListName) -> int | None:
        """GitHub's count of one list."""
        counts: dict[ListName, int | None] = {
            "reviews": self.reviews,
            "inline_comments": self.inline_comments,
            "conversation_comments": self.conversation_comments,
            "file_changes": self.file_changes,
        }
        return counts[name]

    def weight(self, lists: tuple[ListName, ...] = LISTS) -> int:
        """How many rows the item will bring, itself included; what is unknown counts as one."""
        counts = (self.count(name) for name in lists)
        return 1 + sum(1 if count is None else count for count in counts)


@dataclass(frozen=True, slots=True)
class ListState:
    """How far one list of one captured pull request is (a row of `pull_request_lists`)."""

    number: int
    list: ListName
    source_updated_at: datetime
    expected: int | None
    captured: int
    complete: bool
    truncated: bool
    comments_total: int | None = None


@dataclass(slots=True)
class Chunk:
    """Rows that are committed together. Each list holds dicts with exactly the columns of its table.

    Rows name their pull request by `number`, since the database knows its key. `lists` rows carry `number, list,
    source_updated_at, expected, captured, complete, truncated, listed_at`: a list that is `complete` here was read
    to its end, so stored rows of it that are absent from the chunk are marked deleted. A column that is absent from
    a row is left alone in the database.
    """

    people: list[Row] = field(default_factory=list[Row])
    pull_requests: list[Row] = field(default_factory=list[Row])
    reviews: list[Row] = field(default_factory=list[Row])
    comments: list[Row] = field(default_factory=list[Row])
    file_changes: list[Row] = field(default_factory=list[Row])
    lists: list[Row] = field(default_factory=list[Row])
    observations: list[Row] = field(default_factory=list[Row])

    def total(self) -> int:
        """Rows sent, which the database answers so that a lost argument cannot pass for success."""
        return (
            len(self.people) + len(self.pull_requests) + len(self.reviews) + len(self.comments) + len(self.file_changes)
            + len(self.lists) + len(self.observations)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What a committed chunk did, in rows of the captured tables."""

    written: int
    unchanged: int
    stale: int
    deleted: int = 0
