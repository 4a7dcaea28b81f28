"""Processes for tests that start in a moment: forked from one that has imported the product already.

They are real processes with an environment, output and end of their own, and they can really be killed; what they are
spared is one second of imports, which on a small machine decides how many of them a test can afford.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "capture.cli",
        "capture.commands.sync",
        "capture.usecases.sync",
        "capture.github.connect",
        "capture.store.store",
        "capture.store.postgres_transport",
        "capture.store.migrate",
        "capture.wiring",
        "sandbox.github_main",
        "uvicorn.protocols.http.h11_impl",
        "uvicorn.loops.asyncio",
        "psycopg_pool",
        "rich.progress",
    ]
)


def start_capture(arguments: Sequence[str], env: Mapping[str, str], output: Path) -> ForkServerProcess:
    """Run `capture ARGUMENTS` with this environment; standard output and error go to one file."""
    return _start("capture.cli", "main", list(arguments), env, output)


def start_sandbox_process(arguments: Sequence[str], output: Path) -> ForkServerProcess:
    """Run `python -m sandbox github ARGUMENTS`."""
    return _start("sandbox.github_main", "run", list(arguments), dict(os.environ), output)


def _start(module: str, function: str, arguments: list[str], env: Mapping[str, str], output: Path) -> ForkServerProcess:
    process = _context.Process(target=_run, args=(module, function, arguments, dict(env), str(output)), daemon=True)
    process.start()
    return process


def _run(module: str, function: str, arguments: list[str], env: dict[str, str], output: str) -> None:
    """In the child: take on environment and output, then do as the command would."""
    os.environ.clear()
    os.environ.update(env)
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(target, stream)
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 (until the process ends)
    sys.argv = [module, *arguments]
    getattr(__import__(module, fromlist=[function]), function)(arguments)
