"""What a capture of a whole history will cost, from a sample of its listing: the engine's own packing, played through.

Pure. The formula for points is GitHub's documented one; times are extrapolated from the sampled listing pages.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from capture.core.batching import CHUNK_WEIGHT, LARGEST_WEIGHT, PAGE, Wanted, pack, page_sizes, shape
from capture.core.budget import RESERVE, items_requests, listing_requests, points
from capture.core.costs import DEFAULT_PRICES, Prices, billed_minutes, dollars
from capture.core.models import LISTS, ManifestItem
from capture.core.shards import shards_for
from capture.core.weight import Adaptive, starting_weight

PLAYED_ITEMS = 2_000
"""Items that are played through at most; a longer history costs the same for each further one."""

PLAN_PAGE = 500
ALIASES = 25
IN_FLIGHT = 4
DETAIL_FACTOR = 3.0
"""A detail query takes GitHub about so many times as long as a listing page."""

SERVER_SECONDS_A_MINUTE = 60.0
COMMIT_SECONDS = 0.1
FILE_PAGES = 30
REST_LIMIT = 3_000
RARE = 0.002
"""GitHub's REST lists no more files of a pull request, in pages of a hundred."""

SETUP_SECONDS = 60.0
"""Until a runner has checked out and installed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An estimate as a value, and between which bounds the truth is expected."""

    value: float
    low: float
    high: float

    def rounded(self) -> dict[str, float]:
        """For printing: whole numbers where they are large."""
        digits = 2 if self.high < 10 else None
        return {name: round(getattr(self, name), digits) for name in ("value", "low", "high")}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a capture will take."""

    items: int
    rows: Figure
    requests: Figure
    points: Figure
    minutes: Figure
    dollars: Figure
    shards: int
    sampled: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests and points of a piece of work."""

    requests: float
    points: float
    rows: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.requests + other.requests, self.points + other.points, self.rows + other.rows)

    def times(self, factor: float) -> "Cost":
        """The same for so many times as much."""
        return Cost(self.requests * factor, self.points * factor, self.rows * factor)


def estimate(
    total: int, samples: Sequence[Sequence[ManifestItem]], *, listing_seconds: float, hourly_points: int = 5_000,
    prices: Prices = DEFAULT_PRICES,
) -> Estimate:  # fmt: skip
    """Estimate a history of `total` items; each sample is a part of its listing (oldest, newest), without repetition.

    The range spans what each sample alone would say, and a margin for what no listing shows: lists that are longer
    than they were counted, pages that are refused, files that REST has to list.
    """
    merged = list({item.number: item for sample in samples for item in sample}.values())
    whole = len(merged) >= total
    costs = [cost_of(total, merged, listing_seconds)]
    if not whole:
        costs += [cost_of(total, sample, listing_seconds) for sample in samples if sample]
    margin = 0.1 if whole else 0.25
    rows, requests, paid = (
        _figure([getattr(cost, name) for cost in costs], margin) for name in ("rows", "requests", "points")
    )
    # A count of no files may also mean thousands, which REST lists by the hundred; that is rare.
    without = sum(1 for item in merged if item.file_changes == 0)
    uncounted = min(without, 1 + total * RARE)
    requests = replace(requests, high=requests.high + uncounted * FILE_PAGES)
    rows = replace(rows, high=rows.high + uncounted * REST_LIMIT)
    minutes = _minutes(requests, paid, listing_seconds, hourly_points)
    shards = shards_for(total)
    money = Figure(
        *(
            dollars(
                "github_actions", minutes=billed_minutes([(each * 60 + SETUP_SECONDS) / shards] * shards), prices=prices
            )
            for each in (minutes.value, minutes.low, minutes.high)
        )
    )
    return Estimate(total, rows, requests, paid, minutes, money, shards, len(merged))


def cost_of(total: int, sample: Sequence[ManifestItem], listing_seconds: float = 0.0) -> Cost:
    """Requests and points of capturing `total` items that are like the sample: listing, details, further pages."""
    pages = max(1, math.ceil(total / PAGE))
    listing = Cost(pages, pages * points(listing_requests(PAGE)), 0)
    if total == 0 or not sample:
        return listing
    played = min(total, PLAYED_ITEMS)
    items = [wanted_of(sample[at % len(sample)], at) for at in range(played)]
    weight = sum(item.weight for item in items) / played
    return listing + _details(items, starting_weight(weight, listing_seconds)).times(total / played)


def wanted_of(item: ManifestItem, number: int) -> Wanted:
    """An item of which nothing is stored, as the planner would want it."""
    inline = None if item.comments_total is None else max(0, item.comments_total - (item.conversation_comments or 0))
    counts = tuple(0 if name == "inline_comments" and item.reviews == 0 else item.count(name) for name in LISTS)
    return Wanted(number, item.node_id, LISTS, counts, "", inline_hint=inline)


def _details(items: Sequence[Wanted], start: int) -> Cost:
    bound = Adaptive(start=start, largest=LARGEST_WEIGHT)
    cost = Cost(0, 0, 0)
    for begin in range(0, len(items), PLAN_PAGE):
        for chunk in pack(items[begin : begin + PLAN_PAGE], weight=CHUNK_WEIGHT):
            waiting = list(chunk)
            while waiting:
                batch = pack(waiting, weight=bound.value)[0]
                numbers = {item.number for item in batch}
                waiting = [item for item in waiting if item.number not in numbers]
                bound.answered(sum(item.weight for item in batch), 1.0)
                cost += Cost(1, points(items_requests(len(batch), page_sizes(batch))), 0)
            cost += _further(chunk)
    rows = sum(1 + sum(_rows(item)) for item in items)
    return cost + Cost(0, 0, rows)


def _further(chunk: Sequence[Wanted]) -> Cost:
    """Pages beyond the first of each list: those of a chunk share queries, one page of each list a round."""
    rounds: dict[int, int] = {}
    reviews = 0
    for item in chunk:
        for name, count in zip(item.lists, item.counts, strict=True):
            if name not in shape(item) or name == "inline_comments":
                continue
            for page in range(1, math.ceil((count or 0) / PAGE)):
                rounds[page] = rounds.get(page, 0) + 1
                reviews += PAGE if name == "reviews" else 0
    queries = sum(math.ceil(lists / ALIASES) for lists in rounds.values())
    return Cost(queries, max(queries, points(reviews)) if queries else 0, 0)


def _rows(item: Wanted) -> list[int]:
    return [
        (item.inline_hint or 0) if name == "inline_comments" else (count or 0)
        for name, count in zip(item.lists, item.counts, strict=True)
    ]


def _figure(values: Sequence[float], margin: float) -> Figure:
    return Figure(values[0], min(values) * (1 - margin), max(values) * (1 + margin))


def _minutes(requests: Figure, paid: Figure, listing_seconds: float, hourly_points: int) -> Figure:
    """Server time within GitHub's limit of a minute a minute, and waits for the next hour's points."""

    def minutes(calls: float, cost: float, seconds: float) -> float:
        busy = calls * seconds
        work = max(busy / SERVER_SECONDS_A_MINUTE, busy / IN_FLIGHT / 60) + calls * COMMIT_SECONDS / 60
        hours = math.floor(cost / (hourly_points * (1 - RESERVE)))
        return max(work, hours * 60.0)

    seconds = max(0.05, listing_seconds) * DETAIL_FACTOR
    return Figure(
        minutes(requests.value, paid.value, seconds),
        minutes(requests.low, paid.low, seconds / DETAIL_FACTOR),
        minutes(requests.high, paid.high, seconds * 2),
    )
