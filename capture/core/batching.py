"""Packing: which items are fetched and committed together, and with which page sizes. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from capture.core.models import LISTS, ListName

MAX_ITEMS = 100
"""GitHub takes no more node ids in one field (documented)."""

CHUNK_WEIGHT = 2_000
"""Rows of one commit, about 1 MB of JSON for bodies of usual length."""

START_WEIGHT = 1_200
LARGEST_WEIGHT = 4_000
"""Rows that one request may ask for at first and at most; see `weight` for what lies between."""

PAGE = 100
UNKNOWN_PAGE = 30
SMALL_PAGE = 5
"""Page sizes of a list whose length the manifest does not know, without and with a hint."""

WASTE = 60
"""Requests (a hundredth of a point each) that a batch may pay for nothing before it is closed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item to fetch: which of its lists, and how long each is expected to be (None: unknown)."""

    number: int
    node_id: str
    lists: tuple[ListName, ...]
    counts: tuple[int | None, ...]
    updated_at: str
    """The version that the manifest saw: what is not asked for, because it was empty then, is known at this version."""
    comments_total: int | None = None
    inline_hint: int | None = None
    reason: str | None = None
    """Why it is also evidence: `overlap`, `shadow` or `sample`."""

    def count(self, name: ListName) -> int | None:
        """The expected length of a wanted list."""
        return self.counts[self.lists.index(name)]

    def likely(self, name: ListName) -> int:
        """The expected length, or a guess: good enough for page sizes and weights."""
        count = self.count(name)
        if count is not None:
            return count
        return max(SMALL_PAGE, self.inline_hint) if self.inline_hint is not None else UNKNOWN_PAGE

    @property
    def weight(self) -> int:
        """Rows that the first request will bring; longer lists continue in requests of their own."""
        return 1 + sum(min(self.likely(name), PAGE) for name in self.lists)

    def to_json(self) -> list[Any]:
        """For a step's argument."""
        lists, counts = list(self.lists), list(self.counts)
        return [
            self.number,
            self.node_id,
            lists,
            counts,
            self.updated_at,
            self.comments_total,
            self.inline_hint,
            self.reason,
        ]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> "Wanted":
        """The inverse of `to_json`."""
        number, node_id, lists, counts, *rest = value
        return cls(number, node_id, tuple(lists), tuple(counts), *rest)


def shape(item: Wanted) -> frozenset[ListName]:
    """Which lists have to be asked for: those that may hold something.

    Files always, since a count of 0 may also mean that there are too many to count.
    """
    return frozenset(
        name
        for name, count in zip(item.lists, item.counts, strict=True)
        if name == "file_changes" or count is None or count > 0
    )


def pack(items: Iterable[Wanted], *, weight: int, count: int = MAX_ITEMS) -> list[list[Wanted]]:
    """Batches of items with equal shape, each within `weight` (or a single item) and `count`; nothing is lost."""
    groups: dict[frozenset[ListName], list[Wanted]] = {}
    for item in items:
        groups.setdefault(shape(item), []).append(item)
    return [batch for group in groups.values() for batch in _fill(_alike(group), weight, count)]


def page_sizes(items: Sequence[Wanted], limit: int = PAGE) -> dict[ListName, int]:
    """The exact `first` of each list over a batch of one shape: the longest list of the batch, at most a page."""
    sizes: dict[ListName, int] = {}
    for name in LISTS:
        lengths = [item.likely(name) for item in items if name in shape(item)]
        if lengths:
            sizes[name] = max(1, min(max(lengths), limit))
    return sizes


def _alike(group: list[Wanted]) -> list[Wanted]:
    # Long lists beside long lists: the page size of a batch is that of its longest list, and inline comments are paid
    # by the reviews above them.
    def key(item: Wanted) -> tuple[int, int]:
        reviews = item.count("reviews") if "reviews" in item.lists else 0
        return ((reviews or 0).bit_length(), -item.number)

    return sorted(group, key=key)


def _wasteful(batch: Sequence[Wanted]) -> bool:
    """Whether more than a point would go to inline comments below reviews that are not there."""
    if "inline_comments" not in shape(batch[0]):
        return False
    reviews = [min(PAGE, item.likely("reviews")) if "reviews" in item.lists else UNKNOWN_PAGE for item in batch]
    return len(reviews) * max(reviews) > sum(reviews) + WASTE


def _fill(items: Iterable[Wanted], weight: int, count: int) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    total = 0
    for item in items:
        if batch and (total + item.weight > weight or len(batch) >= count or _wasteful([*batch, item])):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += item.weight
    if batch:
        yield batch
