"""`capture status`: what runs on this machine, and how the queue is."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from capture.commands.frame import JsonOption, print_json, print_rows, run, say

if TYPE_CHECKING:
    from capture.local.state import UpState

COLUMNS = {"name": "service", "state": "state", "address": "address", "detail": "what"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(as_json: JsonOption = False) -> None:
    """Show the services on this machine, the jobs in the queue, and the health of both processors."""
    from capture.local import state
    from capture.settings import settings

    home = settings().capture_home.expanduser().absolute()
    found = state.read(home)
    answer: dict[str, Any] = {"up": asdict(found) if found else None}
    if answer["up"]:
        del answer["up"]["environment"]
    answer |= run(_queue)
    if as_json:
        print_json(answer)
        return
    if found is None:
        say(f"Nothing is up in {home}; `capture up` starts everything.")
    else:
        print_services(found)
    typer.echo("")
    print_rows(answer["jobs"], {"status": "jobs", "count": "number"}, empty="The queue is empty.")
    typer.echo("")
    print_rows(answer["processors"], {"processor": "processor", "status": "health", "detail": "why"})


def print_services(found: "UpState") -> None:
    """The services as a table."""
    print_rows([asdict(service) for service in found.services], COLUMNS)


async def _queue() -> dict[str, Any]:
    from collections import Counter

    from capture.settings import settings
    from capture.wiring import open_store

    async with open_store(settings(), say=say) as store:
        health, _ = await store.get_health()
        jobs = Counter(job.status for job in await store.list_jobs(limit=1000))
    return {
        "jobs": [{"status": name, "count": count} for name, count in sorted(jobs.items())],
        "processors": [
            {"processor": name, "status": one.status, "detail": one.detail or one.verdict}
            for name, one in health.items()
        ],
    }
