"""An application with a few Inngest functions, served in a thread, to hold the sandbox against the real SDK."""

import asyncio
import datetime
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import fastapi
import httpx
import inngest
import inngest.fast_api
import uvicorn

from tests.inngest.server import InngestServer, wait_for


class Served:
    """Functions named for what they do; `calls` counts how often a step's body ran."""

    def __init__(self, server: InngestServer) -> None:
        self.calls: Counter[str] = Counter()
        self.attempts: list[int] = []
        self.busy = self.most_busy = 0
        self.failures: list[dict[str, object]] = []
        self.client = inngest.Inngest(
            app_id="double",
            is_production=server.signing_key is not None,
            api_base_url=server.url,
            event_api_base_url=server.url,
            event_key=server.event_key,
            signing_key=server.signing_key,
        )

    def _step(self, name: str, result: object) -> object:
        self.calls[name] += 1
        return result

    def outcomes(self) -> list[inngest.Function[object]]:
        """A function that works, and those that do not."""
        client = self.client

        @client.create_function(fn_id="ok", trigger=inngest.TriggerEvent(event="t/ok"))
        async def ok(ctx: inngest.Context) -> object:
            async def first() -> object:
                return self._step("first", 1)

            async def second() -> object:
                return self._step("second", (2, 3))

            return [await ctx.step.run("first", first), await ctx.step.run("second", second)]

        return [ok, *self.failing()]

    def failing(self) -> list[inngest.Function[object]]:
        """Functions that fail at first, for ever, or for good."""
        client = self.client

        @client.create_function(fn_id="flaky", retries=2, trigger=inngest.TriggerEvent(event="t/flaky"))
        async def flaky(ctx: inngest.Context) -> object:
            async def body() -> object:
                self.attempts.append(ctx.attempt)
                if ctx.attempt < 2:
                    raise RuntimeError("not yet")
                return "done"

            return await ctx.step.run("flaky", body)

        async def failed(ctx: inngest.Context) -> None:
            self.failures.append(dict(ctx.event.data))

        @client.create_function(
            fn_id="hopeless", retries=1, on_failure=failed, trigger=inngest.TriggerEvent(event="t/hopeless")
        )
        async def hopeless(ctx: inngest.Context) -> object:
            async def body() -> object:
                self.calls["hopeless"] += 1
                raise RuntimeError("always")

            return await ctx.step.run("hopeless", body)

        @client.create_function(fn_id="permanent", retries=3, trigger=inngest.TriggerEvent(event="t/permanent"))
        async def permanent(ctx: inngest.Context) -> object:
            async def body() -> object:
                self.calls["permanent"] += 1
                raise inngest.NonRetriableError("never")

            return await ctx.step.run("permanent", body)

        return [flaky, hopeless, permanent]

    def flow(self) -> list[inngest.Function[object]]:
        """Functions that are limited, and that can be cancelled."""
        client = self.client

        @client.create_function(
            fn_id="alone",
            concurrency=[inngest.Concurrency(key="event.data.repository", limit=1)],
            trigger=inngest.TriggerEvent(event="t/alone"),
        )
        async def alone(ctx: inngest.Context) -> object:
            async def body() -> object:
                self.busy += 1
                self.most_busy = max(self.most_busy, self.busy)
                await asyncio.sleep(0.05)
                self.busy -= 1
                return None

            return await ctx.step.run("alone", body)

        @client.create_function(
            fn_id="stoppable",
            cancel=[inngest.Cancel(event="t/stop", if_exp="event.data.job_id == async.data.job_id")],
            trigger=inngest.TriggerEvent(event="t/stoppable"),
        )
        async def stoppable(ctx: inngest.Context) -> object:
            async def body() -> object:
                self.calls["stoppable"] += 1
                await asyncio.sleep(0.05)
                return None

            for number in range(200):
                await ctx.step.run(f"step {number}", body)
            return None

        return [alone, stoppable]

    def returning(self, name: str, value: object) -> inngest.Function[object]:
        """A function whose only step returns a value."""

        @self.client.create_function(fn_id=name, retries=0, trigger=inngest.TriggerEvent(event=f"t/{name}"))
        async def function(ctx: inngest.Context) -> object:
            async def body() -> object:
                return value

            return await ctx.step.run("value", body)

        return function

    def all(self) -> list[inngest.Function[object]]:
        """Every function."""
        moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        values = {"nan": float("nan"), "moment": moment, "huge": "x" * 4_300_000}
        return [*self.outcomes(), *self.flow(), *(self.returning(name, value) for name, value in values.items())]


@contextmanager
def serve(server: InngestServer) -> Iterator[Served]:
    """The functions, served and registered with the sandbox."""
    served = Served(server)
    app = fastapi.FastAPI()
    inngest.fast_api.serve(app, served.client, served.all())
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    wait_for("the application to listen", lambda: web.started)
    port = web.servers[0].sockets[0].getsockname()[1]
    answer = httpx.put(f"http://127.0.0.1:{port}/api/inngest").json()
    assert answer.get("ok") is True, answer
    try:
        yield served
    finally:
        web.should_exit = True
        thread.join()
