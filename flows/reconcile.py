"""Manifest minus captured becomes repair jobs: for exactly the gaps, once each."""

from datetime import datetime
from typing import Any

from prefect import flow

from tasks.artifacts import show_rows
from tasks.quality import reconcile as compare


@flow(name="reconcile", retries=0)
async def reconcile(
    repository: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Find what is listed and not captured, and have it captured again.

    Args:
        repository: owner/name; empty for all repositories.
        since: Pull requests that changed at or after this time; empty for all.
        until: Pull requests that changed before this time; empty for all.
    """
    done = await compare(repository, since, until)
    rows = [{"figure": name, "value": ", ".join(v) if isinstance(v, list) else v} for name, v in done.items()]
    await show_rows("gaps", rows, "Gaps between GitHub's listing and the captured rows")
    return done
