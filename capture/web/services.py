"""What the HTTP handlers work with, and the two guards in front of them: the token, and the browser's own rules."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from capture.core.errors import (
    CaptureError,
    ConfigurationError,
    CredentialError,
    Deferred,
    InvalidInput,
    Outage,
    Unreadable,
)
from capture.core.models import Processor
from capture.core.ports import Messenger
from capture.settings import Settings
from capture.store.store import Store
from capture.usecases.tools import Tools
from capture.web.registration import Registration


@dataclass(slots=True)
class Services:
    """Everything that was opened for the life of the application."""

    settings: Settings
    store: Store
    tools: Tools
    messengers: Mapping[Processor, Messenger]
    registration: Registration | None = None


def services_of(request: Request) -> Services:
    """The application's services, for handlers."""
    return cast("Services", request.app.state.services)


Opened = Annotated[Services, Depends(services_of)]


def may_write(request: Request) -> None:
    """Let pass who shows the token of CAPTURE_API_TOKEN; without a configured one nobody writes over HTTP."""
    token = services_of(request).settings.capture_api_token
    if token is None:
        raise HTTPException(403, "writing over HTTP needs CAPTURE_API_TOKEN to be set where the application runs")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(shown.strip().encode(), token.get_secret_value().encode())
    if scheme.lower() != "bearer" or not right:
        raise HTTPException(
            401, "this needs the header 'Authorization: Bearer <token>'", {"WWW-Authenticate": "Bearer"}
        )


Writing = Depends(may_write)


async def json_object(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises `InvalidInput`."""
    try:
        body: Any = await request.json()
    except ValueError as error:
        raise InvalidInput("body", "it is not JSON") from error
    if not isinstance(body, dict):
        raise InvalidInput("body", "it is not a JSON object")
    return cast("dict[str, Any]", body)


STATUSES = ((Unreadable, 404), (Outage, 503), (Deferred, 503), (ConfigurationError, 503), (CredentialError, 502))


def as_response(_: Request, error: Exception) -> Response:
    """A classified error as JSON: one sentence, its code, and the field where a user's input is wrong."""
    if isinstance(error, InvalidInput):
        return JSONResponse({"error": str(error), "code": error.code, "field": error.field}, 422)
    code = error.code if isinstance(error, CaptureError) else "error"
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    return JSONResponse({"error": str(error), "code": code}, status)


PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
REPORT_POLICY = "default-src 'self' data: 'unsafe-inline'; connect-src 'none'; base-uri 'none'; form-action 'none'"


async def safe_headers(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Tell browsers to load nothing from elsewhere and to show us in nobody's frame."""
    response = await go_on(request)
    report = request.url.path.startswith("/quality")
    response.headers["content-security-policy"] = f"{REPORT_POLICY if report else PAGE_POLICY}; frame-ancestors 'self'"
    response.headers["x-content-type-options"] = "nosniff"
    response.headers["referrer-policy"] = "no-referrer"
    return response
