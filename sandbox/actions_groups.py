"""Concurrency groups: one run at a time, one waiting, and what a newer one does to them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.actions_expressions import as_text
from sandbox.actions_state import Run
from sandbox.actions_template import fill

MOST_WAITING = 100  # with `queue: max`


def enter(run: Run, others: Iterable[Run], contexts: Mapping[str, Any]) -> None:
    """Put a new run into its workflow's group; without one nothing happens.

    The run that waits there already is cancelled for the new one, unless the group keeps a queue; the one that is at
    work is cancelled only with `cancel-in-progress`. Names of groups compare without case.
    """
    wanted = run.workflow.body.get("concurrency")
    if wanted is None:
        return
    options = wanted if isinstance(wanted, dict) else {"group": wanted}
    run.group = as_text(fill(options["group"], contexts)).lower()
    before = [
        other for other in others if other.group == run.group and other.status != "completed" and other is not run
    ]
    if options.get("cancel-in-progress") is True:
        for other in before:
            other.cancelled.set()
        return
    waiting = [other for other in before if other.status == "queued" and any(o.id < other.id for o in before)]
    kept = MOST_WAITING - 1 if options.get("queue") == "max" else 0
    for other in waiting[: len(waiting) - kept] if len(waiting) > kept else []:
        other.cancelled.set()


async def turn(run: Run, others: Mapping[int, Run]) -> None:
    """Wait until no earlier run of the group is left, or until this one is cancelled."""
    while run.group is not None and not run.cancelled.is_set():
        earlier = [o for o in others.values() if o.group == run.group and o.id < run.id and o.status != "completed"]
        if not earlier:
            return
        await asyncio.sleep(0.02)
