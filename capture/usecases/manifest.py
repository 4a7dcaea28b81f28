"""Listing what exists, page by page: the next page is asked for while the last one is committed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from capture.core.models import Chunk, ManifestItem, Row
from capture.core.planning import Scan, edits_since, moment
from capture.core.source import BadCursor, Listing, TooBig
from capture.usecases.run import Run

PAGES_PER_STEP = 10
NUMBERS_PER_QUERY = 50

State = dict[str, Any]
"""How far a listing is, as JSON: repository, scan, cursor, pages, listed, what was cut off and when it began."""


async def list_manifest(run: Run, begun: State | None = None) -> State:
    """List the job's scope to its end, in steps; answers the state of the listing.

    `begun` is where an earlier attempt came to. The listing is not `complete` where the host's time is up.
    """
    state = begun or await run.steps.run("begin", partial(_begin, run))
    batch = state["pages"]
    while not state["complete"]:
        run.check()
        if run.late():
            return state
        state = await run.steps.run(f"list-{batch}", partial(_list, run), state)
        batch += 1
    if state["touched"]:
        return state
    since = edits_since(run.scan, moment(state["watermark"]), state["known"])
    if since is not None and "comments" in run.job.datasets:
        state["touched"] = await run.steps.run("edits", partial(_touched, run, since), state)
    return state


async def _begin(run: Run) -> State:
    known = await run.tools.store.find_repository(run.job.owner, run.job.name)
    started_at = await run.tools.store.server_time()
    return {
        "known": known is not None,
        "watermark": _text(known.get("watermark")) if known else None,
        "started_at": started_at.isoformat(),
        "owner": run.job.owner,
        "name": run.job.name,
        "scan_id": None,
        "cursor": None,
        "pages": 0,
        "listed": 0,
        "weight": 0,
        "page_seconds": 0.0,
        "oldest": None,
        "cut_at": None,
        "complete": False,
        "touched": {},
        "usage": {},
        "items": [],
    }


async def _list(run: Run, state: State) -> State:
    with run.tools.github.metered() as usage:
        if run.scan.kind == "numbers":
            state = await _numbers(run, state)
        else:
            state = await _pages(run, state)
    state = {**state, "usage": _added(state["usage"], usage.as_metrics())}
    if state["pages"] > 1 and not run.shadow:
        # A long listing is not begun anew by the next attempt, wherever this one ends.
        cursor = {"listed" if state["complete"] else "listing": state}
        await run.tools.store.commit_chunk(run.job.id, run.token, repository_id(state), Chunk(), cursor)
    return state


async def _pages(run: Run, state: State) -> State:
    scan = run.scan
    page = await _page(run, state, state["cursor"])
    for count in range(PAGES_PER_STEP):
        taken, ended, cut_at = in_scope(page.items, scan, state["listed"])
        ended = ended or not page.has_next
        following = None
        if not ended and count + 1 < PAGES_PER_STEP:
            following = asyncio.create_task(_page(run, state, page.cursor))
        try:
            state = await _commit(run, state, page, taken, complete=ended, cut_at=cut_at)
            if following is None:
                return state
            page = await following
        except BaseException:
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            raise
    return state


async def _page(run: Run, state: State, cursor: str | None) -> Listing:
    """One page, at the size that GitHub answers; a size that was refused is not asked for again with this cursor."""
    field = "CREATED_AT" if run.scan.kind == "full" else "UPDATED_AT"
    page = run.tools.page
    first = page.value
    while True:
        try:
            listing = await run.tools.github.listing(
                state["owner"], state["name"], field=field, after=cursor, first=first
            )
        except TooBig:
            page.refused(first)
            if first == 1:
                raise
            first = max(1, first // 2)
        except BadCursor:
            if cursor is None:
                raise
            cursor = None  # from the beginning; what is known already is not written again
        else:
            page.answered(first, listing.seconds)
            return listing


async def _numbers(run: Run, state: State) -> State:
    numbers = run.scan.numbers
    begin = state["pages"] * NUMBERS_PER_QUERY
    asked = numbers[begin : begin + NUMBERS_PER_QUERY]
    page = await run.tools.github.numbers(state["owner"], state["name"], asked)
    complete = begin + len(asked) >= len(numbers)
    return await _commit(run, state, page, page.items, complete=complete, cut_at=None)


def in_scope(
    items: Sequence[ManifestItem], scan: Scan, listed: int
) -> tuple[list[ManifestItem], bool, datetime | None]:
    """Which items of a page belong to the scope, whether the scope ends here, and where a limit cuts it off.

    A window is listed by update, newest first, so its end is the first item below its floor.
    """
    if scan.kind == "full":
        return list(items), False, None
    taken: list[ManifestItem] = []
    for item in items:
        if scan.until is not None and item.updated_at > scan.until:
            continue
        if scan.floor is not None and item.updated_at < scan.floor:
            return taken, True, None
        if scan.limit is not None and listed + len(taken) >= scan.limit:
            return taken, True, item.updated_at
        taken.append(item)
    return taken, False, None


async def _commit(
    run: Run, state: State, page: Listing, items: Sequence[ManifestItem], *, complete: bool, cut_at: datetime | None
) -> State:
    scan = run.scan
    row: Row = {
        "id": state["scan_id"],
        "kind": scan.kind,
        "since": _text(scan.since),
        "until": _text(scan.until),
        "started_at": state["started_at"],
        "total_count": page.total,
        "pages": state["pages"] + 1,
        "cursor": page.cursor,
        "complete": complete and cut_at is None and not run.shadow,
    }
    # A shadow run leaves no trace but its observations; only the repository has to be there.
    rows = [] if run.shadow else [manifest_row(item) for item in items]
    written = await run.tools.store.commit_manifest(
        run.job.id, run.token, page.repository, row, rows, [] if run.shadow else page.missing
    )
    listed = [*state["items"], *(plan_row(item) for item in items)] if run.shadow else []
    return {
        **state,
        "repository_id": str(written.repository_id),
        "owner": page.repository["owner"],
        "name": page.repository["name"],
        "scan_id": str(written.scan_id),
        "cursor": page.cursor,
        "pages": state["pages"] + 1,
        "listed": state["listed"] + len(items),
        "weight": state["weight"] + sum(likely_weight(item) for item in items),
        "page_seconds": max(state["page_seconds"], page.seconds),
        "oldest": _text(min((item.updated_at for item in items), default=None)) or state["oldest"],
        "cut_at": _text(cut_at),
        "complete": complete,
        "items": listed,
    }


async def _touched(run: Run, since: datetime, state: State) -> dict[str, Any]:
    """Numbers of pull requests with edited comments, which move neither an item's time nor its counts."""
    with run.tools.github.metered() as usage:
        touched = await run.tools.github.touched(state["owner"], state["name"], since)
    return {
        "inline_comments": sorted(touched.inline),
        "conversation_comments": sorted(touched.conversation),
        "usage": usage.as_metrics(),
    }


async def confirm_gone(run: Run, state: State, numbers: list[int]) -> list[int]:
    """Ask again for items whose node GitHub did not know, and record what is gone; answers what is not."""
    there: list[int] = []
    with run.tools.github.metered():
        for begin in range(0, len(numbers), NUMBERS_PER_QUERY):
            asked = numbers[begin : begin + NUMBERS_PER_QUERY]
            page = await run.tools.github.numbers(state["owner"], state["name"], asked)
            scan: Row = {"id": None, "kind": "numbers", "started_at": state["started_at"], "pages": 1, "complete": True}
            rows = [manifest_row(item) for item in page.items]
            await run.tools.store.commit_manifest(run.job.id, run.token, page.repository, scan, rows, page.missing)
            there += [item.number for item in page.items]
    return there


def likely_weight(item: ManifestItem) -> int:
    """Rows that an item will bring, by the listing."""
    counts = (item.reviews, item.conversation_comments, item.file_changes)
    inline = max(0, (item.comments_total or 0) - (item.conversation_comments or 0))
    return 1 + inline + sum(count or 0 for count in counts)


def manifest_row(item: ManifestItem) -> Row:
    """The columns of `pull_request_manifest`."""
    return {
        "number": item.number,
        "node_id": item.node_id,
        "github_id": item.github_id,
        "created_at": item.created_at.isoformat(),
        "updated_at": item.updated_at.isoformat(),
        "reviews": item.reviews,
        "inline_comments": item.inline_comments,
        "conversation_comments": item.conversation_comments,
        "file_changes": item.file_changes,
        "comments_total": item.comments_total,
    }


def plan_row(item: ManifestItem) -> Row:
    """The same as a row of a plan, of an item of which nothing is stored."""
    return {**manifest_row(item), "stored": False, "stored_updated_at": None, "lists": []}


def repository_id(state: State) -> UUID:
    """The key of the repository that was listed."""
    return UUID(state["repository_id"])


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _added(before: dict[str, float], more: dict[str, float]) -> dict[str, float]:
    return {key: value + before.get(key, 0) for key, value in more.items()}
