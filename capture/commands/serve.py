"""`capture serve`: the web application."""

from typing import Annotated

import typer

from capture.commands.frame import run

DEFAULT_PORT = 8377


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine only with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = DEFAULT_PORT,
) -> None:
    """Serve the HTTP API, the status page and Inngest's endpoint until stopped."""
    from capture.settings import settings
    from capture.web.server import serve as serve_until_stopped

    run(lambda: serve_until_stopped(settings(), host, port))
