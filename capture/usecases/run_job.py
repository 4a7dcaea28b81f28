"""The one implementation of a job, whoever hosts it: claim, list, plan, capture chunk by chunk, finish."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from capture.core.errors import (
    Cancelled,
    CaptureError,
    Deferred,
    Fenced,
    Outage,
    Unreadable,
)
from capture.core.models import Claim, Executor, Job, NewJob, Row
from capture.core.planning import moment, watermark_after
from capture.core.ports import Steps
from capture.core.request import derived_hash
from capture.core.weight import starting_weight
from capture.usecases.chunks import capture, capture_again, captures_everything
from capture.usecases.manifest import State, confirm_gone, list_manifest, repository_id
from capture.usecases.reroute import listing_decides
from capture.usecases.route_again import route_again, tell_overlap, tells_overlap
from capture.usecases.run import LEASE_SECONDS, Outcome, Run, beating, own_token
from capture.usecases.tools import Tools

RETRY_SECONDS = 60.0
LISTING_LASTS = timedelta(hours=12)
"""How long a finished listing serves the attempts that follow; what has moved since lies in the next window."""


async def run_job(
    tools: Tools, job_id: UUID, *, executed_by: Executor, owner: str, steps: Steps, stop_at: datetime | None = None,
    force: bool = False,
) -> Outcome:  # fmt: skip
    """Do one attempt at a job. `stop_at` is when this host ends: the job is given back before that.

    Classified failures are recorded in the job's row and answered, not raised. Raises `Outage` alone (after recording
    it, where that is possible), so that a host may try again.
    """
    claimed: dict[str, Any] = await steps.run(
        "claim", partial(_claim, tools, job_id, executed_by=executed_by, owner=owner, force=force)
    )
    if "refused" in claimed:
        return Outcome("refused", job_id, reason=claimed["refused"])
    run = Run(tools, Job.model_validate(claimed["job"]), UUID(claimed["token"]), steps, executed_by, stop_at)
    async with beating(run):
        try:
            return await _attempt(run)
        except Deferred as error:
            return await _deferred(run, error)
        except Fenced as error:
            return Outcome("refused", job_id, run.items, run.rows, str(error))
        except Cancelled as error:
            return await _ended(run, "cancelled", error)
        except Outage as error:
            await _record(run, error.code, str(error))
            raise
        except CaptureError as error:
            return await _ended(run, "failed", error)
        except Exception as error:
            # A bug: another attempt may get past it, and the host shows it whole.
            await _record(run, "bug", f"{type(error).__name__}: {error}")
            raise


async def _claim(tools: Tools, job_id: UUID, *, executed_by: Executor, owner: str, force: bool) -> dict[str, Any]:
    answer = await tools.store.claim_job(
        job_id, executed_by, owner, LEASE_SECONDS[executed_by], code_version=tools.code_version, force=force,
        lease_token=own_token(executed_by, owner, job_id),
    )  # fmt: skip
    if isinstance(answer, Claim):
        return {"job": answer.job.model_dump(mode="json"), "token": str(answer.lease_token)}
    return {"refused": answer.reason}


async def _attempt(run: Run) -> Outcome:
    state = await _listed(run)
    if not state["complete"]:
        return await _continued(run, state)
    run.tools.weight.begin(starting_weight(state["weight"] / max(1, state["listed"]), state["page_seconds"]))
    left = False if state.get("nothing") else await capture(run, state)
    run.check()
    if run.gone and not run.shadow:
        there: list[int] = await run.steps.run("gone", partial(confirm_gone, run, state), run.gone)
        await capture_again(run, state, there)
    if left:
        return await _continued(run, state)
    await run.steps.run("finish", partial(_finish, run), state)
    return Outcome("completed", run.job.id, run.items, run.rows)


async def _listed(run: Run) -> State:
    """The listing: an earlier attempt's where that is recent, else a new one; routed again where that was left open."""
    cursor = run.job.cursor or {}
    known: State | None = cursor.get("listed") or cursor.get("listing")
    if known is not None and run.tools.clock() - datetime.fromisoformat(known["started_at"]) > LISTING_LASTS:
        known = None
    if known is None or not known["complete"]:
        known = await list_manifest(run, known)
    # Whoever else runs such a job has no limit of its own and captures all of it.
    undecided = run.executed_by == "inngest" and listing_decides(run.job)
    if known["complete"] and undecided and "overlap" not in known:
        routed: State = await run.steps.run("route", partial(route_again, run), known)
        return routed
    if known["complete"] and tells_overlap(run.job) and "overlap" not in known:
        told: State = await run.steps.run("overlap", partial(tell_overlap, run), known)
        return told
    return known


async def _finish(run: Run, state: State) -> str:
    proves = captures_everything(run) and not state.get("nothing")
    return await run.tools.store.finish_job(
        run.job.id,
        run.token,
        "completed",
        metrics=listing_metrics(state),
        watermark=_watermark(run, state) if proves else None,
        coverage=_coverage(run, state) if proves else (),
    )


def listing_metrics(state: State) -> dict[str, float]:
    """What the listing cost; the chunks have counted their own requests."""
    total: dict[str, float] = {}
    listing: dict[str, float] = state["usage"]
    edits: dict[str, float] = state["touched"].get("usage", {})
    for usage in (listing, edits):
        for key, value in usage.items():
            total[key] = total.get(key, 0) + value
    return total


def _watermark(run: Run, state: State) -> datetime | None:
    started_at = datetime.fromisoformat(state["started_at"])
    before, cut_at = moment(state["watermark"]), moment(state["cut_at"])
    return watermark_after(run.scan, before=before, started_at=started_at, cut_at=cut_at)


def _coverage(run: Run, state: State) -> Sequence[Row]:
    scan = run.scan
    if scan.kind == "numbers":
        return []
    since = scan.since.isoformat() if scan.since else None
    until = state["started_at"] if scan.until is None else min(scan.until, moment(state["started_at"]) or scan.until)
    until = until if isinstance(until, str) else until.isoformat()
    processor = run.executed_by
    cut_at: str | None = state["cut_at"]
    covered: Row = {"processor": processor, "since": cut_at or since, "until": until, "items": state["listed"]}
    if cut_at is None:
        return [covered]
    reason = f"the limit of {scan.limit} items ends here" if scan.limit else "another job goes on from here"
    return [covered, {"processor": processor, "since": since, "until": cut_at, "covered": False, "reason": reason}]


async def _continued(run: Run, state: State) -> Outcome:
    """Another run goes on: a linked job after 50 real-time items, the same job after a host's deadline."""
    state = {**state, "done": [*state.get("done", ()), *run.done]}
    cursor = {"listed" if state["complete"] else "listing": state}
    if run.executed_by != "inngest":
        await run.steps.run("release", partial(_release, run), cursor)
        return Outcome("continued", run.job.id, run.items, run.rows, "the host's time is up", run.job.id)
    following: str = await run.steps.run("continue", partial(_submit_continuation, run), cursor)
    await run.steps.run("finish", partial(_finish_part, run), state)
    return Outcome("continued", run.job.id, run.items, run.rows, "50 items are one run", UUID(following))


async def _release(run: Run, cursor: dict[str, Any]) -> None:
    await run.tools.store.release_job(run.job.id, run.token, cursor)


async def _submit_continuation(run: Run, cursor: dict[str, Any]) -> str:
    job = run.job
    state: State = cursor["listed"]
    # What the listing cost is counted here, not again by every run that goes on from it.
    cursor = {"listed": {**state, "usage": {}, "touched": {**state["touched"], "usage": {}}}}
    part = int((job.metadata or {}).get("continued", 0)) + 1
    following = NewJob(
        job_type=job.job_type, owner=job.owner, name=job.name, processor_type=job.processor_type, trigger=job.trigger,
        scope_hash=derived_hash(job.scope_hash, f"continued-{part}"), repository_id=repository_id(state),
        mode=job.mode, priority=job.priority, time_range_days=job.time_range_days, since=job.since, until=job.until,
        numbers=job.numbers, overlap_numbers=job.overlap_numbers, max_items=job.max_items, datasets=job.datasets,
        decision=job.decision, parent_id=job.parent_id, continuation_of=job.id, cursor=cursor,
        metadata={**job.metadata, "continued": part},
    )  # fmt: skip
    (submitted,) = await run.tools.store.submit_jobs([following])
    return str(submitted.id)


async def _finish_part(run: Run, state: State) -> str:
    return await run.tools.store.finish_job(run.job.id, run.token, "completed", metrics=listing_metrics(state))


async def _deferred(run: Run, error: Deferred) -> Outcome:
    await run.steps.run("defer", partial(_defer, run, error))
    return Outcome("deferred", run.job.id, run.items, run.rows, error.reason, until=error.until)


async def _defer(run: Run, error: Deferred) -> None:
    await run.tools.store.defer_job(run.job.id, run.token, error.reason, error.until)


async def _ended(run: Run, status: str, error: CaptureError) -> Outcome:
    outcome: str = await run.steps.run("end", partial(_end, run, status, error))
    reported = "cancelled" if outcome == "cancelled" else "failed"
    return Outcome(reported, run.job.id, run.items, run.rows, str(error))


async def _end(run: Run, status: str, error: CaptureError) -> str:
    if isinstance(error, Unreadable):
        await run.tools.store.set_access(owner=run.job.owner, name=run.job.name, access=error.access, reason=str(error))
    return await run.tools.store.finish_job(
        run.job.id, run.token, status, error_code=error.code, error=str(error), retryable=False
    )


async def _record(run: Run, code: str, error: str) -> None:
    """Note a failure of this host in the row, so that the job is tried again later; the database may be what is out."""
    try:
        await run.tools.store.finish_job(
            run.job.id, run.token, "failed", error_code=code, error=error, retryable=True,
            backoff_seconds=RETRY_SECONDS * 2 ** max(0, run.job.attempt - 1),
        )  # fmt: skip
    except Outage:
        return  # the lease runs out, and the job is queued again
    except Fenced:
        return  # another worker goes on already
