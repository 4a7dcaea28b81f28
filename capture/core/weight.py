"""How much one request may ask for: a bound that halves when GitHub refuses and grows back slowly."""

from dataclasses import dataclass, replace

SLOW_SECONDS = 7.0
"""GitHub cuts a query off at ten seconds; above this a page must not grow."""

GOOD_BEFORE_GROWTH = 3
GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Bound:
    """The largest weight to ask for at once, between `smallest` and `largest`."""

    value: int
    largest: int
    smallest: int = 1
    good: int = 0
    """Answers in a row that came in time and used most of the bound."""
    refusals: int = 0

    def refused(self, weight: int) -> "Bound":
        """After a query of this weight was refused: half of it, never more than before."""
        return replace(self, value=max(self.smallest, min(self.value, weight) // 2), good=0, refusals=self.refusals + 1)

    def answered(self, weight: int, seconds: float) -> "Bound":
        """After a query of this weight was answered: bigger after some good ones, smaller when nearly late."""
        if seconds > SLOW_SECONDS:
            return replace(self, value=max(self.smallest, min(self.value, weight) * 2 // 3), good=0)
        if weight * 2 < self.value or self.value >= self.largest:
            return self  # says nothing about the bound
        if self.good + 1 < GOOD_BEFORE_GROWTH:
            return replace(self, good=self.good + 1)
        return replace(self, value=min(self.largest, max(self.value + 1, int(self.value * GROWTH))), good=0)


LIGHT_ITEM = 12
BRISK_LISTING = 4.0


def starting_weight(item_weight: float, listing_seconds: float) -> int:
    """What to ask for at first, from a repository's activity (rows an item) and the time a listing page took.

    Sixty items of usual size in one query stay clear of GitHub's resource limits, which a hundred may meet; quiet
    pull requests go by the hundred. A listing that was slow already lets the details begin with a third.
    """
    items = 100 if item_weight <= LIGHT_ITEM else 60
    if listing_seconds > BRISK_LISTING:
        items //= 3
    return max(1, round(items * item_weight))


class Adaptive:
    """The bound of one process, shared by the chunks that are in flight."""

    def __init__(self, start: int, largest: int, smallest: int = 1) -> None:
        self.bound = Bound(value=max(smallest, min(start, largest)), largest=largest, smallest=smallest)
        self._fresh = True

    def begin(self, start: int) -> None:
        """Set where to start, unless answers have taught more already."""
        if self._fresh:
            self.bound = replace(self.bound, value=max(self.bound.smallest, min(start, self.bound.largest)))

    @property
    def value(self) -> int:
        """The weight that a request may have now."""
        return self.bound.value

    def refused(self, weight: int) -> None:
        """Note a refusal."""
        self._fresh = False
        self.bound = self.bound.refused(weight)

    def answered(self, weight: int, seconds: float) -> None:
        """Note an answer."""
        self._fresh = False
        self.bound = self.bound.answered(weight, seconds)
