"""Is a processor up? Probes behind a breaker that all processes share, and the figures of hand-overs."""

import asyncio
from collections.abc import Mapping

from capture.core.errors import ConfigurationError, Outage
from capture.core.health import Health, after, half_open, heartbeat_lost, is_up, needs_probe, still_open
from capture.core.models import Processor
from capture.core.ports import Messenger, Verdict
from capture.core.routing_store import HealthStore

Messengers = Mapping[Processor, Messenger]

PROBE_SECONDS = 8.0
"""All questions of one probe together; each of them has its own, shorter limit."""


async def check_health(store: HealthStore, messengers: Messengers) -> dict[Processor, Verdict]:
    """What may be handed work now: a fresh answer is believed, an open breaker too, and everything else is asked.

    A processor that is not configured here is down for this process, and nothing is recorded about it.
    """
    known, now = await store.get_health()
    processors: tuple[Processor, ...] = ("inngest", "github_actions")
    asked = [
        _one(store, messengers.get(processor), half_open(known[processor], now), needs_probe(known[processor], now))
        for processor in processors
    ]
    states = await asyncio.gather(*asked)
    _, now = await store.get_health()
    verdicts: dict[Processor, Verdict] = {}
    for processor, state in zip(processors, states, strict=True):
        if state is None:
            verdicts[processor] = Verdict(False, "not_configured", "it is not configured")
        elif is_up(state, now):
            verdicts[processor] = Verdict(True, "ok", state.detail or "")
        elif state.status != "down" and heartbeat_lost(state, now):
            verdicts[processor] = Verdict(False, "no_heartbeat", f"silent since {state.heartbeat_at:%H:%M:%S}")
        else:
            code = "breaker_open" if still_open(state, now) else state.verdict or "down"
            verdicts[processor] = Verdict(False, code, state.detail or "")
    return verdicts


async def _one(store: HealthStore, messenger: Messenger | None, health: Health, ask: bool) -> Health | None:
    if messenger is None:
        return None
    if not ask:
        return health
    return await note(store, health, await probe(messenger))


async def probe(messenger: Messenger) -> Verdict:
    """Ask a processor; whatever keeps it from answering is a verdict too."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await messenger.probe()
    except TimeoutError:
        return Verdict(False, "no_answer", f"no answer within {PROBE_SECONDS:g} s")
    except Outage as error:
        return Verdict(False, "api_down", str(error))
    except ConfigurationError as error:
        return Verdict(False, "misconfigured", str(error))


async def note(store: HealthStore, health: Health, verdict: Verdict) -> Health:
    """Record what a probe or a hand-over showed, by the database's clock."""
    _, now = await store.get_health()
    return await store.record_health(after(half_open(health, now), verdict, now), seen_failures=health.failures)
