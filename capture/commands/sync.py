"""`capture sync`: capture a repository here and now, without queue and processors between."""

import os
import socket
from typing import TYPE_CHECKING, Any

import typer

from capture.commands import frame, scope
from capture.commands.progress import progress
from capture.core.request import CaptureRequest

if TYPE_CHECKING:
    from capture.usecases.run import Outcome
    from capture.usecases.tools import Tools

REFUSED = {
    "held": "another worker is capturing it right now",
    "terminal": "the job has ended already",
    "not_due": "the job is put off until its time has come; `capture run-job --force` does it now",
    "cancelled": "the job was cancelled",
    "parent": "the job only gathers others; run those",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


def sync(
    repository: scope.Repository,
    everything: scope.All = False,
    days: scope.Days = None,
    since: scope.Since = None,
    until: scope.Until = None,
    numbers: scope.Numbers = None,
    datasets: scope.Datasets = None,
    max_items: scope.MaxItems = None,
    as_json: frame.JsonOption = False,
) -> None:
    """Capture a repository's pull requests in this process; without a window, what is new since the last time."""
    request = scope.request_of(
        repository, everything=everything, days=days, since=since, until=until, numbers=numbers, datasets=datasets,
        max_items=max_items,
    )  # fmt: skip
    answer = frame.run(lambda: _sync(request, quiet=as_json))
    report(answer, as_json=as_json)


def report(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print how a job ended and leave with the exit code that belongs to it."""
    if as_json:
        frame.print_json(answer)
    else:
        typer.echo(sentence(answer))
    if answer["exit_code"]:
        raise typer.Exit(answer["exit_code"])


def sentence(answer: dict[str, Any]) -> str:
    """How a job ended, in one sentence."""
    where, items, rows = answer["repository"], answer["items"], answer["rows"]
    cost = f"{answer['requests']} requests, {answer['points']} points"
    match answer["status"]:
        case "completed" if items == 0:
            return f"{where}: nothing to capture; everything is up to date ({cost})."
        case "completed":
            missing = f"; {answer['incomplete']} are incomplete and will be read again" if answer["incomplete"] else ""
            return f"{where}: {items} pull requests captured, {rows} rows written ({cost}){missing}."
        case "deferred":
            until = f"{answer['until']:%Y-%m-%d %H:%M:%S} UTC" if answer["until"] else "somebody resumes it"
            return f"{where}: put off until {until} ({answer['reason']}); {items} pull requests captured so far."
        case "continued":
            return f"{where}: {items} pull requests captured, the rest goes on in job {answer['continuation_id']}."
        case "cancelled":
            return f"{where}: cancelled after {items} pull requests."
        case "refused":
            return f"{where}: not done here: {REFUSED.get(answer['reason'], answer['reason'])}."
        case status:
            return f"{where}: {status}: {answer['reason']}"


async def _sync(request: CaptureRequest, *, quiet: bool) -> dict[str, Any]:
    from capture.settings import settings
    from capture.usecases.sync import make_job, run_here
    from capture.wiring import open_tools

    async with open_tools(settings(), say=frame.say) as tools:
        submitted = await make_job(tools, request)
        with progress(f"{request.full_name}", quiet=quiet) as (steps, show):
            show(tools, submitted.id)
            # A job that waits for its next try is tried now; one that is deferred stays so.
            force = submitted.status in ("pending", "dispatched")
            outcome = await run_here(tools, submitted.id, owner=worker_name(), steps=steps, force=force)
        return await answer_of(tools, outcome)


async def answer_of(tools: "Tools", outcome: "Outcome") -> dict[str, Any]:
    """An outcome with the figures of its job, ready to print."""
    from capture.usecases.ending import exit_code

    job = await tools.store.get_job(outcome.job_id)
    metrics = job.metrics if job is not None else {}
    return {
        "repository": job.full_name if job is not None else None,
        "job_id": outcome.job_id,
        "status": outcome.status,
        "items": outcome.items,
        "rows": outcome.rows,
        "incomplete": job.items_incomplete if job is not None else 0,
        "requests": round(metrics.get("requests", 0)),
        "points": round(metrics.get("points", 0)),
        "reason": outcome.reason,
        "until": outcome.until,
        "continuation_id": outcome.continuation_id,
        "exit_code": exit_code(outcome, job),
    }


def worker_name() -> str:
    """Who holds the lease, for people."""
    return f"{socket.gethostname()}:{os.getpid()}"
