"""`capture cost`: what was spent, from measured minutes and executions."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from capture.commands import frame

Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="How many days back, today included.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cost")(cost)


def cost(
    days: Days = 30,
    by: Annotated[str, typer.Option("--by", help="Sum up by processor, repository or day.")] = "processor",
    public: Annotated[bool, typer.Option("--public", help="The workflows live in a public repository: free.")] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """What jobs took and cost: items, requests, points, billed minutes, executions, dollars."""
    from dataclasses import replace

    from capture.core.errors import InvalidInput
    from capture.core.usage import KEYS, summed
    from capture.settings import settings

    if by not in KEYS:
        raise InvalidInput("by", f"{by!r} is not one of {', '.join(KEYS)}")
    prices = replace(settings().prices, actions_are_free=public)

    async def read() -> list[dict[str, Any]]:
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            today = (await store.server_time()).date()
            for day in (today - timedelta(days=1), today):
                await store.roll_usage(day, prices)
            return await store.get_usage(today - timedelta(days=days - 1), today)

    rows = summed(frame.run(read), by, prices)
    columns = {
        by: by,
        "jobs": "jobs",
        "failed": "failed",
        "items": "items",
        "requests": "requests",
        "points": "points",
        "billed_minutes": "minutes",
        "executions": "executions",
        "dollars": "dollars",
        "per_item": "an item",
    }
    shown = rows if as_json else [{**row, **{key: _money(row[key]) for key in ("dollars", "per_item")}} for row in rows]
    frame.print_rows(shown, columns, as_json=as_json, empty=f"Nothing was captured in {days} days.")


def _money(value: float | None) -> str | None:
    return None if value is None else f"${value:,.4f}" if value >= 0.01 or value == 0 else f"${value:.6f}"
