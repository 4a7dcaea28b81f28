"""The command line: `capture COMMAND`. It gathers the commands; every ending becomes a sentence and an exit code."""

import importlib
import pkgutil
import sys
import traceback
from typing import Annotated

import typer
from pydantic import ValidationError

from capture import commands
from capture.commands import frame
from capture.core.errors import CaptureError, ConfigurationError

EPILOG = "Exit codes: 0 good; 1 the answer is bad; 2 wrong input, configuration or credentials; 3 outage or unknown."

PANELS: dict[str, tuple[str, ...]] = {
    "Begin": ("demo", "up", "down", "status", "doctor", "migrate"),
    "Capture": ("plan", "request", "sync", "run-job", "jobs", "repos"),
    "Trust": ("validate", "reconcile", "report", "shadow"),
    "Operate": ("rollout", "cost", "serve"),
}
"""Headings of the help page and the order of commands below them."""


def build() -> typer.Typer:
    """The whole command line; every module of `capture.commands` that has `register` adds its part."""
    app = typer.Typer(
        name="capture",
        callback=_root,
        help="Capture the pull-request activity of GitHub repositories, and prove that nothing is missing.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for module in pkgutil.iter_modules(commands.__path__):
        register = getattr(importlib.import_module(f"{commands.__name__}.{module.name}"), "register", None)
        if register is not None:
            register(app)
    _arrange(app)
    return app


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run the command line; the answer is its exit code."""
    try:
        build()(args=argv)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except CaptureError as error:
        return frame.fail(error)
    except ValidationError as error:
        return frame.fail(_settings_error(error))
    except KeyboardInterrupt:
        frame.say("capture: interrupted.")
        return frame.EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        return 0
    except Exception:  # noqa: BLE001  (the last frame: a bug is shown whole, and is told apart from a bad answer)
        traceback.print_exc()
        frame.say("capture: this is a bug; the lines above say where.")
        return 3
    return 0


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hybrid-progressive-capture {version('hybrid-progressive-capture')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version)] = False,
) -> None:
    """Options of `capture` itself. Commands use what `capture up` runs, except those that run things themselves."""
    from capture.local.state import join
    from capture.settings import settings

    if context.invoked_subcommand not in ("demo", "up", "down"):
        join(settings().capture_home.expanduser().absolute())
        settings.cache_clear()


def _arrange(app: typer.Typer) -> None:
    """Sort the commands into their panels; a command that is in none comes last."""
    panel_of = {name: panel for panel, names in PANELS.items() for name in names}
    order = {name: place for place, name in enumerate(panel_of)}
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")
        command.name = name
        command.rich_help_panel = panel_of.get(name, "More")
    for group in app.registered_groups:
        group.rich_help_panel = panel_of.get(str(group.name), "More")
    app.registered_commands.sort(key=lambda command: order.get(str(command.name), len(order)))
    app.registered_groups.sort(key=lambda group: order.get(str(group.name), len(order)))


def _settings_error(error: ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"]).upper() or "configuration"
    return ConfigurationError(f"{name}: {first['msg']}")


if __name__ == "__main__":
    main()
