"""The schedule's request: every tracked repository goes on from where its last capture ended."""

from typing import Any

from prefect import flow

from capture.core.models import Trigger
from tasks.artifacts import show_rows
from tasks.requests import submit_tracked


@flow(name="route-tracked", retries=0)
async def route_tracked(trigger: Trigger = "scheduled", days_back: int | None = None) -> list[dict[str, Any]]:
    """One request for each tracked repository. `bootstrap` fills the queue of a new installation and is not throttled.

    Without `days_back` each goes on from its watermark, and without a watermark it takes the whole history.
    """
    rows = await submit_tracked(trigger, {} if days_back is None else {"days_back": days_back})
    await show_rows("tracked", rows or [{"repository": "none is tracked"}], "What became of each request")
    return rows
