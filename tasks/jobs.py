"""Making the job of a run that was started by hand, where no queue made it before."""

from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from capture.core.models import DATASETS, Dataset, JobType, NewJob
from capture.core.request import parse_request, resolve, scope_hash
from capture.settings import settings
from capture.wiring import open_store
from tasks.forms import HistoricalForm

DATASETS_OF: dict[JobType, tuple[Dataset, ...]] = {
    "recent-prs": DATASETS,
    "historical-pr-sync": DATASETS,
    "historical-reviews-sync": ("reviews",),
    "historical-comments-sync": ("comments",),
    "bulk-file-changes": ("file_changes",),
    "reconcile": DATASETS,
}
"""What each kind of job captures. A pull request's own row always comes along: its children hang on it."""


@task(name="make job", cache_policy=NO_CACHE, persist_result=False)
async def job_for(form: HistoricalForm) -> UUID:
    """Put a bulk job for the form into the queue, or answer the active job that covers the same words already."""
    request = parse_request(
        repository=form.repository,
        days_back=form.days_back,
        whole_history=form.days_back is None,
        max_items=form.max_items,
        datasets=DATASETS_OF[form.job_type],
        processor="github_actions",
    )
    async with open_store(settings()) as store:
        since, until = resolve(request, await store.server_time())
        reason = "started by hand on the bulk processor"
        job = NewJob(
            job_type=form.job_type,
            owner=request.owner,
            name=request.name,
            processor_type="github_actions",
            trigger=request.trigger,
            scope_hash=scope_hash(request),
            time_range_days=request.days_back,
            since=since,
            until=until,
            max_items=request.max_items,
            datasets=request.datasets,
            decision={"reason": reason, "slices": [{"processor": "github_actions", "priority": 0, "reason": reason}]},
        )
        [submitted] = await store.submit_jobs([job])
        return submitted.id
