"""`capture shadow report`: both processors side by side, from shadow runs."""

from typing import Annotated, Any

import typer

from capture.commands import frame, scope

Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many single records to list.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Compare both processors: `request --mode shadow`, then a report.")
    group.callback()(_shadow)
    group.command("report")(report)
    app.add_typer(group, name="shadow")


def _shadow() -> None:
    """Shadow runs."""


def report(
    repository: Annotated[str | None, typer.Argument(metavar="[OWNER/NAME]", help="Default: all.")] = None,
    days: scope.Days = None,
    limit: Limit = 50,
    as_json: frame.JsonOption = False,
) -> None:
    """Records seen by both, fields in which they differ, records that one missed, and what each side took.

    Exit code 1 where they disagree or one side missed a record, 3 where there is nothing to compare.
    """

    async def read() -> dict[str, Any]:
        from capture.settings import settings
        from capture.usecases.shadow import compare
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            return await compare(store, repository, days=days, limit=limit, prices=settings().prices)

    found = frame.run(read)
    if as_json:
        frame.print_json(found)
    else:
        _print(found)
    if found["exit_code"]:
        raise typer.Exit(found["exit_code"])


def _print(found: dict[str, Any]) -> None:
    typer.echo(found["verdict"])
    if not found["pairs"]:
        return
    frame.print_rows(
        found["sides"],
        {
            "side": "processor",
            "jobs": "jobs",
            "items": "items",
            "seconds": "seconds",
            "requests": "requests",
            "points": "points",
            "billed_minutes": "minutes",
            "executions": "executions",
            "dollars": "dollars",
        },
    )
    if found["disagreements"]:
        typer.echo("\nFields that differ:")
        frame.print_rows(
            found["disagreements"],
            {
                "full_name": "repository",
                "number": "pull request",
                "record_kind": "record",
                "record_key": "key",
                "field": "field",
                "inngest": "Inngest",
                "github_actions": "GitHub Actions",
            },
        )
    if found["one_sided"]:
        typer.echo("\nRecords that one side alone has seen:")
        columns = {"full_name": "repository", "number": "pull request", "record_kind": "record", "record_key": "key"}
        frame.print_rows(found["one_sided"], {**columns, "seen_by": "seen by"})
