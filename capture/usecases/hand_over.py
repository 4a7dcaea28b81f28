"""Handing a job to its processor. Whatever is answered, only the job's claim proves that it arrived."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from capture.core.decision import request_words
from capture.core.errors import ConfigurationError, CredentialError, Outage
from capture.core.models import Job, Processor
from capture.core.ports import Verdict
from capture.core.routing_store import QueueStore
from capture.usecases.health import Messengers, note

CLAIM_WITHIN: dict[Processor, timedelta] = {"inngest": timedelta(seconds=60), "github_actions": timedelta(minutes=15)}
LONGEST_CLAIM = timedelta(hours=2)
REFUSED_RETRY_SECONDS = 300.0
MOST_REFUSALS = 12
"""Refusals that an operator can repair are tried again for an hour; then the job fails with the refusal's code."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of one hand-over. `unknown` means that the answer was lost: the claim, or its deadline, will tell."""

    job_id: str
    outcome: Literal["sent", "unknown", "refused", "deferred", "not_configured", "overtaken"]
    detail: str = ""
    run_url: str | None = None


def claim_deadline(processor: Processor, handover: int, now: datetime) -> datetime:
    """Until when a job must be claimed before it is handed over again; each time it waits twice as long."""
    return now + min(CLAIM_WITHIN[processor] * 2 ** min(handover, 12), LONGEST_CLAIM)


async def hand_over(store: QueueStore, messengers: Messengers, job: Job) -> HandedOver:
    """Hand over one pending job. The hand-over is counted before it is sent, so that its number is never used twice.

    A stop that came after the decision defers bulk work here, unless an operator forced it.
    """
    job_id = str(job.id)
    messenger = messengers.get(job.processor_type)
    if messenger is None:
        return HandedOver(job_id, "not_configured", f"{job.processor_type} is not configured")
    health, now = await store.get_health()
    if job.processor_type == "github_actions" and not forced(job) and (await store.get_rollout()).stopped:
        await store.defer_job(job.id, None, "stopped", None)
        return HandedOver(job_id, "deferred", "GitHub Actions is stopped until it is resumed")
    number = await store.mark_dispatched(job.id, claim_deadline(job.processor_type, job.handover_count, now))
    if number is None:
        return HandedOver(job_id, "overtaken", "the job takes no hand-over any more")
    try:
        handed = await messenger.send(job, number)
    except (ConfigurationError, CredentialError) as error:
        return await _refused(store, job, number, error)
    except Outage as error:
        # It may have arrived all the same. The job stays dispatched: claimed, or handed over again after its deadline.
        await note(store, health[job.processor_type], Verdict(False, "send_failed", str(error)))
        return HandedOver(job_id, "unknown", str(error))
    if handed.workflow_run_id or handed.run_url or handed.flow_run_id:
        await store.record_run(
            job.id, workflow_run_id=handed.workflow_run_id, run_url=handed.run_url, flow_run_id=handed.flow_run_id
        )
    return HandedOver(job_id, "sent", handed.reference or "", handed.run_url)


async def _refused(store: QueueStore, job: Job, number: int, error: ConfigurationError | CredentialError) -> HandedOver:
    again = bool(getattr(error, "retryable", True)) and number < MOST_REFUSALS
    status = await store.handover_refused(
        job.id, error_code=error.code, error=str(error), retry_seconds=REFUSED_RETRY_SECONDS if again else None
    )
    return HandedOver(str(job.id), "refused" if status in ("failed", "deferred") else "overtaken", str(error))


def forced(job: Job) -> bool:
    """Whether an operator asked that a stop be passed."""
    return bool(request_words(job).get("force"))
