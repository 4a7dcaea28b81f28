"""Once a minute: what was lost is handed over again, what waited goes on, runs that died are noticed."""

from typing import Any

from prefect import flow

from tasks.artifacts import show_rows
from tasks.upkeep import tend_queue as tend


@flow(name="tend-queue", retries=0)
async def tend_queue() -> dict[str, Any]:
    """One round over the queue; an artifact only where something was done."""
    done = await tend()
    rows = [{"what": what, "jobs": ", ".join(jobs)} for what, jobs in done.items() if jobs and isinstance(jobs, list)]
    if rows:
        await show_rows("tended", rows, "What this round did, by job")
    return done
