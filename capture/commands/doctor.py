"""`capture doctor`: is everything here as it must be? Each check is a line, each failure says what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import typer

from capture.commands import frame
from capture.core.errors import CaptureError

Check = Callable[[], Awaitable[str]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_json: frame.JsonOption = False) -> None:
    """Check the database (reachable, schema, writing and reading), GitHub's credential and what else is configured."""
    rows, worst = frame.run(_examine)
    if as_json:
        frame.print_json(rows)
    else:
        for row in rows:
            typer.echo(f"{row['state']:<5} {row['check']}: {row['detail']}")
    if worst:
        raise typer.Exit(worst)


async def _examine() -> tuple[list[dict[str, Any]], int]:
    checks: dict[str, Check] = {"database": _database, "GitHub": _github, "processors": _processors}
    rows: list[dict[str, Any]] = []
    worst = 0
    for name, check in checks.items():
        try:
            rows.append({"check": name, "state": "good", "detail": await check()})
        except CaptureError as error:
            rows.append({"check": name, "state": "bad", "detail": str(error)})
            worst = max(worst, error.exit_code)
    return rows, worst


async def _database() -> str:
    from capture.commands.sync import worker_name
    from capture.core.errors import ConfigurationError
    from capture.settings import settings
    from capture.wiring import open_store

    async with open_store(settings(), say=frame.say) as store:
        before = asyncio.get_running_loop().time()
        await store.server_time()
        seconds = asyncio.get_running_loop().time() - before
        differences = await store.schema_differences()
        if differences:
            raise ConfigurationError(
                f"The schema is not as this code expects it; run `capture migrate`. {'; '.join(differences)}."
            )
        await store.send_canary(worker_name())
    return f"schema as expected, a row written and read back; a call takes {seconds * 1000:.0f} ms"


async def _github() -> str:
    from capture.settings import settings
    from capture.wiring import probe_github

    return await probe_github(settings())


async def _processors() -> str:
    from capture.settings import settings
    from capture.wiring import open_messengers

    async with open_messengers(settings()) as messengers:
        verdicts = {name: await messenger.probe() for name, messenger in messengers.items()}
    if not verdicts:
        return "none configured: jobs are done by `capture sync` and `capture jobs run`"
    return "; ".join(f"{name}: {verdict.code} {verdict.detail}".rstrip() for name, verdict in verdicts.items())
