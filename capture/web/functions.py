"""The functions that Inngest calls at /api/inngest: capture a job, settle a cancelled one, beat.

None of them is limited in rate, single, or idempotent by event: those options drop work without a word. The job's
claim is what keeps a second delivery harmless.
"""

import logging
from functools import partial
from typing import Any
from uuid import UUID

import fastapi
import inngest
import inngest.fast_api

from capture.core.errors import Outage
from capture.core.models import Job
from capture.processors.inngest import (
    CANCEL_FUNCTION,
    CANCELLED,
    CAPTURE_FUNCTION,
    CONTINUED,
    EVENT_VERSION,
    HEARTBEAT_FUNCTION,
    REQUESTED,
)
from capture.processors.inngest_steps import InngestSteps
from capture.usecases.hand_over import hand_over
from capture.usecases.run import Outcome
from capture.usecases.run_job import run_job
from capture.web.services import Services

log = logging.getLogger("capture.inngest")

RETRIES = 3
"""Inngest waits about 15, 30 and 60 s between attempts of a step, which a lease of two minutes outlasts."""

HEARTBEAT_CRON = "*/5 * * * *"


def job_of(event: inngest.Event) -> UUID:
    """The job that an event is about. An event that is newer than this code fails the run; the job is sent again."""
    if event.data.get("v") != EVENT_VERSION:
        raise inngest.NonRetriableError(f"this application reads version {EVENT_VERSION}, not {event.data.get('v')!r}")
    return UUID(str(event.data["job_id"]))


def owner_of(run_id: str) -> str:
    """Who holds the lease of a job that runs in Inngest: the run, whichever process executes its steps."""
    return f"inngest:{run_id}"


async def capture(services: Services, context: inngest.Context) -> dict[str, Any]:
    """Run the job, and send the job that continues it on its way."""
    job_id, steps = job_of(context.event), InngestSteps(context)
    owner = owner_of(context.run_id)
    try:
        outcome = await run_job(services.tools, job_id, executed_by="inngest", owner=owner, steps=steps)
    except Outage as error:
        # The step has been tried as often as it may, and its end is memoised: the job's own next attempt is due now.
        raise inngest.NonRetriableError(str(error)) from error
    await steps.run("after", partial(after, services, outcome, steps.passed + 2))
    return {"status": outcome.status, "items": outcome.items, "rows": outcome.rows, "reason": outcome.reason}


async def after(services: Services, outcome: Outcome, executions: int) -> list[str]:
    """Note what the run cost (its steps, this one and itself), and send the jobs that it has made on their way.

    A hand-over that fails is made good by the queue's upkeep: each job is in its row.
    """
    await services.store.record_run(outcome.job_id, metrics={"executions": executions})
    if outcome.status not in ("completed", "continued"):
        return []
    done = await services.store.get_job(outcome.job_id)
    if done is None:
        return []
    # Besides its continuation, its own listing may have found work for the other processor.
    waiting = await services.store.list_jobs(status="pending", owner=done.owner, name=done.name, limit=50)
    mine = [job for job in waiting if job.handover_count == 0 and follows(job, done)]
    return [(await hand_over(services.store, services.messengers, job)).outcome for job in mine]


def follows(job: Job, done: Job) -> bool:
    """Whether a job was made by the run of another one."""
    return job.continuation_of == done.id or (job.decision or {}).get("split_from") == str(done.id)


async def failed(services: Services, context: inngest.Context) -> str:
    """A run has failed for good, after all attempts: its job is tried again later or fails."""
    data: Any = context.event.data
    job_id, error = UUID(str(data["event"]["data"]["job_id"])), data["error"]
    message = f"{error.get('name', 'Error')}: {error.get('message', '')}"
    log.error("run %s of job %s failed: %s", data["run_id"], job_id, message)
    return await services.store.fail_run(job_id, owner_of(str(data["run_id"])), "inngest_run_failed", message)


async def settle(services: Services, context: inngest.Context) -> str:
    """Inngest has cancelled the job's runs between two steps: end its row."""
    return await services.store.cancel_run(job_of(context.event))


async def beat(services: Services) -> str:
    """Say that Inngest's queue reaches this application."""
    await services.store.beat_processor("inngest")
    return "ok"


def build_functions(client: inngest.Inngest, services: Services) -> list[inngest.Function[Any]]:
    """The functions over open services."""

    async def on_failure(context: inngest.Context) -> str:
        return await failed(services, context)

    @client.create_function(
        fn_id=CAPTURE_FUNCTION,
        name="Capture a job",
        trigger=[inngest.TriggerEvent(event=REQUESTED), inngest.TriggerEvent(event=CONTINUED)],
        retries=RETRIES,
        concurrency=[inngest.Concurrency(key="event.data.repository", limit=1)],
        priority=inngest.Priority(run="event.data.priority"),
        cancel=[inngest.Cancel(event=CANCELLED, if_exp="event.data.job_id == async.data.job_id")],
        on_failure=on_failure,
    )
    async def capture_job(context: inngest.Context) -> dict[str, Any]:
        return await capture(services, context)

    @client.create_function(
        fn_id=CANCEL_FUNCTION,
        name="Settle a cancelled job",
        trigger=inngest.TriggerEvent(event=CANCELLED),
        retries=RETRIES,
    )
    async def settle_cancelled(context: inngest.Context) -> str:
        return await context.step.run("settle", lambda: settle(services, context))

    @client.create_function(
        fn_id=HEARTBEAT_FUNCTION, name="Beat", trigger=inngest.TriggerCron(cron=HEARTBEAT_CRON), retries=1
    )
    async def heartbeat(context: inngest.Context) -> str:
        return await context.step.run("beat", lambda: beat(services))

    return [capture_job, settle_cancelled, heartbeat]


def mount(app: fastapi.FastAPI, client: inngest.Inngest, origin: str, services: Services) -> None:
    """Serve the functions at /api/inngest; only signed requests may make the application register itself."""
    inngest.fast_api.serve(
        app, client, build_functions(client, services), serve_origin=origin, enable_unauthed_sync=False
    )
