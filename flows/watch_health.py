"""Every five minutes: both processors, the queue's figures, alerts, automatic rollback, cost."""

from typing import Any

from prefect import flow

from tasks.artifacts import show_rows
from tasks.upkeep import watch_health as watch


@flow(name="watch-health", retries=0)
async def watch_health() -> dict[str, Any]:
    """One look; its findings are a table, also when there are none."""
    seen = await watch()
    processors = [
        {"subject": name, "kind": "processor", "message": verdict} for name, verdict in seen["processors"].items()
    ]
    await show_rows("health", [*processors, *seen["findings"]], seen["rolled_back"] or "Processors and findings")
    return seen
