"""`capture rollout`: who takes part in bulk processing, and the emergency stop."""

import getpass
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from capture.commands import frame

if TYPE_CHECKING:
    from capture.core.rollout import Rollout
    from capture.store.store import Store

Reason = Annotated[str | None, typer.Option("--reason", help="Why, for the history.")]
Names = Annotated[list[str], typer.Argument(metavar="OWNER/NAME…", help="Repositories on GitHub.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Who takes part in bulk processing: show, change, stop, resume.")
    for name, command in {
        "show": show,
        "set": set_,
        "include": include,
        "exclude": exclude,
        "remove": remove,
        "stop": stop,
        "resume": resume,
        "history": history,
    }.items():
        group.command(name)(command)
    app.add_typer(group, name="rollout")


def show(as_json: frame.JsonOption = False) -> None:
    """The configuration that decisions are made from."""
    _print(frame.run(_read), as_json=as_json)


def set_(
    percentage: Annotated[float | None, typer.Option("--percentage", help="Share of repositories, 0 to 100.")] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="percentage, whitelist or repository_size.")
    ] = None,
    auto_rollback: Annotated[
        bool | None, typer.Option("--auto-rollback/--no-auto-rollback", help="Stop by itself on failures.")
    ] = None,
    max_error_rate: Annotated[
        float | None, typer.Option("--max-error-rate", help="Percent of failed executions that stops.")
    ] = None,
    min_jobs: Annotated[
        int | None, typer.Option("--min-jobs", help="More executions than this must have ended.")
    ] = None,
    reason: Reason = None,
    as_json: frame.JsonOption = False,
) -> None:
    """Set percentage, strategy, or when to stop by itself."""
    _change(
        "set", as_json=as_json, reason=reason, percentage=percentage, strategy=strategy, auto_rollback=auto_rollback,
        max_error_rate=max_error_rate, min_jobs=min_jobs,
    )  # fmt: skip


def include(repositories: Names, reason: Reason = None, as_json: frame.JsonOption = False) -> None:
    """Let repositories take part whatever the percentage."""
    _change("include", as_json=as_json, reason=reason, repositories=repositories)


def exclude(repositories: Names, reason: Reason = None, as_json: frame.JsonOption = False) -> None:
    """Keep repositories out; this wins over everything else."""
    _change("exclude", as_json=as_json, reason=reason, repositories=repositories)


def remove(repositories: Names, reason: Reason = None, as_json: frame.JsonOption = False) -> None:
    """Take repositories off both lists again."""
    _change("remove", as_json=as_json, reason=reason, repositories=repositories)


def stop(reason: Reason = None, as_json: frame.JsonOption = False) -> None:
    """Emergency stop: nothing more goes to GitHub Actions until `resume`."""
    _change("stop", as_json=as_json, reason=reason)


def resume(reason: Reason = None, as_json: frame.JsonOption = False) -> None:
    """End a stop; what it held back goes on."""
    _change("resume", as_json=as_json, reason=reason)


def history(
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 20, as_json: frame.JsonOption = False
) -> None:
    """What was changed, by whom and why, newest first."""

    async def read() -> list[dict[str, Any]]:
        from capture.settings import settings
        from capture.wiring import open_store

        async with open_store(settings(), say=frame.say) as store:
            return await store.list_rollout_history(limit=limit)

    rows = frame.run(read)
    shown = (
        rows
        if as_json
        else [{**row, "at": frame.as_text(_time(row["at"])), "became": _difference(row)} for row in rows]
    )
    columns = {"at": "when", "action": "action", "became": "became", "reason": "why", "actor": "who"}
    frame.print_rows(shown, columns, as_json=as_json, empty="Nothing was changed yet.")


async def _read() -> "Rollout":
    from capture.settings import settings
    from capture.wiring import open_store

    async with open_store(settings(), say=frame.say) as store:
        return await store.get_rollout()


def _change(action: str, *, as_json: bool, **values: Any) -> None:
    async def change() -> tuple[bool, "Rollout", int]:
        from capture.settings import settings
        from capture.usecases.rollout import change_rollout
        from capture.wiring import open_tools

        async with open_tools(settings(), bulk=False, say=frame.say) as tools:
            changed, rollout, freed = await change_rollout(
                cast("Store", tools.store), action, source=tools.github, actor=getpass.getuser(), **values
            )
            return changed, rollout, len(freed)

    changed, rollout, freed = frame.run(change)
    if not as_json:
        typer.echo("Changed." if changed else "That is how it was already.")
        if freed:
            typer.echo(f"Jobs that were held back and go on with the next round over the queue: {freed}.")
    _print(rollout, as_json=as_json)


def _print(rollout: "Rollout", *, as_json: bool) -> None:
    if as_json:
        plain = asdict(rollout)
        frame.print_json({**plain, "included": sorted(rollout.included), "excluded": sorted(rollout.excluded)})
        return
    stopped = f"yes, since {frame.as_text(rollout.stopped_at)}: {rollout.stop_reason or 'no reason given'}"
    rows = [
        {"what": "strategy", "value": rollout.strategy},
        {"what": "percentage", "value": f"{rollout.percentage:g} %"},
        {"what": "included (GitHub's ids)", "value": sorted(rollout.included) or None},
        {"what": "excluded (GitHub's ids)", "value": sorted(rollout.excluded) or None},
        {"what": "stopped", "value": stopped if rollout.stopped else "no"},
        {
            "what": "stops by itself",
            "value": f"above {rollout.max_error_rate:g} % of more than {rollout.min_jobs} executions in 24 h"
            if rollout.auto_rollback
            else "never",
        },
    ]
    frame.print_rows(rows, {"what": "rollout", "value": ""})


def _difference(row: dict[str, Any]) -> str:
    before, after = row["before"], row["after"]
    told = ("percentage", "strategy", "included", "excluded", "auto_rollback", "max_error_rate", "min_jobs")
    changed = [f"{name} {after[name]}" for name in told if before.get(name) != after[name]]
    if before.get("stopped_at") != after.get("stopped_at"):
        changed.append("stopped" if after.get("stopped_at") else "goes on")
    return ", ".join(changed)


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
