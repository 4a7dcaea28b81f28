"""Refuses signed requests from Inngest that are older than five minutes: the SDK checks the signature, not its age."""

import hashlib
import hmac
import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from capture.core.ports import Clock

INNGEST_PATH = "/api/inngest"
MAX_AGE_SECONDS = 300
HEADER = "x-inngest-signature"


def too_old(header: str | None, now: float) -> bool:
    """Whether a signature's time lies more than five minutes from `now` (Unix seconds), in either direction.

    Without a header, or without a readable time in it, nothing vouches for the request's age.
    """
    try:
        moment = int(parse_qs(header or "")["t"][0])
    except (KeyError, ValueError):
        return True
    return abs(now - moment) > MAX_AGE_SECONDS


def sign_empty(signing_key: str, now: float) -> str:
    """The signature of a request without a body, as Inngest makes it; for our own registration."""
    moment = str(int(now))
    secret = re.sub(r"^signkey-\w+-", "", signing_key)
    return f"t={moment}&s={hmac.new(secret.encode(), moment.encode(), hashlib.sha256).hexdigest()}"


class FreshSignatures:
    """ASGI middleware before `/api/inngest`; not used with a development server, which does not sign."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is fresh; answer 401 to the rest."""
        guarded = scope["type"] == "http" and scope["path"] == INNGEST_PATH
        if guarded and too_old(Headers(scope=scope).get(HEADER), self.clock().timestamp()):
            await JSONResponse({"message": "Unauthorized"}, status_code=401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
