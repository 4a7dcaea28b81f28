"""`capture plan`: what capturing a repository's whole history would take, before it is done."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from capture.commands import frame, scope
from capture.core.request import parse_repository

if TYPE_CHECKING:
    from capture.core.estimate import Estimate


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(repository: scope.Repository, as_json: frame.JsonOption = False) -> None:
    """Estimate requests, points, minutes, dollars and shards of a whole history, from at most three listing pages."""
    owner, name = parse_repository(repository)
    full_name, estimate = frame.run(lambda: _plan(owner, name))
    figures = ("rows", "requests", "points", "minutes", "dollars")
    if as_json:
        frame.print_json({"repository": full_name, **asdict(estimate)})
        return
    rows: list[dict[str, Any]] = [{"figure": figure, **getattr(estimate, figure).rounded()} for figure in figures]
    typer.echo(f"{full_name}: {estimate.items:,} pull requests, {estimate.shards} shard(s) on GitHub Actions")
    frame.print_rows(rows, {"figure": "figure", "value": "estimate", "low": "at least", "high": "at most"})
    typer.echo(f"From {estimate.sampled} sampled pull requests; Actions cost nothing in public repositories.")


async def _plan(owner: str, name: str) -> "tuple[str, Estimate]":
    from capture.settings import settings
    from capture.usecases.estimate import plan_capture
    from capture.wiring import open_source

    async with open_source(settings()) as github:
        return await plan_capture(github, owner, name)
