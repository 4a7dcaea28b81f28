"""When a processor counts as down: probes, heartbeats and a circuit breaker, as a pure state machine."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from capture.core.models import Processor
from capture.core.ports import Verdict

Breaker = Literal["closed", "open", "half_open"]

FAILURES_TO_OPEN = 3
OPEN_FOR = timedelta(seconds=120)
FRESH = timedelta(seconds=10)
HEARTBEAT_STALE = timedelta(minutes=12)

_COLUMNS = ("processor", "status", "breaker", "failures", "verdict", "detail")


@dataclass(frozen=True, slots=True)
class Health:
    """What is known about one processor, shared by all processes in `processor_health`."""

    processor: Processor
    status: Literal["up", "down", "unknown"] = "unknown"
    breaker: Breaker = "closed"
    failures: int = 0
    open_until: datetime | None = None
    verdict: str | None = None
    detail: str | None = None
    heartbeat_at: datetime | None = None
    last_claim_at: datetime | None = None
    probed_at: datetime | None = None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Health":
        """Read the row that the store answers."""
        times = ("open_until", "heartbeat_at", "last_claim_at", "probed_at")
        known: dict[str, Any] = {name: row[name] for name in _COLUMNS}
        known.update({name: _time(row[name]) for name in times})
        return cls(**known)


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def needs_probe(health: Health, now: datetime) -> bool:
    """Whether to ask the processor again: not while the last answer is fresh, nor while the breaker is open."""
    if health.breaker == "open" and health.open_until is not None and now < health.open_until:
        return False
    return health.probed_at is None or now - health.probed_at >= FRESH


def after(health: Health, verdict: Verdict, now: datetime) -> Health:
    """The state after a probe or a hand-over. Three failures in a row open the breaker for two minutes; then one
    trial decides: success closes it, failure opens it again at once.
    """
    if verdict.up:
        return replace(
            health, status="up", breaker="closed", failures=0, open_until=None, verdict=verdict.code,
            detail=verdict.detail, probed_at=now,
        )  # fmt: skip
    failures = health.failures + 1
    trial_failed = health.breaker == "half_open" or (health.breaker == "open" and not still_open(health, now))
    opens = trial_failed or failures >= FAILURES_TO_OPEN
    return replace(
        health, status="down", failures=failures, verdict=verdict.code, detail=verdict.detail, probed_at=now,
        breaker="open" if opens else health.breaker, open_until=now + OPEN_FOR if opens else health.open_until,
    )  # fmt: skip


def still_open(health: Health, now: datetime) -> bool:
    """Whether the breaker keeps everybody away at the moment."""
    return health.breaker == "open" and health.open_until is not None and now < health.open_until


def half_open(health: Health, now: datetime) -> Health:
    """An open breaker whose time has passed lets one trial through."""
    if health.breaker == "open" and not still_open(health, now):
        return replace(health, breaker="half_open")
    return health


def is_up(health: Health, now: datetime) -> bool:
    """Whether work handed over now would probably be taken. What was never asked counts as up: only a claim proves
    arrival, and unclaimed work is handed over again.

    A processor that beats must have beaten, or claimed something, within 12 minutes.
    """
    if still_open(health, now) or health.status == "down":
        return False
    return not heartbeat_lost(health, now)


def heartbeat_lost(health: Health, now: datetime) -> bool:
    """Whether a processor that used to beat has gone silent."""
    if health.heartbeat_at is None:
        return False
    last = max(health.heartbeat_at, health.last_claim_at or health.heartbeat_at)
    return now - last > HEARTBEAT_STALE
