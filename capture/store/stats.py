"""The store's part about figures: the queue, measured rates, daily usage, alerts, and the shadow report."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from capture.core.costs import Prices
from capture.core.models import Row
from capture.core.ports import Transport


class StatsMixin:
    """Reads figures, and keeps daily sums and alerts."""

    transport: Transport

    async def queue_stats(self) -> Row:
        """Jobs of both processors and in all: pending (whatever they wait for), processing, and ended within 24 h."""
        return await self.transport.call("queue_stats", {})

    async def capture_rates(self) -> tuple[dict[str, Row], datetime]:
        """By executor: `items_per_second`, `wait_seconds` (half of the jobs start sooner), `jobs`; and the clock."""
        answer = await self.transport.call("capture_rates", {})
        return answer["rates"], datetime.fromisoformat(answer["now"])

    async def roll_usage(self, day: date, prices: Prices) -> int:
        """Sum up the jobs that ended on a day (UTC) by repository and executor, in dollars too; answers the rows."""
        answer = await self.transport.call(
            "roll_usage",
            {
                "day": day.isoformat(),
                "actions_minute": 0 if prices.actions_are_free else prices.actions_minute,
                "inngest_execution": prices.inngest_execution,
            },
        )
        return answer["rows"]

    async def get_usage(self, since: date, until: date, *, repository_id: UUID | None = None) -> list[Row]:
        """Daily figures of these days, both included."""
        argument: dict[str, Any] = {"since": since.isoformat(), "until": until.isoformat()}
        argument["repository_id"] = str(repository_id) if repository_id else None
        return (await self.transport.call("get_usage", argument))["usage"]

    async def raise_alert(self, kind: str, severity: str, subject: str, message: str) -> tuple[bool, Row]:
        """Open an alert, or keep the open one of this kind and subject up to date. Answers whether it is new."""
        answer = await self.transport.call(
            "raise_alert", {"kind": kind, "severity": severity, "subject": subject, "message": message}
        )
        return answer["outcome"] == "raised", answer["alert"]

    async def resolve_alert(self, kind: str, subject: str) -> bool:
        """Close an alert; answers whether one was open."""
        answer = await self.transport.call("resolve_alert", {"kind": kind, "subject": subject})
        return answer["outcome"] == "resolved"

    async def list_alerts(self, *, only_open: bool = True, limit: int = 100) -> list[Row]:
        """Alerts, newest first."""
        return (await self.transport.call("list_alerts", {"open": only_open, "limit": limit}))["alerts"]

    async def mark_alert_notified(self, alert_id: UUID | str) -> None:
        """Somebody was told; nobody needs to be told again."""
        await self.transport.call("mark_alert_notified", {"alert_id": str(alert_id)})

    async def shadow_report(
        self, *, repository_id: UUID | str | None = None, since: datetime | None = None, limit: int = 100
    ) -> Row:
        """Both processors side by side, from completed shadow pairs; lists are cut at `limit`, counts are not."""
        argument: dict[str, Any] = {"limit": limit, "since": since.isoformat() if since else None}
        argument["repository_id"] = str(repository_id) if repository_id else None
        return await self.transport.call("shadow_report", argument)
