"""What a use case works with: the store, GitHub, time and chance, all of them handed in."""

import random as chance
from collections.abc import Callable
from dataclasses import dataclass, field

from capture.core.batching import LARGEST_WEIGHT, PAGE, START_WEIGHT
from capture.core.decision import Thresholds
from capture.core.ledger import Ledger
from capture.core.ports import Clock, Sleep
from capture.core.source import Source
from capture.core.weight import Adaptive


def _weight() -> Adaptive:
    return Adaptive(start=START_WEIGHT, largest=LARGEST_WEIGHT)


def _page() -> Adaptive:
    return Adaptive(start=PAGE, largest=PAGE)


@dataclass(slots=True)
class Tools:
    """The tools of one process; the adaptive bounds are shared by all its chunks."""

    store: Ledger
    github: Source
    clock: Clock
    sleep: Sleep
    random: Callable[[], float] = field(default=chance.random)
    weight: Adaptive = field(default_factory=_weight)
    page: Adaptive = field(default_factory=_page)
    code_version: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
