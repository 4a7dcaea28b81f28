"""A job's steps as memoised Inngest steps.

A step's failure crosses to the next call of the function as text only. So errors that the product has classified are
returned as values and raised again outside the step; what is left to Inngest's retries is an outage.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, cast

import inngest

from capture.core.errors import CaptureError, Outage
from capture.core.ports import Json


class InngestSteps:
    """The `Steps` port over one run of a function. One step at a time: the run's body starts anew for each."""

    concurrency = 1

    def __init__(self, context: inngest.Context) -> None:
        self._context = context
        self.passed = 0
        """Steps that this run has taken so far, each of them an execution that Inngest counts."""

    async def run(self, name: str, step: Callable[..., Awaitable[Json]], *args: Json) -> Json:
        """Run the step, or give its result from an earlier call. Raises the step's own `CaptureError`."""

        async def guarded() -> dict[str, Any]:
            try:
                return {"result": _plain(await step(*args))}
            except Outage:
                raise
            except CaptureError as error:
                return {"error": encode_error(error)}

        try:
            outcome = await self._context.step.run(name, guarded)
        except inngest.StepError as error:
            raise Outage(f"step {name} failed on every attempt: {error.message}") from error
        self.passed += 1
        if "error" in outcome:
            raise decode_error(outcome["error"])
        return outcome["result"]


def _plain(value: Json) -> Json:
    """The value after a JSON round trip, so that a fresh result and a memoised one look alike."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        # Trying again would not change it; Inngest itself fails the run for a NaN with a message about characters.
        raise inngest.NonRetriableError(f"a step's result must be JSON: {error}") from error


def encode_error(error: CaptureError) -> dict[str, Any]:
    """An error as JSON: its class's name, its sentence, its attributes."""
    fields = {
        key: {"$time": value.isoformat()} if isinstance(value, datetime) else value
        for key, value in vars(error).items()
    }
    return {"type": type(error).__name__, "message": str(error), "fields": json.loads(json.dumps(fields, default=str))}


def decode_error(stored: dict[str, Any]) -> CaptureError:
    """The error that `encode_error` stored, of the same class."""
    kind = _classes().get(stored["type"], CaptureError)
    error = kind.__new__(kind)
    error.args = (stored["message"],)
    for key, value in stored["fields"].items():
        setattr(error, key, _moment(value) or value)
    return error


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, dict):
        return None
    text = cast("dict[str, Any]", value).get("$time")
    return datetime.fromisoformat(text) if text else None


def _classes() -> dict[str, type[CaptureError]]:
    found: dict[str, type[CaptureError]] = {"CaptureError": CaptureError}
    waiting: list[type[CaptureError]] = [CaptureError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            found[kind.__name__] = kind
            waiting.append(kind)
    return found
