"""The HTTP side of the Inngest sandbox: event API, registration, the REST calls that the product makes, controls."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.inngest_executor import Executor
from sandbox.inngest_state import Faults, State
from sandbox.inngest_wire import EVENT_LIMIT, accepted_bearers, signature, strict_json, ulid

CACHE_SECONDS = 15.0


class Api:
    """Handlers over one state."""

    def __init__(self, state: State, app_url: str | None = None) -> None:
        self.state = state
        self.app_url = app_url
        self.executor = Executor(state)

    def _authorised(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.state.signing_key is None or bearer in accepted_bearers(self.state.signing_key)

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": 200, "message": "OK"})

    async def send(self, request: Request) -> Response:
        state = self.state
        if state.event_key is not None and request.path_params["key"] != state.event_key:
            return JSONResponse({"status": 401, "message": "", "error": "Event key not found"}, 401)
        if state.faults.take("refuse_events"):
            return JSONResponse({"ids": [], "status": 503, "error": "service unavailable"}, 503)
        body = strict_json(await request.body())
        events: list[Any] = body if isinstance(body, list) else [body]
        for event in events:
            problem = _problem(event)
            if problem is not None:
                return JSONResponse({"ids": [""], "status": 400, "error": problem}, 400)
        ids = [self.executor.ingest(event) for event in events]
        await asyncio.sleep(state.faults.answer_delay)
        return JSONResponse({"ids": ids, "status": 200})

    async def register(self, request: Request) -> Response:
        if not self._authorised(request):
            return JSONResponse({"error": "Unauthorized", "status": 401}, 401)
        try:
            modified = self.state.register(await request.json())
        except (ValueError, KeyError) as error:
            return JSONResponse({"error": str(error), "status": 400}, 400)
        return JSONResponse({"ok": True, "modified": modified, "sync_id": ulid(), "app_id": ulid()})

    async def functions(self, request: Request) -> Response:
        app = self.state.apps.get(request.path_params["app"], {"functions": {}})
        return await self._read(request, lambda: list(app["functions"].values()))

    async def event_runs(self, request: Request) -> Response:
        event_id = request.path_params["id"]
        if event_id not in self.state.events:
            return await self._read(request, lambda: {"error": "Invalid event ID", "data": None, "status": 400})
        runs = [run for run in self.state.runs if run.event_ulid == event_id]
        return await self._read(request, lambda: {"data": [run.view() for run in runs]})

    async def run(self, request: Request) -> Response:
        found = [run for run in self.state.runs if run.run_id == request.path_params["id"]]
        if not found:
            return JSONResponse({"error": "run not found", "data": None, "status": 404})
        if request.method == "DELETE":
            self.executor.cancel(found[0])
            return Response(status_code=200)
        return JSONResponse({"data": found[0].view()})

    async def _read(self, request: Request, build: Any) -> Response:
        """Answer as the server does: 401 without the key, and the same answer for 15 s to the same address."""
        if not self._authorised(request):
            return JSONResponse({"error": "Unauthorized", "status": 401}, 401)
        key = (str(request.url), request.headers.get("authorization", ""))
        at, answer = self.state.cached.get(key, (float("-inf"), None))
        if time.monotonic() - at > CACHE_SECONDS:
            answer = build()
            self.state.cached[key] = (time.monotonic(), answer)
        return JSONResponse(answer)

    async def metrics(self, request: Request) -> Response:
        waiting = sum(1 for run in self.state.runs if not run.ended)
        return PlainTextResponse(f"inngest_queue_depth {waiting}\n")

    async def stats(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.state.counts.clear()
        runs = [run.view() | {"event": run.event} for run in self.state.runs]
        return JSONResponse({"counts": dict(self.state.counts), "runs": runs, "apps": sorted(self.state.apps)})

    async def faults(self, request: Request) -> Response:
        self.state.faults = Faults(**await request.json())
        return JSONResponse(asdict(self.state.faults))

    async def cron(self, request: Request) -> Response:
        """Fire every cron trigger now, whatever the time."""
        return JSONResponse({"runs": self.fire_crons(at=None)})

    def fire_crons(self, at: datetime | None) -> list[str]:
        """Start the cron functions that are due at a minute (all of them without one); answers their run ids."""
        started: list[str] = []
        for function in self.state.functions():
            for trigger in function["triggers"]:
                if "cron" in trigger and (at is None or _due(trigger["cron"], at)):
                    event = {"id": ulid(), "name": "inngest/scheduled.timer", "data": {"cron": trigger["cron"]}}
                    started.append(self.executor.start(function, event, ulid()).run_id)
        return started

    async def tick(self) -> None:
        """Fire crons at each full minute."""
        while True:
            now = datetime.now(UTC)
            await asyncio.sleep(60 - now.second - now.microsecond / 1e6)
            self.fire_crons(datetime.now(UTC))

    async def greet(self) -> None:
        """Ask the application to register until it has, as `inngest start -u` does; never again afterwards."""
        kind = "cloud" if self.state.signing_key else "dev"
        while self.app_url is not None and not self.state.apps:
            headers = {"x-inngest-server-kind": kind}
            if self.state.signing_key:
                headers["x-inngest-signature"] = signature(b"", self.state.signing_key)
            try:
                await self.executor.http.put(self.app_url, headers=headers)
            except httpx.HTTPError:
                self.state.counts["greetings_unanswered"] += 1
            await asyncio.sleep(1)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.tick()), asyncio.create_task(self.greet())]
        yield
        for task in [*tasks, *(run.task for run in self.state.runs if run.task is not None)]:
            task.cancel()
        await self.executor.http.aclose()


def _problem(event: Any) -> str | None:
    if not isinstance(event, dict) or not event.get("name"):
        return "event name is empty"
    if event["name"].startswith("inngest/"):
        return "event name is reserved for internal use"
    if not isinstance(event.get("data", {}), dict):
        return "event data must be an object"
    return "event is too large" if len(str(event)) > EVENT_LIMIT else None


def _due(cron: str, at: datetime) -> bool:
    """Whether a cron is due; the sandbox knows `*` and `*/n` minutes with stars behind them."""
    minute, *rest = cron.split()
    if rest != ["*"] * 4 or not (minute == "*" or minute.startswith("*/")):
        raise ValueError(f"this cron is not supported by the sandbox: {cron}")
    return minute == "*" or at.minute % int(minute[2:]) == 0


def build(state: State, app_url: str | None = None) -> Starlette:
    """The ASGI application over a state; `app_url` is greeted at start."""
    api = Api(state, app_url)
    routes = [
        Route("/health", api.health),
        Route("/e/{key}", api.send, methods=["POST"]),
        Route("/fn/register", api.register, methods=["POST"]),
        Route("/v1/apps/{app}/functions", api.functions),
        Route("/v1/events/{id}/runs", api.event_runs),
        Route("/v1/runs/{id}", api.run, methods=["GET", "DELETE"]),
        Route("/metrics", api.metrics),
        Route("/_sandbox/stats", api.stats, methods=["GET", "DELETE"]),
        Route("/_sandbox/faults", api.faults, methods=["POST"]),
        Route("/_sandbox/cron", api.cron, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=api.lifespan)
