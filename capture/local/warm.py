"""Processes that import what takes seconds and then wait, so that those seconds pass while servers start.

As a script: `warm.py MODULE` imports the module, waits for one line `{"argv": […], "environment": {…}}` on standard
input, and then is that module's command line. `python -m expectations warm` takes arrays of words, line by line.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from capture.core.errors import Outage
from capture.local.process import Child, Processes, python

PATIENCE = 600.0

# Nothing waits for these two until the servers are up, so they leave the processor to the servers.


def start_flow(processes: Processes, module: str, env: Mapping[str, str]) -> Child:
    """Start a process that has imported a flow; `give` tells it what to do."""
    return processes.start(module, python("capture.local.warm", module), env=env, stdin=True, nice=3)


def start_expectations(processes: Processes, env: Mapping[str, str]) -> Child:
    """Start a process that has imported Great Expectations and answers commands line by line."""
    return processes.start("expectations", python("expectations", "warm"), env=env, stdin=True, nice=3)


def give(child: Child, argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Send the one command of a waiting flow. Raises `Outage` if the process has ended."""
    _send(child, {"argv": list(argv), "environment": dict(environment)})


def _send(child: Child, order: Any) -> None:
    assert child.process.stdin is not None
    try:
        child.process.stdin.write(orjson.dumps(order) + b"\n")
        child.process.stdin.flush()
    except BrokenPipeError:
        raise Outage(f"{child.name} has ended: {child.last_words()} (log: {child.log})") from None


def validate(child: Child, repository: str) -> dict[str, Any]:
    """Let the waiting process validate a repository; gives its exit code, its payload and its lines for people."""
    _send(child, ["validate", "--repository", repository])
    return child.until(
        lambda: next((line for line in child.json_lines() if "exit_code" in line), None), patience=PATIENCE
    )


def main() -> int:
    """Import, wait, run. No line at all means that nobody needs it any more."""
    from capture.settings import settings

    module = importlib.import_module(sys.argv[1])
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    order = orjson.loads(line)
    os.environ.update(order["environment"])
    settings.cache_clear()
    return module.main(order["argv"])


if __name__ == "__main__":
    sys.exit(main())
