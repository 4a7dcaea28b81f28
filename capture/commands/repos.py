"""`capture repos`: the repositories that schedules follow, and asking for all of them at once."""

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from capture.commands import frame, scope
from capture.core.errors import CaptureError

if TYPE_CHECKING:
    from capture.store.store import Store
    from capture.usecases.submit import Submission

Names = Annotated[list[str], typer.Argument(metavar="OWNER/NAME…", help="Repositories on GitHub.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Tracked repositories: list, add, remove, fill the queue.")
    group.command("list")(list_)
    group.command("add")(add)
    group.command("remove")(remove)
    group.command("bootstrap")(bootstrap)
    app.add_typer(group, name="repos")


def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are not tracked.")] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """The tracked repositories, and how far each is covered."""

    async def read() -> list[dict[str, Any]]:
        from capture.settings import settings
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            return [row async for row in store.all_repositories(tracked=None if everything else True)]

    columns = {
        "full_name": "repository",
        "tracked": "tracked",
        "pull_requests_total": "pull requests",
        "watermark": "covered up to",
        "access": "access",
        "access_reason": "why",
    }
    frame.print_rows(frame.run(read), columns, as_json=as_json, empty="None yet: `capture repos add OWNER/NAME`.")


def add(repositories: Names, as_json: frame.JsonOption = False) -> None:
    """Track repositories: schedules keep them up to date. GitHub is asked whether they exist."""

    async def track_all() -> list[dict[str, Any]]:
        from capture.settings import settings
        from capture.usecases.repositories import track
        from capture.wiring import open_tools

        async with open_tools(settings(), bulk=False, say=frame.say) as tools:
            return [await track(cast("Store", tools.store), tools.github, name) for name in repositories]

    frame.print_rows(frame.run(track_all), {"full_name": "tracked", "github_id": "GitHub's id"}, as_json=as_json)


def remove(repositories: Names) -> None:
    """No longer track repositories; what was captured stays."""

    async def untrack_all() -> None:
        from capture.settings import settings
        from capture.usecases.repositories import untrack
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            for name in repositories:
                await untrack(store, name)

    frame.run(untrack_all)
    typer.echo(f"No longer tracked: {', '.join(repositories)}.")


def bootstrap(
    days: scope.Days = None,
    datasets: scope.Datasets = None,
    max_items: scope.MaxItems = None,
    as_json: frame.JsonOption = False,
) -> None:
    """Fill the queue of a new installation: one request for each tracked repository."""

    async def fill() -> "list[tuple[Any, Submission | CaptureError]]":
        from capture.settings import settings
        from capture.usecases import repositories
        from capture.wiring import open_messengers, open_tools

        words: dict[str, Any] = {"days_back": days, "max_items": max_items}
        words["datasets"] = None if datasets is None else [name.strip() for name in datasets.split(",")]
        configuration = settings()
        async with (
            open_tools(configuration, say=frame.say) as tools,
            open_messengers(configuration) as known,
        ):
            return await repositories.bootstrap(tools, messengers=known or None, **words)

    rows = [_row(request.full_name, answer) for request, answer in frame.run(fill)]
    columns = {"repository": "repository", "outcome": "outcome", "reason": "why", "job_id": "job"}
    frame.print_rows(rows, columns, as_json=as_json, empty="None yet: `capture repos add OWNER/NAME`.")
    if any(row["outcome"] == "error" for row in rows):
        raise typer.Exit(1)


def _row(name: str, answer: "Submission | CaptureError") -> dict[str, Any]:
    if isinstance(answer, CaptureError):
        return {"repository": name, "outcome": "error", "reason": str(answer), "job_id": None}
    return {"repository": name, "outcome": answer.outcome, "reason": answer.decision.reason, "job_id": answer.head.id}
