"""`capture demo`: everything on this machine, in one command, without an account."""

import contextlib
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capture.commands.frame import JsonOption, print_json
from capture.core.errors import InvalidInput

if TYPE_CHECKING:
    from capture.local.demo import Outcome

FILES = ("repository.json", "pull_requests.jsonl")
"""Without these a folder holds no records of a repository."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Real records instead of a generated repository.")
    ] = None,
    pull_requests: Annotated[
        int | None,
        typer.Option("--pull-requests", metavar="N", help="Size of the generated repository [default: 300]."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the servers running afterwards, to look around, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the whole job on this machine: capture a stand-in for GitHub, validate, report. Needs no account.

    It starts a database, Prefect's server and a GitHub of its own, captures one repository through the routing flow,
    captures it again to show that nothing is written twice, and validates it. Your own database and accounts are left
    alone: everything lies in CAPTURE_HOME/demo. It ends with 0 only if everything is captured and validated.
    """
    options = _sandbox_options(data, pull_requests)
    from capture.commands.demo_view import DemoView, show
    from capture.local.demo import running_demo
    from capture.settings import settings, shell_environment

    _stop_on(signal.SIGTERM, signal.SIGHUP)
    home = settings().capture_home.expanduser().absolute() / "demo"
    with DemoView() as view, running_demo(home, options, shell_environment(), view) as outcome:
        view.close()
        if as_json:
            print_json(outcome.payload())
        else:
            show(outcome)
        if keep:
            _wait_for_interrupt(outcome)
    raise typer.Exit(outcome.exit_code)


def _sandbox_options(data: Path | None, pull_requests: int | None) -> list[str]:
    if data is not None and pull_requests is not None:
        raise InvalidInput("--pull-requests", "cannot be used together with --data")
    if data is None:
        size = 300 if pull_requests is None else pull_requests
        if not 1 <= size <= 1_000_000:
            raise InvalidInput("--pull-requests", f"{size} is not between 1 and 1,000,000")
        return ["--pull-requests", str(size), "--owner", "octo-demo", "--name", "progressive"]
    missing = [name for name in FILES if not (data / name).is_file()]
    if missing:
        raise InvalidInput("--data", f"{data} holds no records of a repository ({missing[0]} is missing)")
    return ["--data", str(data.absolute())]


def _stop_on(*numbers: signal.Signals) -> None:
    """Let these signals end the command as Ctrl-C does: in order, with everything that was started."""

    def interrupt(_number: int, _frame: FrameType | None) -> Any:
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)


def _wait_for_interrupt(outcome: "Outcome") -> None:
    typer.echo(f"\nEverything keeps running. Prefect: {outcome.prefect_page}")
    typer.echo(f"In another terminal: CAPTURE_HOME={outcome.home} capture jobs list")
    typer.echo("Ctrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
