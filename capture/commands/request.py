"""`capture request`: ask for a capture and see where it goes, or with `--dry-run` where it would go."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from capture.commands import frame, scope
from capture.core.request import CaptureRequest

if TYPE_CHECKING:
    from capture.usecases.submit import Submission

Processor = Annotated[
    str | None, typer.Option("--processor", help="inngest or github_actions, whatever the rulings say.")
]
Force = Annotated[bool, typer.Option("--force", help="Pass a stop; needs --processor.")]
Mode = Annotated[str, typer.Option("--mode", help="shadow gives the scope to both processors, to compare them.")]
Trigger = Annotated[
    str, typer.Option("--trigger", help="manual, scheduled, automatic, repair or bootstrap; decides urgency.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the decision.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("request")(request)


def request(
    repository: scope.Repository,
    everything: scope.All = False,
    days: scope.Days = None,
    since: scope.Since = None,
    until: scope.Until = None,
    numbers: scope.Numbers = None,
    datasets: scope.Datasets = None,
    max_items: scope.MaxItems = None,
    processor: Processor = None,
    mode: Mode = "normal",
    trigger: Trigger = "manual",
    force: Force = False,
    dry_run: DryRun = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Ask for a capture: decide which processor does what, write the jobs, hand them over."""
    wanted = scope.request_of(
        repository, everything=everything, days=days, since=since, until=until, numbers=numbers, datasets=datasets,
        max_items=max_items, processor=processor, mode=mode, trigger=trigger, force=force,
    )  # fmt: skip
    submission = frame.run(lambda: _submit(wanted, dry_run=dry_run))
    answer = {**submission.as_json(), "handed": [_handed(one) for one in submission.handed]}
    if as_json:
        frame.print_json(answer)
        return
    show(submission)


async def _submit(wanted: CaptureRequest, *, dry_run: bool) -> "Submission":
    from capture.settings import settings
    from capture.usecases.submit import submit
    from capture.wiring import open_messengers, open_tools

    configuration = settings()
    async with open_tools(configuration, bulk=False, say=frame.say) as tools, open_messengers(configuration) as known:
        return await submit(tools, wanted, dry_run=dry_run, messengers=known or None)


def show(submission: "Submission") -> None:
    """The decision for people: why, what goes where, and what to do next."""
    decision = submission.decision
    for note in decision.notes:
        typer.echo(note)
    if submission.outcome == "duplicate":
        typer.echo(f"Already asked for: job {submission.head.id} is {submission.head.status}.")
        return
    if submission.outcome == "throttled" and submission.head.next_time is not None:
        again = frame.as_text(submission.head.next_time)
        typer.echo(f"Just done: job {submission.head.id} stands for it; ask again from {again} UTC on.")
        return
    typer.echo(f"{decision.reason} (ruling {decision.ruling})")
    ids = [job.id for job in submission.jobs] if submission.jobs else [None] * len(decision.slices)
    outcomes = {one.job_id: one for one in submission.handed}
    rows: list[dict[str, Any]] = []
    for piece, job_id in zip(decision.slices, ids, strict=True):
        handed = outcomes.get(str(job_id))
        state = f"{piece.status}: {piece.deferred_reason}" if piece.deferred_reason else piece.status
        rows.append(
            {
                "label": piece.label,
                "part": piece.part,
                "items": "all" if piece.scope.max_items is None else piece.scope.max_items,
                "priority": piece.priority,
                "state": f"{handed.outcome} {handed.detail}".strip() if handed is not None else state,
                "job": job_id,
            }
        )
    columns = {"label": "where", "part": "part", "items": "items", "priority": "priority", "state": "state"}
    frame.print_rows(rows, columns if submission.dry_run else {**columns, "job": "job"})
    if decision.cut is not None:
        some = "an unknown number of" if decision.cut.items is None else str(decision.cut.items)
        typer.echo(f"The limit of {decision.cut.limit} leaves {some} older items uncovered.")
    waiting = [job for job in submission.jobs if job.status == "pending"]
    if waiting and not submission.handed:
        typer.echo("No processor is configured here: `capture jobs run` does the work on this machine.")


def _handed(one: Any) -> dict[str, Any]:
    return {"job_id": one.job_id, "outcome": one.outcome, "detail": one.detail, "run_url": one.run_url}
