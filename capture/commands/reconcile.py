"""`capture reconcile`: find what is listed and not captured, and have exactly that captured again."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

import typer

from capture.commands import frame
from capture.commands.sync import worker_name
from capture.core.errors import InvalidInput
from capture.core.request import CaptureRequest, parse_repository

if TYPE_CHECKING:
    from capture.usecases.health import Messengers
    from capture.usecases.tools import Tools

RepositoryArgument = Annotated[str | None, typer.Argument(help="OWNER/NAME; without it, all repositories.")]
QueueOption = Annotated[
    bool, typer.Option("--queue", help="Leave the repairs to the processors instead of doing them here.")
]

_COLUMNS = {
    "found": "gaps found", "opened": "new", "jobs": "repair jobs", "numbers": "pull requests", "requests": "requests",
    "repaired": "repaired", "accepted": "accepted", "open": "still open",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconcile")(reconcile)


def reconcile(
    repository: RepositoryArgument = None, queue: QueueOption = False, as_json: frame.JsonOption = False
) -> None:
    """Compare what GitHub lists with what is captured and repair it. Ends with 1 if something stays open."""
    if repository is not None:
        parse_repository(repository)
    answer = frame.run(lambda: _reconcile(repository, queue=queue))
    if as_json:
        frame.print_json(answer)
    else:
        frame.print_rows([answer], _COLUMNS)
    if answer["open"] and not queue:
        raise typer.Exit(1)


async def _reconcile(repository: str | None, *, queue: bool) -> dict[str, Any]:
    from capture.settings import settings
    from capture.usecases.reconcile import GapStore
    from capture.usecases.reconcile import reconcile as compare
    from capture.wiring import open_messengers, open_tools

    async with open_tools(settings(), say=frame.say) as tools, open_messengers(settings()) as messengers:
        store = cast(GapStore, tools.store)
        repository_id = await _id_of(tools, repository)
        ask = partial(_queued, tools, messengers) if queue else partial(_here, tools)
        done = await compare(store, ask, repository_id=repository_id)
        answer: dict[str, Any] = {
            "found": done.found, "opened": done.opened, "numbers": done.numbers, "repaired": done.repaired,
            "accepted": done.accepted, "open": done.open, "jobs": len(done.jobs), "job_ids": done.jobs, "requests": 0,
        }  # fmt: skip
        if done.jobs and not queue:
            answer["requests"] = await _run(tools, done.jobs)
            after = await store.reconcile_rows(repository_id=repository_id)  # so that the ledger shows what came of it
            answer |= {"repaired": done.repaired + after.repaired, "open": after.found - after.accepted}
        return answer


async def _id_of(tools: "Tools", repository: str | None) -> UUID | None:
    if repository is None:
        return None
    known = await tools.store.find_repository(*parse_repository(repository))
    if known is None:
        raise InvalidInput("repository", f"{repository} has not been captured yet")
    return UUID(str(known["id"]))


async def _here(tools: "Tools", request: CaptureRequest) -> UUID:
    from capture.usecases.sync import make_job

    return (await make_job(tools, request)).id


async def _queued(tools: "Tools", messengers: "Messengers", request: CaptureRequest) -> UUID:
    from capture.usecases.submit import submit

    return (await submit(tools, request, messengers=messengers or None)).head.id


async def _run(tools: "Tools", jobs: list[UUID]) -> int:
    """Run the repair jobs in this process; answers how many requests they took."""
    from capture.usecases.steps import DirectSteps
    from capture.usecases.sync import run_here

    requests = 0.0
    for job_id in jobs:
        await run_here(tools, job_id, owner=worker_name(), steps=DirectSteps())
        job = await tools.store.get_job(job_id)
        requests += float(job.metrics.get("requests", 0)) if job is not None else 0
    return round(requests)
