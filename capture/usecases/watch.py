"""Watching: figures into alerts, failed executions into a rollback, ended jobs into daily sums."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from capture.core.costs import DEFAULT_PRICES, Prices
from capture.core.errors import CaptureError
from capture.core.figures import Finding, judge
from capture.core.models import Processor, Row
from capture.core.ports import Verdict
from capture.core.rollout import rollback_due
from capture.core.routing_store import WatchStore
from capture.usecases.health import Messengers, check_health

Notify = Callable[[Row], Awaitable[None]]


@dataclass(slots=True)
class Watched:
    """What one look found and did."""

    stats: Row
    verdicts: dict[str, str]
    findings: list[Finding]
    raised: list[str] = field(default_factory=list[str])
    resolved: list[str] = field(default_factory=list[str])
    rolled_back: str | None = None
    usage_rows: int = 0
    notify_error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For an artifact or the command line."""
        return {
            "stats": self.stats,
            "processors": self.verdicts,
            "findings": [finding.as_json() for finding in self.findings],
            "raised": self.raised,
            "resolved": self.resolved,
            "rolled_back": self.rolled_back,
            "usage_rows": self.usage_rows,
            "notify_error": self.notify_error,
        }


async def watch_health(
    store: WatchStore, messengers: Messengers, *, prices: Prices = DEFAULT_PRICES, notify: Notify | None = None
) -> Watched:
    """Look once: probe, roll back if bulk executions fail too often, open and close alerts, sum up two days of usage.

    `notify` is called once for each new alert; that it fails is reported and tried again next time.
    """
    verdicts = await check_health(store, messengers)
    rolled_back = await roll_back_if_due(store)
    stats = await store.queue_stats()
    rollout = await store.get_rollout()
    _, now = await store.get_health()
    configured: dict[Processor, Verdict] = {
        name: verdict for name, verdict in verdicts.items() if verdict.code != "not_configured"
    }
    findings = judge(stats, configured, rollout, now)
    watched = Watched(stats, {name: verdict.code for name, verdict in verdicts.items()}, findings)
    watched.rolled_back = rolled_back
    await _alerts(store, findings, watched, notify)
    for day in (now - timedelta(days=1), now):
        watched.usage_rows += await store.roll_usage(day.date(), prices)
    return watched


async def roll_back_if_due(store: WatchStore) -> str | None:
    """Stop bulk processing by itself when executions fail too often; answers the reason the moment it happens."""
    completed, failed = await store.execution_results()
    reason = rollback_due(await store.get_rollout(), completed, failed)
    if reason is None:
        return None
    changed, _ = await store.change_rollout("rollback", reason=reason, actor="watch_health")
    return reason if changed else None


async def _alerts(store: WatchStore, findings: list[Finding], watched: Watched, notify: Notify | None) -> None:
    for finding in findings:
        new, _ = await store.raise_alert(finding.kind, finding.severity, finding.subject, finding.message)
        if new:
            watched.raised.append(f"{finding.kind} {finding.subject}")
    present = {(finding.kind, finding.subject) for finding in findings}
    for alert in await store.list_alerts():
        if alert["kind"] in Finding.KINDS and (alert["kind"], alert["subject"]) not in present:
            await store.resolve_alert(alert["kind"], alert["subject"])
            watched.resolved.append(f"{alert['kind']} {alert['subject']}")
        elif alert["notified_at"] is None and notify is not None:
            try:
                await notify(alert)
            except CaptureError as error:
                watched.notify_error = str(error)
            else:
                await store.mark_alert_notified(alert["id"])
