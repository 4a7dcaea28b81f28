"""`capture run-job`: do one job of the queue in this process, as the workflow's runner does it."""

from datetime import timedelta
from typing import Annotated, Any, cast, get_args
from uuid import UUID

import typer

from capture.commands import frame
from capture.commands.progress import progress
from capture.commands.sync import answer_of, report, worker_name
from capture.core.errors import InvalidInput
from capture.core.models import Executor


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run-job")(run_job)


def run_job(
    job: Annotated[str, typer.Argument(metavar="JOB_ID", help="The job's id.")],
    executed_by: Annotated[
        str, typer.Option("--executed-by", help="On whose behalf: local or github_actions.")
    ] = "local",
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", help="Give the job back at a checkpoint before so many minutes are over."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also a job that is deferred or waits for its next try.")
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Do one job of the queue here: claim it, capture, finish."""
    try:
        job_id = UUID(job)
    except ValueError:
        raise InvalidInput("job", f"{job!r} is not a job's id") from None
    if executed_by not in get_args(Executor):
        raise InvalidInput("executed-by", f"{executed_by!r} is not one of {', '.join(get_args(Executor))}")
    executor = cast("Executor", executed_by)
    answer = frame.run(lambda: _run(job_id, executor, minutes, force=force, quiet=as_json))
    report(answer, as_json=as_json)


async def _run(job_id: UUID, executor: Executor, minutes: float | None, *, force: bool, quiet: bool) -> dict[str, Any]:
    from capture.settings import settings
    from capture.usecases.run_job import run_job as run
    from capture.wiring import open_tools

    async with open_tools(settings(), bulk=executor != "inngest", say=frame.say) as tools:
        with progress(str(job_id), quiet=quiet) as (steps, show):
            show(tools, job_id)
            stop_at = None if minutes is None else tools.clock() + timedelta(minutes=minutes)
            outcome = await run(
                tools, job_id, executed_by=executor, owner=worker_name(), steps=steps, stop_at=stop_at, force=force
            )
        if outcome.reason == "not_found":
            raise InvalidInput("job", f"there is no job {job_id}")
        answer = await answer_of(tools, outcome)
        put_off = outcome.status == "deferred" or (outcome.status == "refused" and outcome.reason != "not_found")
        if executor == "github_actions" and put_off:
            answer["exit_code"] = 0  # the queue goes on with it: a red run would tell people of a failure
        return answer
