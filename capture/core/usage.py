"""Daily figures, summed up for people. Pure."""

from collections.abc import Sequence
from typing import Any

from capture.core.costs import Prices, dollars, per_item
from capture.core.models import Row

KEYS: dict[str, str] = {"processor": "processor", "repository": "full_name", "day": "day"}
"""By what to sum up, and the column that says it."""


def summed(usage: Sequence[Row], by: str, prices: Prices) -> list[Row]:
    """Sums by processor, repository or day, priced anew; the last row is the total where there are several."""
    groups: dict[str, list[Row]] = {}
    for row in usage:
        groups.setdefault(str(row[KEYS[by]]), []).append(row)
    rows = [{by: name, **_sum(group, prices)} for name, group in groups.items()]
    return [*rows, {by: "total", **_sum(usage, prices)}] if len(rows) > 1 else rows


def _sum(rows: Sequence[Row], prices: Prices) -> dict[str, Any]:
    def total(name: str) -> float:
        return sum(float(row[name] or 0) for row in rows)

    spent = sum(dollars(row["processor"], float(row["billed_minutes"]), int(row["executions"]), prices) for row in rows)
    items = int(total("items"))
    return {
        "jobs": int(total("jobs_completed") + total("jobs_failed")),
        "failed": int(total("jobs_failed")),
        "items": items,
        "requests": int(total("requests")),
        "points": int(total("points")),
        "seconds": round(total("seconds"), 1),
        "billed_minutes": round(total("billed_minutes"), 1),
        "executions": int(total("executions")),
        "dollars": round(spent, 6),
        "per_item": per_item(spent, items),
    }
