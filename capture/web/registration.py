"""Registers the functions with Inngest: at start until it is confirmed, then again every five minutes.

An Inngest that runs in production never asks; one that was restarted may have forgotten; and a refusal arrives under
HTTP 200, so only the body's `ok` counts.
"""

import logging
from dataclasses import dataclass

import httpx
from starlette.types import ASGIApp

from capture.core.ports import Clock, Sleep
from capture.web.signatures import HEADER, INNGEST_PATH, sign_empty

log = logging.getLogger("capture.inngest")

AGAIN_SECONDS = 300.0
LONGEST_WAIT = 60.0


def wait_after(failures: int) -> float:
    """Seconds until the next try after so many failures in a row: 1, 2, 4 … 60; after a success five minutes."""
    return AGAIN_SECONDS if failures == 0 else min(LONGEST_WAIT, 2.0 ** min(failures - 1, 10))


@dataclass(slots=True)
class Registration:
    """Keeps the application registered; `confirmed` and `problem` say how the last try ended."""

    app: ASGIApp
    origin: str
    signing_key: str | None
    clock: Clock
    sleep: Sleep
    confirmed: bool = False
    problem: str | None = None

    async def once(self) -> bool:
        """One try: a PUT to our own endpoint, which then calls Inngest."""
        headers = {HEADER: sign_empty(self.signing_key, self.clock().timestamp())} if self.signing_key else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self.origin, timeout=30) as client:
            try:
                body = (await client.put(INNGEST_PATH, headers=headers)).json()
            except (httpx.HTTPError, ValueError) as error:
                body = {"error": f"{type(error).__name__}: {error}"}
        self.confirmed = body.get("ok") is True
        self.problem = None if self.confirmed else str(body.get("error") or body.get("message") or body)
        return self.confirmed

    async def keep(self) -> None:
        """Register for ever; a change between registered and not is logged once."""
        failures = 0
        while True:
            before = self.problem
            failures = 0 if await self.once() else failures + 1
            if self.problem != before:
                log.warning("Inngest registration: %s", self.problem or "confirmed")
            await self.sleep(wait_after(failures))
