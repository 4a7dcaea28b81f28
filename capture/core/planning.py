"""What a job has to list, and which lists of which items it has to fetch. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from capture.core.batching import Wanted
from capture.core.models import LISTS_OF, Dataset, Job, ListName, Row

OVERLAP = timedelta(minutes=10)
"""How far a window reaches back over the last one: an item that moved during a scan lies in the next one."""


SETTLED = timedelta(seconds=3)
"""A version that was read sooner than this after it arose may have changed again without a new time: GitHub's times
have whole seconds. It is read once more."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How to list a job's scope: everything by creation, a window by update, or single numbers."""

    kind: Literal["full", "window", "numbers"]
    since: datetime | None = None
    until: datetime | None = None
    numbers: tuple[int, ...] = ()
    limit: int | None = None

    @property
    def floor(self) -> datetime | None:
        """Listing by update stops below this."""
        return None if self.since is None else self.since - OVERLAP


def scan_of(job: Job) -> Scan:
    """The listing that a job needs. A limit keeps the newest, so it is listed by update."""
    if job.numbers is not None:
        return Scan("numbers", numbers=tuple(sorted(job.numbers, reverse=True)[: job.max_items]))
    if job.since is None and job.until is None and job.max_items is None:
        return Scan("full")
    return Scan("window", since=job.since, until=job.until, limit=job.max_items)


def edits_since(scan: Scan, watermark: datetime | None, known: bool) -> datetime | None:
    """From when on edited comments have to be looked for; None where there is nothing yet that could be edited."""
    if scan.kind == "numbers" or not known:
        return None
    begins = [moment for moment in (scan.since, watermark) if moment is not None]
    return max(begins) - OVERLAP if begins else None


def lists_of(datasets: Iterable[Dataset]) -> tuple[ListName, ...]:
    """The lists of these datasets."""
    return tuple(name for dataset in datasets for name in LISTS_OF[dataset])


def wanted(
    row: Row, lists: Sequence[ListName], *, touched: Iterable[ListName] = (), everything: bool = False,
    reason: str | None = None,
) -> Wanted | None:  # fmt: skip
    """What has to be fetched of one item of a plan, None where what is stored equals the manifest.

    `touched` names lists that are known to have changed although neither the item's time nor its counts moved.
    """
    states: Mapping[str, Row] = {state["list"]: state for state in row.get("lists") or ()}
    stored_at = moment(row.get("stored_updated_at"))
    updated_at = moment(row["updated_at"])
    fresh = bool(row.get("stored")) and stored_at is not None and updated_at is not None and stored_at >= updated_at
    need: tuple[ListName, ...] = tuple(
        name
        for name in lists
        if everything or not fresh or name in set(touched) or not current(name, states.get(name), row, updated_at)
    )
    if fresh and not need and not everything:
        return None
    counts = tuple(expected(name, row) for name in need)
    return Wanted(
        number=int(row["number"]),
        node_id=str(row["node_id"]),
        lists=need,
        counts=counts,
        updated_at=str(row["updated_at"]),
        comments_total=row.get("comments_total"),
        inline_hint=inline_hint(row),
        reason=reason,
    )


def current(name: ListName, state: Row | None, row: Row, updated_at: datetime | None) -> bool:
    """Whether a stored list needs no fetching: read to its end at this version, and GitHub counts what is stored."""
    if state is None or updated_at is None:
        return False
    read_at = moment(state["source_updated_at"])
    if read_at is None or read_at < updated_at:
        return False
    listed_at = moment(state.get("listed_at"))
    if listed_at is not None and listed_at - read_at < SETTLED:
        return False
    if state["truncated"]:
        return True  # GitHub shows no more of it, at this version
    if not state["complete"]:
        return False
    if name == "inline_comments":
        before, now = state.get("comments_total"), row.get("comments_total")
        return before is None or now is None or before == now
    count: int | None = row.get(name)
    if name == "file_changes" and count == 0:
        return True  # also GitHub's answer for too many to count
    return count is None or count == state["captured"]


def expected(name: ListName, row: Row) -> int | None:
    """How long a list is by the manifest. Without reviews there are no inline comments, which have no count."""
    if name == "inline_comments":
        return 0 if row.get("reviews") == 0 else None
    return row.get(name)


def inline_hint(row: Row) -> int | None:
    """About how many inline comments there are, by GitHub's sum of comments; good for page sizes alone."""
    total, conversation = row.get("comments_total"), row.get("conversation_comments")
    return None if total is None or conversation is None else max(0, total - conversation)


def moment(value: Any) -> datetime | None:
    """A time as the store answers it: a datetime, or text."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value))


def in_shard(number: int, shard: int | None, shards: int | None) -> bool:
    """Whether an item belongs to shard `shard` of `shards` (counted from 1); a job without shards has them all."""
    return shard is None or shards is None or number % shards == shard - 1


def watermark_after(
    scan: Scan, *, before: datetime | None, started_at: datetime, cut_at: datetime | None
) -> datetime | None:
    """The repository's watermark after a scan that was captured completely; None leaves it as it is.

    It never passes what a limit cut off, and a window moves it only where no hole would stay behind.
    """
    if scan.kind == "numbers" or cut_at is not None:
        return None
    reaches = started_at if scan.until is None else min(started_at, scan.until)
    joined = scan.kind == "full" or (before is not None and scan.since is not None and scan.since <= before)
    if not joined or (before is not None and reaches <= before):
        return None
    return reaches
