"""Inngest as a messenger: it carries a job's id there, says whether it would be taken, asks for it to stop.

What Inngest answers proves nothing about the work: HTTP 200 is given for events that no function handles, and an
event whose sending timed out may run all the same. The job's claim in the database is the only proof.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import httpx
import inngest

from capture.core.errors import ConfigurationError, Outage
from capture.core.models import Job, Processor
from capture.core.ports import Clock, Handed, Verdict
from capture.settings import Settings

APP_ID = "capture"
EVENT_VERSION = 1
REQUESTED, CONTINUED, CANCELLED = "capture/requested", "capture/continued", "capture/cancelled"
CAPTURE_FUNCTION, CANCEL_FUNCTION, HEARTBEAT_FUNCTION = "capture-job", "settle-cancelled", "heartbeat"
WANTED = frozenset(f"{APP_ID}-{name}" for name in (CAPTURE_FUNCTION, CANCEL_FUNCTION, HEARTBEAT_FUNCTION))

REQUEST_TIMEOUT_MS = 2000
SEND_SECONDS = 5.0
PROBE_SECONDS = 2.0
PRIORITY_LIMIT = 600
"""Inngest orders runs by a number of seconds between -600 and 600."""


def is_configured(settings: Settings) -> bool:
    """Whether there is an Inngest to talk to: a development server, or keys."""
    return is_dev(settings) or settings.inngest_signing_key is not None


def is_dev(settings: Settings) -> bool:
    """Whether requests go unsigned to a development server."""
    return (settings.inngest_dev or "").strip().lower() not in ("", "0", "false")


def build_client(settings: Settings) -> inngest.Inngest:
    """The SDK's client. Build one per process, in the thread that runs the loop. Raises `ConfigurationError`."""
    if not is_configured(settings):
        raise ConfigurationError("INNGEST_DEV or INNGEST_SIGNING_KEY must be set to use Inngest")
    dev_url = settings.inngest_dev if "://" in (settings.inngest_dev or "") else None
    base = settings.inngest_base_url or (dev_url if is_dev(settings) else None)
    if not is_dev(settings) and settings.inngest_event_key is None:
        raise ConfigurationError("INNGEST_EVENT_KEY must be set beside INNGEST_SIGNING_KEY")
    return inngest.Inngest(
        app_id=APP_ID,
        is_production=not is_dev(settings),
        api_base_url=base,
        event_api_base_url=base,
        event_key=settings.inngest_event_key.get_secret_value() if settings.inngest_event_key else None,
        signing_key=settings.inngest_signing_key.get_secret_value() if settings.inngest_signing_key else None,
        request_timeout=REQUEST_TIMEOUT_MS,
        logger=logging.getLogger("capture.inngest"),
    )


def event_for(job: Job, handover: int) -> inngest.Event:
    """The versioned event that hands a job over; its id makes a repeated send harmless."""
    return inngest.Event(
        name=CONTINUED if job.continuation_of is not None else REQUESTED,
        id=f"{job.id}:{handover}",
        data={
            "v": EVENT_VERSION,
            "job_id": str(job.id),
            "repository": job.full_name.lower(),
            "handover": handover,
            "priority": max(-PRIORITY_LIMIT, min(PRIORITY_LIMIT, job.priority)),
        },
    )


@dataclass(slots=True)
class InngestMessenger:
    """The real-time processor as the queue sees it."""

    client: inngest.Inngest
    app_health: str | None
    """The address of the application's /healthz, as this process reaches it; None where it is not known."""
    http: httpx.AsyncClient
    clock: Clock
    processor: Processor = "inngest"

    async def send(self, job: Job, handover: int) -> Handed:
        """Send the job's event. Raises `Outage`, which leaves open whether the event was taken: the claim tells."""
        return Handed(reference=await self._send(event_for(job, handover)))

    async def cancel(self, job: Job) -> None:
        """Ask Inngest to cancel the job's runs and the application to settle its row. Raises `Outage`."""
        await self._send(
            inngest.Event(
                name=CANCELLED,
                id=f"{job.id}:cancel:{job.handover_count}",
                data={"v": EVENT_VERSION, "job_id": str(job.id), "repository": job.full_name.lower()},
            )
        )

    async def _send(self, event: inngest.Event) -> str | None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                ids = await self.client.send(event)
        except TimeoutError as error:
            raise Outage(f"Inngest did not answer within {SEND_SECONDS:g} s; the event may have been taken") from error
        except Exception as error:  # the SDK lets JSON and transport errors of any kind through
            raise Outage(f"Inngest did not take the event: {type(error).__name__}: {error}") from error
        return ids[0] if ids else None

    async def probe(self) -> Verdict:
        """Would work sent now be taken? Three questions, two seconds each; the heartbeat is judged elsewhere."""
        questions: tuple[tuple[str, Callable[[], Awaitable[str | None]]], ...] = (
            ("api_down", self._server_answers),
            ("not_registered", self._functions_registered),
            ("app_down", self._application_answers),
        )
        for code, question in questions:
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    problem = await question()
            except (TimeoutError, httpx.HTTPError, ValueError) as error:
                # Whatever the registry cannot answer is the server's failure, not a missing registration.
                code = "api_down" if code == "not_registered" else code
                problem = f"{type(error).__name__}: {error}".rstrip(": ")
            if problem is not None:
                return Verdict(up=False, code=code, detail=problem)
        return Verdict(up=True, code="ok")

    async def _server_answers(self) -> str | None:
        await self._ask(f"{self.client.api_origin}/health")
        return None

    async def _functions_registered(self) -> str | None:
        listed = await self._ask(f"{self.client.api_origin}/v1/apps/{APP_ID}/functions")
        rows = cast("list[dict[str, Any]] | None", listed.get("data") if isinstance(listed, dict) else listed)
        missing = WANTED - {str(row["id"]) for row in rows or []}
        return f"not registered: {', '.join(sorted(missing))}" if missing else None

    async def _application_answers(self) -> str | None:
        if self.app_health is None:
            return None
        (await self.http.get(self.app_health)).raise_for_status()
        return None

    async def _ask(self, url: str) -> dict[str, Any] | list[Any]:
        """GET a REST answer. A changing parameter defeats the server's 15 s cache; errors arrive under HTTP 200."""
        headers = {"authorization": f"Bearer {self.client.signing_key}"} if self.client.signing_key else {}
        response = await self.http.get(url, params={"_": self.clock().timestamp()}, headers=headers)
        response.raise_for_status()
        body = cast("dict[str, Any] | list[Any]", response.json())
        if isinstance(body, dict) and int(body.get("status") or 0) >= 400:
            raise ValueError(str(body.get("error")))
        return body
