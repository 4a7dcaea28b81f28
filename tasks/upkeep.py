"""Keeping the queue moving and watching it: one round of each."""

from contextlib import AsyncExitStack
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from capture.core.errors import ConfigurationError
from capture.settings import settings
from capture.usecases.minutes import count_minutes
from capture.usecases.tend import tend_queue as tend
from capture.usecases.watch import watch_health as watch
from capture.wiring import open_actions, open_messengers, open_notifier, open_store


@task(name="tend the queue", cache_policy=NO_CACHE, persist_result=False)
async def tend_queue() -> dict[str, Any]:
    """Hand over what is due, bring back what was lost; answers job ids by what was done with them."""
    configured = settings()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(configured))
        messengers = await stack.enter_async_context(open_messengers(configured))
        try:
            runs = await stack.enter_async_context(open_actions(configured))
        except ConfigurationError:
            runs = None  # no workflows are configured here, so no run can have died
        # Before anything is handed over again: a job knows only its latest run.
        billed = await count_minutes(store, runs) if runs is not None else 0
        return {**(await tend(store, messengers, runs=runs)).as_json(), "billed": billed}


@task(name="watch", cache_policy=NO_CACHE, persist_result=False)
async def watch_health() -> dict[str, Any]:
    """Probe both processors, judge the figures, open and close alerts, roll back if bulk work fails too often."""
    configured = settings()
    async with (
        open_store(configured) as store,
        open_messengers(configured) as messengers,
        open_notifier(configured) as notify,
    ):
        return (await watch(store, messengers, prices=configured.prices, notify=notify)).as_json()
