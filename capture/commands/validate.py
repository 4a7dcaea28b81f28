"""`capture validate` and `capture report`: they run the suites as a process of their own, which imports for seconds."""

import subprocess
import sys
from typing import Annotated

import typer

from capture.commands.frame import JsonOption

RepositoryOption = Annotated[str | None, typer.Option("--repository", help="OWNER/NAME; without it, all repositories.")]
SinceOption = Annotated[str | None, typer.Option(help="Pull requests that changed at or after this day or zoned time.")]
UntilOption = Annotated[str | None, typer.Option(help="Pull requests that changed before this day or zoned time.")]
SuiteOption = Annotated[list[str] | None, typer.Option("--suite", help="Only this suite; may be given again.")]
CheckpointOption = Annotated[str, typer.Option(help="demand, window, nightly or weekly.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("validate")(validate)
    app.command("report")(report)


def validate(
    repository: RepositoryOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    suite: SuiteOption = None,
    checkpoint: CheckpointOption = "demand",
    as_json: JsonOption = False,
) -> None:
    """Check the captured data. Ends with 0 if it is good, 1 if it is not, 3 if that could not be told."""
    words = ["validate", "--checkpoint", checkpoint]
    for option, value in (("--repository", repository), ("--since", since), ("--until", until)):
        words += [option, value] if value is not None else []
    for name in suite or []:
        words += ["--suite", name]
    raise typer.Exit(run_expectations([*words, *(["--json"] if as_json else [])]))


def report(as_json: JsonOption = False) -> None:
    """Make the quality report from what is stored, and say where it lies."""
    raise typer.Exit(run_expectations(["report", *(["--json"] if as_json else [])]))


def run_expectations(words: list[str]) -> int:
    """Run `python -m expectations` with these words on this terminal, and answer its exit code."""
    return subprocess.run([sys.executable, "-m", "expectations", *words], check=False).returncode
