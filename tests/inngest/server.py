"""A started Inngest sandbox, as a process of its own, and what a test asks of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

DEADLINE = 60.0


def wait_for(what: str, found: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """What `found` returns as soon as that is true; fails with `what` when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain for: {what}")


@dataclass(slots=True)
class InngestServer:
    """The address, the keys and the process."""

    url: str
    event_key: str | None
    signing_key: str | None
    process: subprocess.Popen[str]
    arguments: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """What an application needs to be told to work with this server."""
        if self.signing_key is None:
            return {"INNGEST_DEV": "1", "INNGEST_BASE_URL": self.url}
        return {
            "INNGEST_BASE_URL": self.url,
            "INNGEST_EVENT_KEY": self.event_key or "",
            "INNGEST_SIGNING_KEY": self.signing_key,
        }

    def stats(self) -> dict[str, Any]:
        """Counts, runs and apps."""
        return httpx.get(f"{self.url}/_sandbox/stats").json()

    def faults(self, **values: float) -> None:
        """Set the faults; those that are not named are off."""
        httpx.post(f"{self.url}/_sandbox/faults", json=values).raise_for_status()

    def fire_crons(self) -> None:
        """Run every cron function now."""
        httpx.post(f"{self.url}/_sandbox/cron").raise_for_status()

    def runs(self, function: str) -> list[dict[str, Any]]:
        """The runs of one function, oldest first."""
        return [run for run in self.stats()["runs"] if run["function_id"] == function]

    def finished(self, event_id: str, count: int = 1) -> list[dict[str, Any]]:
        """The runs of one event (by the id that sending it answered), as soon as so many have ended."""

        def done() -> list[dict[str, Any]]:
            return [run for run in self.stats()["runs"] if run["event_id"] == event_id and run["ended_at"]]

        return wait_for(f"{count} runs of {event_id} to end", lambda: len(done()) >= count and done())

    def kill(self) -> None:
        """SIGKILL, as a crash: queue, runs and registrations are gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self, app: str | None = None) -> None:
        """Start again on the same port with the same keys; told of an application, it asks it to register."""
        greeting = ("--app", app) if app else ()
        self.process, _ = _start((*self.arguments, "--port", self.url.rsplit(":", 1)[1], *greeting, *_keys(self)))


def _keys(server: InngestServer) -> tuple[str, ...]:
    if server.signing_key is None:
        return ()
    return ("--event-key", str(server.event_key), "--signing-key", server.signing_key)


def _start(arguments: tuple[str, ...]) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "inngest", "--with-parent", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("INNGEST_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the Inngest sandbox ended before it was ready"
    return process, json.loads(line)


@contextmanager
def start_inngest(*arguments: str) -> Iterator[InngestServer]:
    """A running Inngest sandbox; `--signed` makes it behave as in production."""
    process, ready = _start(arguments)
    server = InngestServer(**ready, process=process, arguments=arguments)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        if server.process.stdout is not None:
            server.process.stdout.close()
