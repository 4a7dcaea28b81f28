"""Child processes that cannot outlive us: each on a leash, with a log file, stopped in reverse order."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from capture.core.errors import Outage
from capture.local import leash

PATIENCE = 120.0
"""Seconds that a process may take to become ready; a loaded machine is slow, not broken."""


@dataclass
class Child:
    """A started process: its name for people, its files, and the end of the pipe that holds it."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    out: Path
    rope: int
    """Writing end of the leash's pipe: closing it stops the child and everything below it."""
    again: "Callable[[], Child]"
    """Start the same once more; the logs go on."""

    @property
    def pid(self) -> int:
        """The process id of the program itself; that of its leash where the system does not tell."""
        leash_pid = self.process.pid
        with suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{leash_pid}/task/{leash_pid}/children").read_text().split()[0])
        return leash_pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the answer is the exit code."""
        return self.process.wait(timeout)

    def let_go(self) -> None:
        """Begin to stop it."""
        if self.rope >= 0:
            os.close(self.rope)
            self.rope = -1

    def stop(self) -> int:
        """Stop it with everything below it and wait until that is done."""
        self.let_go()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        return self.process.wait()

    def last_words(self) -> str:
        """The last line that it wrote, for a sentence about its failure."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it wrote nothing"

    def until(self, ready: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
        """Wait until `ready()` answers something and give it back. Raises `Outage` if the process ends before."""
        deadline = time.monotonic() + patience
        while True:
            answer = ready()
            if answer:
                return answer
            if self.poll() is not None:
                raise Outage(f"{self.name} ended with {self.poll()}: {self.last_words()} (log: {self.log})")
            if time.monotonic() > deadline:
                raise Outage(f"{self.name} was not ready after {patience:.0f} s (log: {self.log})")
            time.sleep(0.05)

    def json_lines(self) -> list[dict[str, Any]]:
        """The JSON objects that it has printed on standard output, one a line, as far as the lines are complete."""
        lines = self.out.read_bytes().split(b"\n")[:-1]
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]


class Processes:
    """The processes of one command. Leaving the block stops all of them, the last started first."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdin: bool = False,
        grace: float = 10.0,
        nice: int = 0,
    ) -> Child:
        """Start a program. What it says goes to `<logs>/<name>.log`, its standard output to `<name>.out`.

        `stdin` opens a pipe to it; `grace` is how many seconds it may take to stop before it is killed; `nice` lets
        others have the processor first.
        """
        if nice:
            command = ["nice", "-n", str(nice), *command]
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        log, out = self.logs / f"{name}.log", self.logs / f"{name}.out"
        log.write_bytes(b"")

        def launch() -> Child:
            child = self._launch(name, command, log, out, env=env, cwd=cwd, stdin=stdin, grace=grace, again=launch)
            self.children.append(child)
            return child

        return launch()

    def restart(self, child: Child) -> Child:
        """Start a child again that has ended."""
        self.children.remove(child)
        child.stop()
        return child.again()

    def _launch(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        out: Path,
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: bool,
        grace: float,
        again: Callable[[], Child],
    ) -> Child:
        reading, rope = os.pipe()
        try:
            with log.open("ab") as errors, out.open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", leash.__file__, str(reading), str(grace), *command],
                    stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    env=dict(env),
                    cwd=cwd,
                    pass_fds=(reading,),
                )
        except BaseException:
            os.close(rope)
            raise
        finally:
            os.close(reading)
        return Child(name, process, log, out, rope, again)

    def stop(self, *names: str) -> None:
        """Stop everything, or these alone: all are asked at once, and then waited for, the last started first."""
        chosen = [child for child in self.children if not names or child.name in names]
        for child in reversed(chosen):
            child.let_go()
        for child in reversed(chosen):
            child.stop()
            self.children.remove(child)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
