"""Planning what to fetch and fetching it: several chunks in flight, each committed as one piece; memory stays flat."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from capture.core.batching import CHUNK_WEIGHT, Wanted, pack
from capture.core.models import DATASETS, Chunk, ListName, Row
from capture.core.planning import in_shard, lists_of, moment, wanted
from capture.usecases.assemble import ItemRows, assemble, in_sample, observations
from capture.usecases.by_rest import Target
from capture.usecases.fetch import fetch
from capture.usecases.manifest import State, repository_id
from capture.usecases.run import ITEMS_PER_RUN, Run

PLAN_PAGE = 500

Plan = dict[str, Any]


async def capture(run: Run, state: State) -> bool:
    """Fetch and commit whatever the plan asks for; answers whether items are left for another run."""
    most = run.steps.concurrency
    flying: set[asyncio.Task[None]] = set()
    left = False
    try:
        async for name, chunk, more in _chunks(run, state):
            run.check()
            left = more
            if not chunk:
                continue
            if most <= 1:
                await _one(run, state, name, chunk)
                continue
            flying.add(asyncio.create_task(_one(run, state, name, chunk)))
            if len(flying) >= most:
                done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
    finally:
        # Whatever is in flight ends by itself: a chunk is committed or not, and its points are spent already.
        ended = await asyncio.gather(*flying, return_exceptions=True) if flying else []
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return left


async def _chunks(run: Run, state: State) -> AsyncIterator[tuple[str, list[Any], bool]]:
    """Chunks in the order of the plan, with whether more would follow beyond this run."""
    limit = ITEMS_PER_RUN[run.executed_by]
    after: list[Any] | None = None
    page = 0
    while True:
        room = None if limit is None else limit - run.planned
        plan: Plan = await run.steps.run(f"plan-{page}", partial(_plan, run, state), after, room)
        run.planned += sum(len(chunk) for chunk in plan["chunks"])
        for index, chunk in enumerate(plan["chunks"]):
            if run.late():
                yield "", [], True
                return
            yield f"chunk-{page}-{index}", chunk, plan["more"]
        after = plan["after"]
        if plan["more"]:
            yield "", [], True
        if after is None or plan["more"]:
            return
        page += 1


async def _plan(run: Run, state: State, after: list[Any] | None, room: int | None) -> Plan:
    """One page of the plan, packed. `room` is how many items this run may still take."""
    rows, following = await _plan_rows(run, state, after)
    touched = state["touched"]
    lists = lists_of(run.job.datasets)
    done = set(state.get("done", ()))
    found: list[Wanted] = []
    more = False
    for row in rows:
        if not in_shard(int(row["number"]), run.job.shard, run.job.shards):
            continue
        edited: list[ListName] = [name for name in lists if row["number"] in touched.get(name, ())]
        reason = evidence(run, state, int(row["number"]))
        everything = run.repeats or reason == "overlap"
        if everything and row["number"] in done:
            continue  # an earlier run of this job has fetched it whatever is stored; once is enough
        item = wanted(row, lists, touched=edited, everything=everything, reason=reason)
        if item is None:
            continue
        if room is not None and len(found) >= room:
            more = True
            break
        found.append(item)
    chunks = [[item.to_json() for item in chunk] for chunk in pack(found, weight=CHUNK_WEIGHT)]
    return {"chunks": chunks, "after": following, "more": more}


async def _plan_rows(run: Run, state: State, after: list[Any] | None) -> tuple[list[Row], list[Any] | None]:
    if run.shadow:
        return (state["items"], None)
    scan = run.scan
    window = scan.kind == "window"
    extra = sorted({*_edited(state), *(run.job.overlap_numbers or ())}) if after is None and window else []
    since = moment(state["oldest"]) if state["cut_at"] else scan.floor if window else None
    rows = await run.tools.store.plan_page(
        repository_id(state),
        since=since,
        until=scan.until if window else None,
        numbers=list(scan.numbers) if scan.kind == "numbers" else None,
        after=None if after is None else (moment(after[0]), after[1]),  # pyright: ignore[reportArgumentType]
        limit=PLAN_PAGE,
    )
    following = [str(rows[-1]["updated_at"]), rows[-1]["number"]] if len(rows) == PLAN_PAGE else None
    if extra:
        listed = {row["number"] for row in rows}
        beyond = [number for number in extra if number not in listed]
        for begin in range(0, len(beyond), PLAN_PAGE):
            numbers = beyond[begin : begin + PLAN_PAGE]
            rows += await run.tools.store.plan_page(repository_id(state), numbers=numbers, limit=PLAN_PAGE)
    return rows, following


async def capture_again(run: Run, state: State, numbers: list[int]) -> None:
    """Once more for items that GitHub had hidden for a moment; what stays hidden counts as incomplete."""
    if not numbers:
        return
    rows = await run.tools.store.plan_page(repository_id(state), numbers=numbers, limit=PLAN_PAGE)
    lists = lists_of(run.job.datasets)
    found = [item for row in rows if (item := wanted(row, lists, everything=True)) is not None]
    for index, chunk in enumerate(pack(found, weight=CHUNK_WEIGHT)):
        await _one(run, state, f"again-{index}", [item.to_json() for item in chunk], again=True)


def _edited(state: State) -> set[int]:
    touched = state["touched"]
    return {*touched.get("inline_comments", ()), *touched.get("conversation_comments", ())}


def evidence(run: Run, state: State, number: int) -> str | None:
    """Why an item is also written down as an observation: a shadow pair, the overlap of a split, or the sample."""
    observe = (run.job.decision or {}).get("observe")
    if run.shadow or observe == "shadow":
        return "shadow"
    if number in (run.job.overlap_numbers or ()) or number in state.get("overlap", ()):
        return "overlap"
    return "sample" if in_sample(f"{state['owner']}/{state['name']}", number) else None


async def _one(run: Run, state: State, name: str, chunk: list[Any], *, again: bool = False) -> None:
    step = partial(_capture, run, state, name, again=again)
    result: dict[str, Any] = await run.steps.run(name, step, chunk)
    run.items += result["items"]
    run.rows += result["rows"]
    run.incomplete += result["incomplete"]
    run.gone += result["gone"]
    if run.repeats:
        run.done += [Wanted.from_json(item).number for item in chunk]


async def _capture(run: Run, state: State, name: str, chunk: Sequence[Any], *, again: bool) -> dict[str, Any]:
    """The step: fetch a chunk and commit it. Its result is counts."""
    items = [Wanted.from_json(item) for item in chunk]
    with run.tools.github.metered() as usage:
        gathered = await fetch(run.tools, Target(state["owner"], state["name"]), items)
    whole = [assemble(found) for found in gathered if found.node is not None]
    reasons = {item.number: item.reason for item in items}
    gone = [found.item.number for found in gathered if found.gone]
    unread = sum(1 for found in gathered if found.node is None and not found.gone)
    incomplete = unread + sum(1 for rows in whole if rows.incomplete)
    answer = await run.tools.store.commit_chunk(
        run.job.id,
        run.token,
        repository_id(state),
        _chunk(run, whole, reasons),
        key=f"{run.job.attempt}:{name}",
        items_done=len(whole) + (0 if again else len(gone)),
        items_incomplete=incomplete + (len(gone) if again else 0),
        items_total=run.job.items_done + run.planned,
        metrics=usage.as_metrics(),
    )
    return {"items": len(whole), "rows": answer.written, "incomplete": incomplete, "gone": gone}


def _chunk(run: Run, part: Sequence[ItemRows], reasons: dict[int, str | None]) -> Chunk:
    merged = Chunk()
    people: dict[str, Row] = {}
    for item in part:
        reason = reasons[item.number]
        if reason is not None:
            processor = run.executed_by if reason == "sample" else run.job.processor_type
            merged.observations += observations(item, processor=processor, reason=reason)
        if run.shadow:
            continue
        people |= {person["key"]: person for person in item.chunk.people}
        merged.pull_requests += item.chunk.pull_requests
        merged.reviews += item.chunk.reviews
        merged.comments += item.chunk.comments
        merged.file_changes += item.chunk.file_changes
        merged.lists += item.chunk.lists
    merged.people = [people[key] for key in sorted(people)]
    return merged


def captures_everything(run: Run) -> bool:
    """Whether the job can prove a window covered: it reads all datasets and writes more than evidence."""
    return set(run.job.datasets) == set(DATASETS) and not run.shadow
