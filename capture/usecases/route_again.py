"""A real-time run that did not know its volume: its listing does, and the router decides once more."""

from typing import cast

from capture.core.models import Job
from capture.core.planning import moment
from capture.core.routing_store import QueueStore
from capture.usecases.manifest import State, repository_id
from capture.usecases.reroute import after_listing
from capture.usecases.run import Run

NEWEST = 50
BAND = 10


def tells_overlap(job: Job) -> bool:
    """Whether the decision for this real-time slice could not know which items the bulk slice must see again."""
    decision = job.decision or {}
    return decision.get("part") == "newest" and bool(decision.get("overlap")) and job.overlap_numbers is None


async def tell_overlap(run: Run, state: State) -> State:
    """The ten oldest items of a real-time slice are the band that both slices see; its own listing knows them."""
    scan = run.scan
    rows = await run.tools.store.plan_page(repository_id(state), since=scan.floor, until=scan.until, limit=NEWEST)
    band = sorted(int(row["number"]) for row in rows[-BAND:])
    await cast("QueueStore", run.tools.store).record_overlap(run.job.id, band)
    return {**state, "overlap": band}


async def route_again(run: Run, state: State) -> State:
    """Route the job with what its listing found; answers the state with what is left for this run."""
    scan = run.scan
    rows = await run.tools.store.plan_page(
        repository_id(state),
        since=scan.floor,
        until=scan.until,
        numbers=scan.numbers or None,
        limit=NEWEST,
    )
    newest = [int(row["number"]) for row in rows]
    decided = await after_listing(
        cast("QueueStore", run.tools.store), run.job, state["listed"], newest, thresholds=run.tools.thresholds
    )
    state = {**state, "overlap": list(decided.overlap_numbers), "reason": decided.reason, "nothing": False}
    if decided.limit is None or decided.limit >= state["listed"]:
        return state
    if decided.limit == 0 or not rows:
        return {**state, "nothing": True}
    oldest = moment(rows[min(decided.limit, len(rows)) - 1]["updated_at"])
    text = oldest.isoformat() if oldest else None
    return {**state, "oldest": text, "cut_at": text}
