"""What to do after a bad answer: one pure policy for each class of failure, and nothing else retries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from capture.core.answers import Verdict

LONGEST_WAIT = 20.0
"""Seconds that a worker may sleep; a longer wait defers the job, because runners are paid by the minute."""

TRANSIENT_TRIES = 4
SHORT_WAITS = 5
BARE_SECONDARY_WAIT = 60.0
"""GitHub asks for a minute, growing, where a secondary limit names no time."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep so many seconds, then send the same request again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Defer:
    """Put the whole job off; no attempt is used up."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Shrink:
    """Never send this query again: ask for less."""


@dataclass(frozen=True, slots=True)
class Reauthorize:
    """Get a new token, then send the request once more."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further request helps."""


Action = Wait | Defer | Shrink | Reauthorize | GiveUp


def decide(verdict: Verdict, *, failures: int, reauthorized: bool, now: datetime, jitter: float) -> Action:
    """The action after the `failures`-th bad answer (1 is the first) to one request; `jitter` lies in [0, 1)."""
    match verdict.kind:
        case "transient":
            return GiveUp() if failures >= TRANSIENT_TRIES else Wait(transient_wait(failures, jitter))
        case "too_big":
            return Shrink()
        case "primary_limit" | "secondary_limit":
            return _limit(verdict, failures, now, jitter)
        case "unauthorized":
            return GiveUp() if reauthorized else Reauthorize()
        case _:
            return GiveUp()


def transient_wait(failures: int, jitter: float) -> float:
    """0.5, 1, 2, … seconds, each times 0.5 to 1.5, so that many workers do not come back together."""
    return 0.5 * 2 ** (failures - 1) * (0.5 + jitter)


def _limit(verdict: Verdict, failures: int, now: datetime, jitter: float) -> Action:
    seconds = limit_wait(verdict, failures, now)
    if seconds <= LONGEST_WAIT and failures <= SHORT_WAITS:
        return Wait(seconds)
    if failures > SHORT_WAITS:
        seconds = max(seconds, BARE_SECONDARY_WAIT)
    which = "rate limit" if verdict.kind == "primary_limit" else "secondary rate limit"
    # Some seconds apart, so that deferred jobs do not all return at the reset.
    return Defer(now + timedelta(seconds=seconds + 5 * jitter), f"GitHub's {which}")


def limit_wait(verdict: Verdict, failures: int, now: datetime) -> float:
    """Seconds until a limit is over: Retry-After, else the reset, else a growing minute."""
    if verdict.retry_after is not None:
        return max(0.0, verdict.retry_after)
    used_up = verdict.kind == "primary_limit" or verdict.remaining == 0
    if used_up and verdict.reset is not None:
        return max(0.0, (datetime.fromtimestamp(verdict.reset, UTC) - now).total_seconds()) + 1.0
    return BARE_SECONDARY_WAIT * 2 ** (failures - 1)
