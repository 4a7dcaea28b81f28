"""Registration with an Inngest that refuses, answers nonsense, or forgets."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from capture.web.registration import Registration
from capture.web.signatures import HEADER

Endpoint = Callable[[Request], Awaitable[Response]]
NOW = datetime(2026, 11, 27, tzinfo=UTC)


class Enough(Exception):
    """Ends the endless loop of a test."""


def endpoint(answers: list[str], seen: list[Request]) -> Starlette:
    """An `/api/inngest` that gives these answers under HTTP 200, as the SDK does, and then breaks."""

    async def put(request: Request) -> Response:
        seen.append(request)
        if not answers:
            raise RuntimeError("broken")
        return PlainTextResponse(answers.pop(0), media_type="application/json")

    return Starlette(routes=[Route("/api/inngest", put, methods=["PUT"])])


@pytest.mark.anyio
async def test_it_is_tried_until_the_answer_says_ok_and_then_every_five_minutes() -> None:
    seen: list[Request] = []
    waits: list[float] = []
    refusal = '{"error": "At least one function is invalid", "status": 400}'
    states: list[tuple[bool, str | None]] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        states.append((registration.confirmed, registration.problem))
        if len(waits) == 6:
            raise Enough

    app = endpoint([refusal, "<html>", '{"ok": "yes"}', '{"ok": true}', '{"ok": true, "modified": false}'], seen)
    registration = Registration(app, "http://here", "signkey-test-00ff", clock=lambda: NOW, sleep=sleep)
    with pytest.raises(Enough):
        await registration.keep()
    assert waits == [1, 2, 4, 300, 300, 1]
    assert [confirmed for confirmed, _ in states] == [False, False, False, True, True, False]
    assert states[0][1] == "At least one function is invalid"
    assert states[3][1] is None
    assert all(request.headers[HEADER].startswith(f"t={int(NOW.timestamp())}&s=") for request in seen)
