"""`capture reconcile`: find what is listed and not captured, and have exactly that captured again."""

from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

import typer

from capture.commands import frame
from capture.commands.sync import worker_name
from capture.core.request import CaptureRequest, parse_repository

if TYPE_CHECKING:
    from capture.usecases.reconcile import Reconciliation
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
    from capture.usecases.reconcile import queue_repairs
    from capture.wiring import open_messengers, open_store

    if not queue:
        return await _here(repository)
    async with open_store(settings(), say=frame.say) as store, open_messengers(settings()) as messengers:
        return _answer(await queue_repairs(store, messengers or None, repository=repository))


async def _here(repository: str | None) -> dict[str, Any]:
    from capture.settings import settings
    from capture.usecases.reconcile import GapStore, repository_id_of
    from capture.usecases.reconcile import reconcile as compare
    from capture.usecases.sync import make_job
    from capture.wiring import open_tools

    async with open_tools(settings(), say=frame.say) as tools:

        async def ask(request: CaptureRequest) -> UUID:
            return (await make_job(tools, request)).id

        store = cast(GapStore, tools.store)
        repository_id = await repository_id_of(tools.store, repository)
        done = await compare(store, ask, repository_id=repository_id)
        answer = _answer(done)
        if done.jobs or done.waiting:
            answer["requests"] = await _run(tools, [*done.jobs, *done.waiting])
            after = await store.reconcile_rows(repository_id=repository_id)  # so that the ledger shows what came of it
            answer |= {"repaired": done.repaired + after.repaired, "open": after.found - after.accepted}
        return answer


def _answer(done: "Reconciliation") -> dict[str, Any]:
    return {
        "found": done.found, "opened": done.opened, "numbers": done.numbers, "repaired": done.repaired,
        "accepted": done.accepted, "open": done.open, "jobs": len(done.jobs) + len(done.waiting),
        "job_ids": [*done.jobs, *done.waiting], "requests": 0,
    }  # fmt: skip


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
