"""The schedule's request: every tracked repository goes on from where its last capture ended."""

from typing import Any

from prefect import flow

from capture.core.models import Trigger
from tasks.artifacts import show_rows
from tasks.requests import submit_tracked


@flow(name="route-tracked", retries=0)
async def route_tracked(
    trigger: Trigger = "scheduled", days_back: int | None = None, whole_history: bool = False
) -> list[dict[str, Any]]:
    """One request for each tracked repository; without any words each goes on from its watermark.

    Args:
        trigger: `bootstrap` fills the queue of a new installation and is not throttled.
        days_back: What changed in the last so many days; empty goes on from the watermark.
        whole_history: List everything once more, which is how deletions are found; what is stored is not fetched.
    """
    words = {"days_back": days_back, "whole_history": whole_history or None}
    rows = await submit_tracked(trigger, {name: value for name, value in words.items() if value is not None})
    await show_rows("tracked", rows or [{"repository": "none is tracked"}], "What became of each request")
    return rows
