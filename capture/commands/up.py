"""`capture up` and `capture down`: everything on this machine, and its end."""

import signal
import threading
from contextlib import ExitStack
from types import FrameType
from typing import Annotated

import typer

from capture.commands.frame import say


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("up")(up)
    app.command("down")(down)


def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the web application [default: 8377 if free].", min=1, max=65535)
    ] = None,
    prefect_port: Annotated[
        int | None, typer.Option(help="Port of Prefect's server [default: 4200 if free].", min=1, max=65535)
    ] = None,
) -> None:
    """Run everything on this machine until Ctrl-C or `capture down`.

    Postgres (unless DATABASE_URL or SUPABASE_URL is set), Prefect's server with its page (unless PREFECT_API_URL is
    set), the workers, the web application, and stand-ins for GitHub and Inngest where no real account is configured.
    Other `capture` commands with the same CAPTURE_HOME use these services by themselves.
    """
    from capture.commands.status import print_services
    from capture.local import state
    from capture.local.process import Processes
    from capture.local.up import Up
    from capture.settings import settings, shell_environment

    home = settings().capture_home.expanduser().absolute()
    with state.holding(home), ExitStack() as stack, _Interrupts() as interrupts:
        processes = stack.enter_context(Processes(home / "logs"))
        services = Up(home, settings(), shell_environment(), processes, say)
        services.start(stack, web_port=port, prefect_port=prefect_port)
        interrupts.at_once = False
        found = state.read(home)
        if found is not None:
            print_services(found)
        say("Everything is up. Ctrl-C or `capture down` ends it.")
        services.watch(interrupts.came.is_set)
        say("Stopping.")
    say("Everything is down.")


def down() -> None:
    """Stop what `capture up` runs, and wait until it is gone."""
    from capture.local import state
    from capture.settings import settings

    home = settings().capture_home.expanduser().absolute()
    say("Everything is down." if state.ask_to_stop(home) else "Nothing was up.")


class _Interrupts:
    """Ctrl-C, SIGTERM and SIGHUP: at once while things start, in order when they run; further ones change nothing."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.at_once = True

    def __enter__(self) -> "_Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # what is being stopped is stopped to the end

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        first = not self.came.is_set()
        self.came.set()
        if first and self.at_once:
            raise KeyboardInterrupt
