"""After each job: its window is validated, and what is missing is repaired."""

from typing import Any

from prefect import flow

from capture.core.errors import JobFailed
from flows.validate_quality import CouldNotTell, check_rows, gravest_first, sentence
from tasks.artifacts import show_rows
from tasks.quality import reconcile, validate_after_jobs


@flow(name="validate-jobs", retries=0)
async def validate_jobs() -> list[dict[str, Any]]:
    """Validate the windows of all jobs that ended since the last validation; the run fails when one is not green."""
    runs = await validate_after_jobs()
    bad = [run for run in runs if run["status"] != "passed"]
    rows = [{"repository": run["repository"], **row} for run in runs for row in check_rows(run["results"])]
    if rows:
        await show_rows("checks", rows, f"{len(runs)} repositories validated after their jobs, {len(bad)} not green")
    for run in bad:
        await reconcile(run["repository"])
    worst = [result for run in bad for result in gravest_first(run["results"])]
    if any(run["status"] == "failed" for run in bad):
        raise JobFailed(sentence(worst))
    if bad:
        raise CouldNotTell(sentence(worst))
    return [{key: run[key] for key in ("run_id", "repository", "status")} for run in runs]
