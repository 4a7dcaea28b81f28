"""The suites, their stored results, Data Docs and report; what is missing is repaired."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from prefect import flow

from capture.core.errors import CaptureError, JobFailed
from tasks.artifacts import show_link, show_rows
from tasks.quality import look_again, reconcile, validate


class CouldNotTell(CaptureError):
    """A check could not be made: the run is neither good nor bad."""

    code = "could_not_tell"
    exit_code = 3


@flow(name="validate-quality", retries=0)
async def validate_quality(
    checkpoint: Literal["window", "nightly", "weekly", "demand"] = "demand",
    repository: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    job_id: UUID | None = None,
    audit: int = 0,
    repair: bool = True,
) -> dict[str, Any]:
    """Validate, show what failed, and have repaired what is missing.

    The run fails when the data is bad and when that could not be told, so that Prefect shows it and can notify.

    Args:
        checkpoint: Which suites run; window is for the time of one job, weekly looks at everything.
        repository: owner/name; empty for all repositories.
        since: Pull requests that changed at or after this time; empty for all.
        until: Pull requests that changed before this time; empty for all.
        job_id: The job after which this validation runs.
        audit: So many captured pull requests are first read again over REST.
        repair: Whether what is missing gets repair jobs.
    """
    if audit:
        await look_again(audit, repository)
    run = await validate(checkpoint=checkpoint, repository=repository, since=since, until=until, job_id=job_id)
    bad = gravest_first(run["results"])
    await show_rows("checks", check_rows(run["results"]), f"Validation: {run['status']}")
    if run.get("report"):
        await show_link(Path(run["report"]).as_uri(), "Quality report")
    if repair and any(result["suite"] == "completeness" for result in bad):
        await show_rows("repairs", [await reconcile(repository, since, until)], "Repairs asked for")
    if run["status"] == "failed":
        raise JobFailed(sentence(bad))
    if run["status"] == "error":
        raise CouldNotTell(run.get("message") or sentence(bad))
    return {key: run[key] for key in ("run_id", "status", "report", "docs")}


def gravest_first(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results that are not green, errors and critical ones before the rest."""
    bad = [result for result in results if result["status"] in ("failed", "error")]
    return sorted(bad, key=lambda result: (result["status"] != "error", result["severity"] != "critical"))


def check_rows(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What failed, one row a check; where nothing did, one row that says how many passed."""
    rows = [
        {
            "result": r["status"], "severity": r["severity"], "suite": r["suite"], "check": r["description"],
            "found": r["unexpected"] or r["message"] or "",
        }
        for r in gravest_first(results)
    ]  # fmt: skip
    passed = sum(1 for r in results if r["status"] == "passed")
    return rows or [{"result": "passed", "severity": "", "suite": "all", "check": f"{passed} checks", "found": ""}]


def sentence(bad: list[dict[str, Any]]) -> str:
    """What is wrong, in one sentence."""
    names = ", ".join(f"{r['suite']}/{r['expectation']}" for r in bad[:5])
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    return f"{'1 check is' if len(bad) == 1 else f'{len(bad)} checks are'} not green: {names}{more}"
