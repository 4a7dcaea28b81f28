"""`capture jobs`: look at the queue, and act on single jobs."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_args
from uuid import UUID

import typer

from capture.commands import frame
from capture.core.errors import InvalidInput
from capture.core.models import Job, Status

if TYPE_CHECKING:
    from capture.store.store import Store

T = TypeVar("T")

JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The job's id.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="The queue: list, show, run, retry, cancel, prune.")
    group.command("list")(list_)
    group.command("show")(show)
    group.command("run")(run)
    group.command("retry")(retry)
    group.command("cancel")(cancel)
    group.command("prune")(prune)
    app.add_typer(group, name="jobs")


def list_(
    status: Annotated[
        str | None, typer.Option("--status", help=f"Only jobs that are {', '.join(get_args(Status))}.")
    ] = None,
    repository: Annotated[str | None, typer.Option("--repository", metavar="OWNER/NAME", help="Only its jobs.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
    as_json: frame.JsonOption = False,
) -> None:
    """The newest jobs; failed ones are the dead letters, with the reason."""
    if status is not None and status not in get_args(Status):
        raise InvalidInput("status", f"{status!r} is not one of {', '.join(get_args(Status))}")
    owner, name = _names(repository)

    async def read(store: "Store") -> list[Job]:
        found: list[Job] = []
        async for job in store.all_jobs(cast("Status | None", status), owner, name):
            found.append(job)
            if len(found) == limit:
                break
        return found

    rows = [job.model_dump(mode="json") if as_json else _line(job) for job in _with_store(read)]
    columns = {"id": "job", "repository": "repository", "status": "status", "done": "items", "why": "why"}
    frame.print_rows(rows, columns, as_json=as_json, empty="No such jobs.")


def show(job_id: JobId, as_json: frame.JsonOption = False) -> None:
    """Everything about one job, and its slices or shards where it has some."""
    identity = _identity(job_id)

    async def read(store: "Store") -> tuple[Job, list[Job]]:
        job = await store.get_job(identity)
        if job is None:
            raise InvalidInput("job", f"there is no job {identity}")
        return job, await store.children(identity) if job.is_parent else []

    job, children = _with_store(read)
    if as_json:
        frame.print_json({**job.model_dump(mode="json"), "children": [one.model_dump(mode="json") for one in children]})
        return
    facts = {key: value for key, value in job.model_dump().items() if value not in (None, {}, ()) or key == "error"}
    rows = [{"field": key.replace("_", " "), "value": frame.as_text(value)} for key, value in facts.items()]
    frame.print_rows(rows, {"field": "field", "value": "value"})
    if children:
        columns = {"id": "part", "status": "status", "processor": "processor", "done": "items", "why": "why"}
        frame.print_rows([_line(child) for child in children], columns)


def run(
    job_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB_ID…]", help="Without ids: all jobs that wait for a processor.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many waiting jobs.")] = 100,
    as_json: frame.JsonOption = False,
) -> None:
    """Do waiting jobs here, when no processor can."""
    identities = [_identity(job_id) for job_id in job_ids or []]
    answers = frame.run(lambda: _run(identities, limit))
    columns = {"repository": "repository", "job_id": "job", "status": "status", "items": "items", "reason": "why"}
    frame.print_rows(answers, columns, as_json=as_json, empty="Nothing waits to be done here.")
    worst = max((answer["exit_code"] for answer in answers), default=0)
    if worst:
        raise typer.Exit(worst)


async def _run(identities: list[UUID], limit: int) -> list[dict[str, Any]]:
    from capture.commands.sync import answer_of, worker_name
    from capture.settings import settings
    from capture.usecases.drain import run_waiting
    from capture.usecases.steps import DirectSteps
    from capture.wiring import open_tools

    async with open_tools(settings(), say=frame.say) as tools:
        waiting = run_waiting(tools, owner=worker_name(), steps=DirectSteps(), job_ids=identities, limit=limit)
        return [await answer_of(tools, outcome) async for outcome in waiting]


def retry(job_id: JobId, as_json: frame.JsonOption = False) -> None:
    """Repeat an ended job as a new one; of a parent, the parts that did not complete."""
    identity = _identity(job_id)
    answer = _with_store(lambda store: store.retry_job(identity))
    if as_json:
        frame.print_json({"id": answer.id, "outcome": answer.outcome, "status": answer.status})
    elif answer.outcome == "created":
        typer.echo(f"Job {answer.id} repeats it.")
    elif answer.id == identity:
        typer.echo(f"Nothing to repeat: it is {answer.status}.")
    else:
        typer.echo(f"Job {answer.id} of the same scope is {answer.status} already.")


def cancel(job_id: JobId, as_json: frame.JsonOption = False) -> None:
    """Stop a job: at once where it waits, after its present chunk where it runs."""
    identity = _identity(job_id)
    outcome, untold = frame.run(lambda: _cancel(identity))
    if outcome == "not_found":
        raise InvalidInput("job", f"there is no job {identity}")
    if as_json:
        frame.print_json({"id": identity, "outcome": outcome, "untold": untold})
        return
    sentences = {
        "cancelled": "It is cancelled.",
        "requested": "Its worker was asked to stop, which it does after its present chunk.",
        "terminal": "It had ended already.",
    }
    typer.echo(sentences.get(outcome, f"It is {outcome}."))
    for part, reason in untold.items():
        frame.say(f"The processor of {part} could not be told: {reason}")


async def _cancel(identity: UUID) -> tuple[str, dict[str, str]]:
    from capture.settings import settings
    from capture.usecases.cancel import cancel as cancel_everywhere
    from capture.wiring import open_messengers, open_store

    async with open_store(settings(), say=frame.say) as store, open_messengers(settings()) as messengers:
        done = await cancel_everywhere(store, messengers, identity)
        return done.outcome, done.untold


def prune(
    days: Annotated[int, typer.Option("--days", min=1, help="Keep what ended within so many days.")] = 90,
    observation_days: Annotated[
        int, typer.Option("--observation-days", min=1, help="Keep observations of so many days.")
    ] = 30,
    as_json: frame.JsonOption = False,
) -> None:
    """Remove ended jobs and old observations. Daily figures stay, and nothing captured is ever erased."""
    pruned = _with_store(lambda store: store.prune_jobs(days, observation_days))
    if as_json:
        frame.print_json({"jobs": pruned.jobs, "observations": pruned.observations})
    else:
        typer.echo(f"{pruned.jobs} jobs and {pruned.observations} observations removed.")


def _with_store(action: "Callable[[Store], Awaitable[T]]") -> T:
    async def main() -> T:
        from capture.settings import settings
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            return await action(store)

    return frame.run(main)


def _line(job: Job) -> dict[str, Any]:
    total = "" if job.items_total is None else f" of {job.items_total}"
    return {
        "id": str(job.id),
        "repository": job.full_name,
        "status": job.status,
        "processor": job.executed_by or job.processor_type,
        "done": f"{job.items_done}{total}",
        "attempt": job.attempt,
        "created_at": job.created_at,
        "why": job.error or job.deferred_reason or (job.decision or {}).get("reason"),
    }


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("job", f"{text!r} is not a job's id") from None


def _names(repository: str | None) -> tuple[str | None, str | None]:
    if repository is None:
        return None, None
    from capture.core.request import parse_repository

    owner, name = parse_repository(repository)
    return owner, name
