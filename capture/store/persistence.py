"""How long a call of the store is tried again. Every function is idempotent, which makes that safe."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from capture.core.errors import Outage

TRANSIENT_CLASSES = ("08", "53", "57P")
"""SQLSTATE classes: lost connections, no resources, server going down or coming up."""

TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "57014", "25006", "58000", "58030"})
"""Serialisation failure, deadlock, lock not available, statement timeout, read-only (a failover), system errors."""

TRANSIENT_WORDS = ("tuple concurrently updated", "tuple concurrently deleted", "could not serialize access")
"""Refusals of concurrent changes that carry the code of an internal error, or reach us without a code."""

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


class Transient(Exception):
    """One try failed in a way that another may not; `reason` is a sentence without secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for which a call is tried again: `first` until the database has answered once, then `later`."""

    first: float = 8.0
    later: float = 45.0


def is_transient(sqlstate: str | None, message: str) -> bool:
    """Whether a refusal by the database may go away by itself."""
    if sqlstate is not None and (sqlstate in TRANSIENT_STATES or sqlstate.startswith(TRANSIENT_CLASSES)):
        return True
    return any(words in message for words in TRANSIENT_WORDS)


def pause(tries: int, chance: float) -> float:
    """Seconds before the next try: doubling from 50 ms to 2 s, between half and all of it by `chance` in [0, 1)."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries, 10)) * (0.5 + chance / 2)


async def persist(
    attempt: Callable[[], Awaitable[dict[str, Any]]],
    *,
    seconds: float,
    clock: Callable[[], float],
    random: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> dict[str, Any]:
    """Try until it works, fails for good, or `seconds` are over; then raise `Outage` with the last reason."""
    deadline = clock() + seconds
    tries = 0
    while True:
        try:
            return await attempt()
        except Transient as failure:
            wait = pause(tries, random())
            if clock() + wait > deadline:
                raise Outage(f"The database does not answer ({failure.reason}).") from failure
            tries += 1
            await sleep(wait)
