"""Telling somebody outside: one JSON object by POST, which chat services show by its `text`."""

from collections.abc import Awaitable, Callable

import httpx

from capture.core.errors import Outage
from capture.core.models import Row

SECONDS = 5.0


def webhook(http: httpx.AsyncClient, url: str) -> Callable[[Row], Awaitable[None]]:
    """A function that posts an alert. It raises `Outage` where nobody took it; the address is secret and never said."""

    async def tell(alert: Row) -> None:
        named = {name: alert[name] for name in ("kind", "severity", "subject", "message", "raised_at")}
        text = f"[{alert['severity']}] {alert['message']}"
        try:
            answer = await http.post(url, json={"text": text, **named}, timeout=SECONDS)
        except httpx.HTTPError as error:
            raise Outage(f"the webhook of CAPTURE_WEBHOOK_URL cannot be reached: {type(error).__name__}") from None
        if answer.status_code >= 300:
            raise Outage(f"the webhook of CAPTURE_WEBHOOK_URL answered {answer.status_code}")

    return tell
