"""Runs the application under uvicorn and says where it listens."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

import uvicorn

from capture.core.errors import ConfigurationError
from capture.settings import Settings
from capture.store.store import Store
from capture.web.app import create_app
from capture.web.bounded import Bounded
from capture.web.services import Services
from capture.wiring import open_messengers, open_tools

GITHUB_SECONDS = 15.0
DATABASE_SECONDS = 10.0
LOOPBACK = ("127.0.0.1", "localhost")


class Server(uvicorn.Server):
    """Leaves signals to `serve`, so that what was opened is closed before the process ends."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def serve(settings: Settings, host: str, port: int) -> None:
    """Open everything, print one JSON line with the address, and serve until a signal.

    Raises `ConfigurationError`, `CredentialError` or `Outage` where something cannot be opened.
    """
    if host not in LOOPBACK and settings.capture_api_token is None:
        raise ConfigurationError(f"CAPTURE_API_TOKEN must be set before the application listens on {host}")
    listener = listen(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    origin = settings.inngest_serve_origin or address
    hosts = ["*"] if host not in LOOPBACK else [*LOOPBACK, urlsplit(origin).hostname or host]
    with listener:
        async with open_services(settings, origin) as services:
            app = create_app(services, origin=origin, hosts=hosts, clock=clock, sleep=asyncio.sleep)
            sys.stdout.write(json.dumps({"url": address}) + "\n")
            sys.stdout.flush()
            server = Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5))
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, server.handle_exit, name, None)
            if settings.prefect_api_url is not None:
                from capture.processors.prefect_pool import load

                # The first hand-over to the pool must not stop the loop for the seconds that this import takes.
                loading = asyncio.create_task(asyncio.to_thread(load))
                loading.add_done_callback(lambda done: done.exception())
            await server.serve(sockets=[listener])


@asynccontextmanager
async def open_services(settings: Settings, origin: str) -> AsyncGenerator[Services, None]:
    """The store, GitHub and the processors, with the time limits of work that somebody waits for."""
    async with (
        open_tools(settings, bulk=False, github_timeout=GITHUB_SECONDS) as tools,
        open_messengers(settings, app_origin=origin) as messengers,
    ):
        store = cast("Store", tools.store)  # the engine sees only the part that it needs
        store.transport = Bounded(store.transport, DATABASE_SECONDS)
        yield Services(settings=settings, store=store, tools=tools, messengers=messengers)


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ConfigurationError` where the address is taken or is not ours."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.listen(256)
    return listener
