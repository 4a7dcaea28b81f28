"""How a flow that was started from a shell speaks: one JSON line at the end, or one sentence and an exit code."""

import sys
from typing import Any

import orjson
from pydantic import ValidationError

from capture.core.errors import CaptureError


def print_json(value: Any) -> None:
    """Write one JSON line to standard output, where nothing else is written."""
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")
    sys.stdout.flush()


def ending(error: Exception) -> int:
    """Say in one sentence what went wrong, and answer the exit code for it."""
    if isinstance(error, CaptureError):
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "input"
        sys.stderr.write(f"{field}: {first['msg']}\n")
    else:
        sys.stderr.write(f"{error}\n")
    return 2
