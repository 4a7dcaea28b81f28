"""What work costs, from measured minutes and executions. Prices are arguments, since they change.

Sources of the defaults: GitHub's price for a 2-core Linux runner since January 2026 ($0.006 a minute, every job
rounded up to whole minutes, free for public repositories); Inngest's price for executions beyond the plan
($50 a million; a run and each of its steps are one execution each).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from capture.core.models import Executor


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per unit beyond what a plan includes."""

    actions_minute: float = 0.006
    inngest_execution: float = 50 / 1_000_000
    actions_are_free: bool = False
    """Standard runners cost nothing where the workflows live in a public repository."""


DEFAULT_PRICES = Prices()


def billed_minutes(seconds: Iterable[float]) -> int:
    """Minutes that GitHub bills for runner jobs of these durations: each one is rounded up by itself."""
    return sum(max(1, math.ceil(duration / 60)) for duration in seconds)


def dollars(
    executor: Executor, minutes: float = 0, executions: int = 0, prices: Prices = DEFAULT_PRICES
) -> float:  # fmt: skip
    """The price of work that took so many billed minutes or executions. Local work costs nothing here."""
    if executor == "github_actions":
        return 0.0 if prices.actions_are_free else minutes * prices.actions_minute
    return executions * prices.inngest_execution if executor == "inngest" else 0.0


def per_item(total: float, items: int) -> float | None:
    """Dollars for one item; None where there were none, which is not zero."""
    return total / items if items else None
