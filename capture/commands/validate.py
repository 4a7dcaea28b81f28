"""`capture validate` and `capture report`: they run the suites as a process of their own, which imports for seconds."""

import subprocess
import sys
from typing import Annotated, cast

import typer

from capture.commands.frame import JsonOption, run, say

EXIT_BAD = 1

RepositoryOption = Annotated[str | None, typer.Option("--repository", help="OWNER/NAME; without it, all repositories.")]
SinceOption = Annotated[str | None, typer.Option(help="Pull requests that changed at or after this day or zoned time.")]
UntilOption = Annotated[str | None, typer.Option(help="Pull requests that changed before this day or zoned time.")]
SuiteOption = Annotated[list[str] | None, typer.Option("--suite", help="Only this suite; may be given again.")]
CheckpointOption = Annotated[str, typer.Option(help="demand, window, nightly or weekly.")]

AuditOption = Annotated[int, typer.Option(min=0, max=200, help="First read so many pull requests again over REST.")]
RepairOption = Annotated[bool, typer.Option(help="Ask for the repair of what is missing.")]


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
    audit: AuditOption = 0,
    repair: RepairOption = True,
    as_json: JsonOption = False,
) -> None:
    """Check the captured data. Ends with 0 if it is good, 1 if it is not, 3 if that could not be told.

    What is found missing gets a repair job, once, unless told otherwise.
    """
    if audit:
        run(lambda: _audit(repository, audit))
    words = ["validate", "--checkpoint", checkpoint]
    for option, value in (("--repository", repository), ("--since", since), ("--until", until)):
        words += [option, value] if value is not None else []
    for name in suite or []:
        words += ["--suite", name]
    code = run_expectations([*words, *(["--json"] if as_json else [])])
    if code == EXIT_BAD and repair and run(lambda: _repair(repository)):
        run_expectations(["report", "--json"], quiet=True)  # now it shows what is being repaired
    raise typer.Exit(code)


def report(as_json: JsonOption = False) -> None:
    """Make the quality report from what is stored, and say where it lies."""
    raise typer.Exit(run_expectations(["report", *(["--json"] if as_json else [])]))


def run_expectations(words: list[str], *, quiet: bool = False) -> int:
    """Run `python -m expectations` with these words on this terminal, and answer its exit code."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run([sys.executable, "-m", "expectations", *words], check=False, stdout=output).returncode


async def _repair(repository: str | None) -> int:
    """Ask for the repair of what is missing; answers the number of jobs."""
    from capture.settings import settings
    from capture.usecases.reconcile import queue_repairs
    from capture.wiring import open_messengers, open_store

    async with open_store(settings()) as store, open_messengers(settings()) as messengers:
        done = await queue_repairs(store, messengers or None, repository=repository)
    if done.jobs:
        say(f"{done.open} gaps: {len(done.jobs)} repair jobs wait in the queue; `capture reconcile` repairs them here.")
    return len(done.jobs)


async def _audit(repository: str | None, limit: int) -> None:
    from capture.settings import settings
    from capture.usecases.audit import AuditStore, audit
    from capture.usecases.reconcile import repository_id_of
    from capture.wiring import open_tools

    async with open_tools(settings(), say=say) as tools:
        store = cast(AuditStore, tools.store)
        found = await audit(
            store, tools.github, repository_id=await repository_id_of(tools.store, repository), limit=limit
        )
    say(f"Audit: {found} records of {limit} pull requests read again over REST.")
