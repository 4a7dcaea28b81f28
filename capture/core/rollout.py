"""Who takes part in bulk processing: percentage, whitelist, size bands, exclusion; and when to roll back. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Strategy = Literal["percentage", "whitelist", "repository_size"]

BUCKETS = 10_000

# A band takes repositories up to so many pull requests, from so many percent on. The last one has no upper end.
BANDS: tuple[tuple[float, str, int | None], ...] = (
    (10, "test", 10),
    (25, "small", 100),
    (50, "medium", 1_000),
    (75, "large", 10_000),
    (100, "enterprise", None),
)


@dataclass(frozen=True, slots=True)
class Rollout:
    """The rollout's configuration, as the database holds it in its single row."""

    percentage: float = 100
    strategy: Strategy = "percentage"
    included: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()
    stopped_at: datetime | None = None
    stop_reason: str | None = None
    auto_rollback: bool = True
    max_error_rate: float = 5
    min_jobs: int = 10
    version: int = 1

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Rollout":
        """Read the row that the store answers."""
        stopped = row["stopped_at"]
        return cls(
            percentage=float(row["percentage"]),
            strategy=row["strategy"],
            included=frozenset(row["included"]),
            excluded=frozenset(row["excluded"]),
            stopped_at=datetime.fromisoformat(stopped) if isinstance(stopped, str) else stopped,
            stop_reason=row["stop_reason"],
            auto_rollback=row["auto_rollback"],
            max_error_rate=float(row["max_error_rate"]),
            min_jobs=row["min_jobs"],
            version=row["version"],
        )

    @property
    def stopped(self) -> bool:
        """Whether every bulk slice waits until somebody resumes."""
        return self.stopped_at is not None


def bucket(github_id: int) -> int:
    """The place of a repository in the queue for the rollout, from 0 to 9,999: stable, unsigned, evenly spread."""
    digest = hashlib.sha256(str(github_id).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=False) % BUCKETS


def eligible(rollout: Rollout, github_id: int | None, total: int | None = None) -> tuple[bool, str]:
    """Whether a repository takes part, and why. A stop is not looked at here: it defers, it does not exclude.

    `github_id` is GitHub's id of the repository, None where it was never seen; `total` its number of pull requests.
    """
    if github_id is None:
        everybody = rollout.percentage >= 100 and rollout.strategy != "whitelist" and not rollout.excluded
        return everybody, "everybody takes part" if everybody else "the repository's id is not known yet"
    if github_id in rollout.excluded:
        return False, "the repository is excluded"
    if github_id in rollout.included:
        return True, "the repository is included by name"
    if rollout.strategy == "whitelist":
        return False, "only included repositories take part"
    if rollout.strategy == "repository_size":
        return _by_size(rollout.percentage, total)
    inside = bucket(github_id) < rollout.percentage * (BUCKETS / 100)
    return inside, f"{rollout.percentage:g} % of the repositories take part"


def band(total: int | None) -> str:
    """The size class of a repository; an unknown size counts as the largest, which comes last."""
    return next(name for _, name, most in BANDS if most is None or (total is not None and total <= most))


def _by_size(percentage: float, total: int | None) -> tuple[bool, str]:
    wanted = band(total)
    inside = any(name == wanted and percentage >= least for least, name, _ in BANDS)
    taking = [name for least, name, _ in BANDS if percentage >= least]
    return (
        inside,
        f"size classes that take part at {percentage:g} %: {', '.join(taking) or 'none'}; this one is {wanted}",
    )


def rollback_due(rollout: Rollout, completed: int, failed: int) -> str | None:
    """The reason to stop bulk processing by itself, from how its *executions* ended in the last 24 h; else None."""
    ended = completed + failed
    if not rollout.auto_rollback or rollout.stopped or ended <= rollout.min_jobs:
        return None
    rate = 100 * failed / ended
    if rate <= rollout.max_error_rate:
        return None
    return f"{failed} of {ended} bulk jobs failed within 24 hours: {rate:.1f} %, more than {rollout.max_error_rate:g} %"
