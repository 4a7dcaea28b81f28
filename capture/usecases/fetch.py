"""Fetching the items of a chunk: detail queries sized to what GitHub will answer, then whatever pages are left."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from capture.core.batching import Wanted, pack, page_sizes, shape
from capture.core.models import ListName
from capture.core.source import Details, Further, TooBig
from capture.usecases.by_rest import Target, files_by_rest, inline_by_rest
from capture.usecases.gathered import Gathered
from capture.usecases.tools import Tools

MOST_ALIASES = 25
SMALLER_PAGES = (30, 10, 3, 1)
"""Page sizes to try for a single item that is too big."""


async def fetch(tools: Tools, target: Target, items: Sequence[Wanted]) -> list[Gathered]:
    """Read items with all their wanted lists. What could not be read whole says so; nothing is left out silently.

    Items of which a list came out shorter than GitHub counts are read once more, because it may have changed meanwhile.
    """
    gathered = await _once(tools, target, items)
    again = [found.item for found in gathered if found.node is not None and found.incomplete()]
    if again:
        second = {found.item.number: found for found in await _once(tools, target, again)}
        gathered = [second.get(found.item.number, found) for found in gathered]
    return gathered


async def _once(tools: Tools, target: Target, items: Sequence[Wanted]) -> list[Gathered]:
    gathered: list[Gathered] = []
    pending: deque[tuple[Gathered, Further]] = deque()
    waiting = list(items)
    bound = tools.weight.value
    while waiting:
        # The process's bound may grow back meanwhile; what was refused here must not be sent again all the same.
        batch = pack(waiting, weight=min(bound, tools.weight.value))[0]
        weight = sum(item.weight for item in batch)
        wanted = shape(batch[0])
        try:
            details = await tools.github.items([item.node_id for item in batch], wanted, page_sizes(batch))
        except TooBig as error:
            tools.weight.refused(weight)
            bound = min(bound, max(1, weight // 2))
            if len(batch) == 1:
                gathered.append(await _alone(tools, batch[0], error, pending))
                waiting = _without(waiting, batch)
            continue
        tools.weight.answered(weight, details.seconds)
        bound = max(bound, tools.weight.value) if len(batch) > 1 else bound
        gathered += _started(tools, batch, wanted, details, pending)
        waiting = _without(waiting, batch)
    await _drain(tools, pending)
    for found in gathered:
        await files_by_rest(tools.github, target, found)
        await inline_by_rest(tools.github, target, found)
    return gathered


def _without(waiting: list[Wanted], batch: Sequence[Wanted]) -> list[Wanted]:
    numbers = {item.number for item in batch}
    return [item for item in waiting if item.number not in numbers]


def _started(
    tools: Tools, batch: Sequence[Wanted], wanted: Iterable[ListName], details: Details,
    pending: deque[tuple[Gathered, Further]],
) -> list[Gathered]:  # fmt: skip
    found: list[Gathered] = []
    for index, (item, node) in enumerate(zip(batch, details.nodes, strict=True)):
        one = Gathered(item)
        if node is None:
            one.reason = details.reasons.get(index, "GitHub answers nothing for its node id")
            one.gone = one.reason.startswith("NOT_FOUND") or index not in details.reasons
        else:
            further = one.start(node, details.read_at or tools.clock(), wanted)
            pending.extend((one, page) for page in further)
        found.append(one)
    return found


async def _alone(tools: Tools, item: Wanted, error: TooBig, pending: deque[tuple[Gathered, Further]]) -> Gathered:
    """A single item that is too big with full pages: with smaller ones, at last without any list."""
    wanted = shape(item)
    full = page_sizes([item])
    for size in SMALLER_PAGES:
        sizes: dict[ListName, int] = {name: min(first, size) for name, first in full.items()}
        if sizes == full:
            continue
        full = sizes
        try:
            details = await tools.github.items([item.node_id], wanted, sizes)
        except TooBig as refusal:
            error = refusal
            continue
        return _started(tools, [item], wanted, details, pending)[0]
    try:
        details = await tools.github.items([item.node_id], frozenset(), {})
    except TooBig:
        return Gathered(item, reason=f"GitHub refuses every query for it: {error}")
    found = _started(tools, [item], (), details, pending)[0]
    if found.node is not None:
        kinds = ["reviews_with_inline" if "inline_comments" in wanted else "reviews"] if "reviews" in wanted else []
        kinds += [name for name in ("conversation_comments", "file_changes") if name in wanted]
        pending.extend((found, Further(kind, item.node_id, None, 1, 1)) for kind in kinds)  # pyright: ignore
    return found


async def _drain(tools: Tools, pending: deque[tuple[Gathered, Further]]) -> None:
    """Read further pages, those of many items in one query, until none is left."""
    most = MOST_ALIASES
    while pending:
        batch = _take(pending, most, tools.weight.value)
        try:
            pages = await tools.github.more([page for _, page in batch])
        except TooBig as error:
            most = max(1, len(batch) // 2)
            tools.weight.refused(sum(page.first for _, page in batch))
            if len(batch) > 1:
                pending.extendleft(reversed(batch))
            else:
                _smaller(batch[0], pending, error)
            continue
        most = min(MOST_ALIASES, most + 1)
        for (found, asked), page in zip(batch, pages, strict=True):
            if page is None:
                found.reason = f"a further page of {asked.kind} is hidden by an error"
                continue
            pending.extend((found, following) for following in _taken(found, asked, page))


def _take(pending: deque[tuple[Gathered, Further]], most: int, weight: int) -> list[tuple[Gathered, Further]]:
    batch = [pending.popleft()]
    rows = batch[0][1].first
    while pending and len(batch) < most and rows + pending[0][1].first <= weight:
        batch.append(pending.popleft())
        rows += batch[-1][1].first
    return batch


def _smaller(entry: tuple[Gathered, Further], pending: deque[tuple[Gathered, Further]], error: TooBig) -> None:
    found, page = entry
    if page.first == 1 and page.below <= 1:
        found.reason = f"GitHub refuses a single {page.kind}: {error}"
        return
    pending.appendleft((found, replace(page, first=max(1, page.first // 2), below=max(1, page.below // 2))))


def _taken(found: Gathered, asked: Further, page: dict[str, object] | object) -> list[Further]:
    match asked.kind:
        case "inline_comments":
            return found.take_inline(asked.node_id, page)  # pyright: ignore
        case "reviews" | "reviews_with_inline":
            return found.take_reviews(page, inline=asked.kind == "reviews_with_inline")  # pyright: ignore
        case _:
            return found.take(asked.kind, page)  # pyright: ignore
