"""What the queue's figures mean: findings that somebody should know about. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from capture.core.decision import PROCESSOR_NAMES
from capture.core.models import Processor, Row
from capture.core.ports import Verdict
from capture.core.rollout import Rollout

Severity = Literal["critical", "warning", "info"]

BACKLOG = 100
STARVED_AFTER = timedelta(minutes=30)
FAILING_WARNING, FAILING_CRITICAL = 0.10, 0.20
MIN_ENDED = 10
"""Fewer ended jobs than this say nothing about a rate."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; kind and subject together are its identity."""

    kind: str
    severity: Severity
    subject: str
    message: str

    KINDS: ClassVar[frozenset[str]] = frozenset(
        {"processor_down", "job_failures", "backlog", "starved", "bulk_stopped"}
    )
    """The kinds that are judged here; alerts of other kinds belong to others, who also resolve them."""

    def as_json(self) -> dict[str, str]:
        """For artifacts."""
        return asdict(self)


def judge(stats: Row, verdicts: Mapping[Processor, Verdict], rollout: Rollout, now: datetime) -> list[Finding]:
    """All findings at the moment, from `queue_stats`, the configured processors' verdicts and the rollout."""
    findings: list[Finding] = []
    for processor, verdict in verdicts.items():
        if not verdict.up:
            text = f"{PROCESSOR_NAMES[processor]} is down: {verdict.code} {verdict.detail}".rstrip()
            findings.append(Finding("processor_down", "critical", processor, text))
    for processor, name in PROCESSOR_NAMES.items():
        findings += _of_processor(processor, name, stats[processor], now)
    if rollout.stopped:
        text = f"GitHub Actions is stopped: {rollout.stop_reason or 'no reason given'}"
        findings.append(Finding("bulk_stopped", "critical", "github_actions", text))
    return findings


def _of_processor(processor: Processor, name: str, part: Row, now: datetime) -> list[Finding]:
    findings: list[Finding] = []
    ended = part["completed"] + part["failed"]
    rate = part["failed"] / ended if ended else 0.0
    if ended > MIN_ENDED and rate > FAILING_WARNING:
        severity: Severity = "critical" if rate > FAILING_CRITICAL else "warning"
        text = f"{part['failed']} of {ended} jobs of {name} failed within 24 hours ({rate:.0%})"
        findings.append(Finding("job_failures", severity, processor, text))
    if part["pending"] > BACKLOG:
        findings.append(Finding("backlog", "warning", processor, f"{part['pending']} jobs wait for {name}"))
    oldest = _time(part["oldest_pending_at"])
    if oldest is not None and now - oldest > STARVED_AFTER:
        minutes = int((now - oldest).total_seconds() // 60)
        findings.append(Finding("starved", "warning", processor, f"A job has waited {minutes} minutes for {name}"))
    return findings


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
