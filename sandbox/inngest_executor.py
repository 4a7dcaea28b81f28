"""Drives runs as Inngest's executor does: a call a step, memoised results, retries, failure events, cancelling."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

from sandbox.inngest_state import Json, Run, State
from sandbox.inngest_wire import OUTPUT_LIMIT, holds, signature, strict_json, ulid

STEP_LIMIT = 1000
Answer = tuple[Literal["done", "ops", "failed"], Any]


def step_url(function: Json, step: str) -> str:
    """The address of one step: the registered one with `stepId` replaced."""
    parts = urlsplit(function["steps"]["step"]["runtime"]["url"])
    query = dict(parse_qsl(parts.query)) | {"fnId": function["id"], "stepId": step}
    return urlunsplit(parts._replace(query=urlencode(query)))


class Executor:
    """Turns events into runs and runs into calls of the application."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.http = httpx.AsyncClient(timeout=httpx.Timeout(7200, connect=5))

    def ingest(self, event: Json) -> str:
        """Take one event and start what it triggers; answers the server's own id of the event."""
        state = self.state
        event_ulid = ulid()
        state.events[event_ulid] = event
        state.counts["events"] += 1
        if state.faults.take("drop_events"):
            state.counts["dropped"] += 1
            return event_ulid
        self._cancel_by(event)
        for function in state.triggered(event):
            key = (function["id"], str(event.get("id") or event_ulid))
            if key in state.seen:
                state.counts["deduplicated"] += 1
                continue
            state.seen.add(key)
            for _ in range(max(1, state.faults.deliver_times)):
                self.start(function, event, event_ulid)
        return event_ulid

    def start(self, function: Json, event: Json, event_ulid: str) -> Run:
        """Start one run of one function."""
        run = Run(ulid(), function, {"ts": int(datetime.now(UTC).timestamp() * 1000)} | event, event_ulid)
        self.state.runs.append(run)
        self.state.counts["runs"] += 1
        run.task = asyncio.create_task(self._drive(run))
        return run

    def cancel(self, run: Run) -> None:
        """Cancel a run: a step in flight runs to its end, no further one is called."""
        run.end("Cancelled")

    def _cancel_by(self, event: Json) -> None:
        for run in self.state.runs:
            for rule in [] if run.ended else run.function.get("cancel") or []:
                if rule["event"] == event["name"] and holds(rule.get("if"), {"event": run.event, "async": event}):
                    self.cancel(run)

    async def _drive(self, run: Run) -> None:
        run.status = "Running"
        kind, value = await self._call(run, "step", planned=False)
        while kind == "ops" and not run.ended:
            targets = [op["id"] for op in value if op["op"] == "StepPlanned"]
            done = [op for op in value if op["op"] != "StepPlanned"]
            for planned_kind, ops in await asyncio.gather(*(self._call(run, t, planned=True) for t in targets)):
                if planned_kind == "failed":
                    self._fail(run, ops)
                    return
                done += ops
            problem = self._remember(run, done)
            if problem is not None:
                self._fail(run, {"name": "Error", "message": problem})
                return
            if not run.ended:
                kind, value = await self._call(run, "step", planned=False)
        if kind == "done":
            run.end("Completed", value)
        elif kind == "failed":
            self._fail(run, value)

    def _remember(self, run: Run, ops: list[Json]) -> str | None:
        for op in ops:
            if len(json.dumps(op.get("data"))) > OUTPUT_LIMIT:
                return "step output size is greater than the limit"
            if op["op"] in ("StepError", "StepFailed"):
                run.steps[op["id"]] = {"error": op["error"]}
            elif op["op"] == "StepRun":
                run.steps[op["id"]] = {"data": op.get("data")}
            else:
                return f"the sandbox does not know the operation {op['op']}"
            run.stack.append(op["id"])
        return "too many steps" if len(run.stack) > STEP_LIMIT else None

    def _fail(self, run: Run, output: Any) -> None:
        if run.ended:
            return
        run.end("Failed", output)
        local_id = run.function["id"]
        error = output if isinstance(output, dict) else {"name": "Error", "message": str(output)}
        data = {
            "function_id": local_id,
            "run_id": run.run_id,
            "error": error,
            "event": run.event,
            "events": [run.event],
        }
        self.ingest({"id": ulid(), "name": "inngest/function.failed", "data": data, "ts": run.event["ts"]})

    async def _call(self, run: Run, step: str, *, planned: bool) -> Answer:
        """Call one step until it has an outcome, retrying as the function asks."""
        attempts = run.function["steps"]["step"].get("retries", {"attempts": 3})["attempts"] + 1
        attempt = 0
        repeated = False
        while True:
            async with AsyncExitStack() as held:
                for slot in self.state.slots_of(run):
                    await held.enter_async_context(slot)
                if run.ended:
                    return "failed", {"name": "Cancelled", "message": "the run was cancelled"}
                kind, value, again, wait = await self._attempt(
                    run, step, attempt, attempts, planned=planned, repeated=repeated
                )
            if kind is None:  # the result was lost on its way back: the same attempt runs once more
                repeated = True
                continue
            repeated = False
            if not again or attempt + 1 >= attempts:
                return kind, value
            await asyncio.sleep(self.state.retry_seconds * 2**attempt if wait is None else wait)
            attempt += 1

    async def _attempt(
        self, run: Run, step: str, attempt: int, attempts: int, *, planned: bool, repeated: bool
    ) -> tuple[Literal["done", "ops", "failed"] | None, Any, bool, float | None]:
        """One HTTP call: (outcome, value, whether a retry may follow, seconds that the application asked to wait)."""
        state = self.state
        await asyncio.sleep(state.faults.step_delay)
        state.counts["calls"] += 1
        body = json.dumps(self._request(run, attempt, attempts, planned)).encode()
        headers = {"content-type": "application/json", "x-run-id": run.run_id, "connection": "close"}
        headers["x-inngest-server-kind"] = "cloud" if state.signing_key else "dev"
        headers["x-inngest-req-version"] = "2" if run.stack else "-1"
        if state.signing_key:
            headers["x-inngest-signature"] = signature(body, state.signing_key)
        try:
            response = await self.http.post(step_url(run.function, step), content=body, headers=headers)
        except httpx.HTTPError as error:
            return (
                "failed",
                {"name": "Error", "message": f"Unable to reach SDK URL: {type(error).__name__}"},
                True,
                None,
            )
        again = state.faults.repeat_each != 0 and not repeated
        if again or state.faults.take("repeat_steps"):
            state.counts["repeated"] += 1
            return None, None, True, None
        try:
            data = strict_json(response.content)
        except ValueError as error:
            return "failed", {"name": "Error", "message": str(error)}, False, None
        retry = response.headers.get("x-inngest-no-retry") != "true"
        if response.status_code == 200:
            return "done", data, False, None
        if response.status_code == 206:
            if any(op["op"] == "StepError" for op in data) and retry:
                # After the last attempt the SDK itself says StepFailed, which the next call shows to the function.
                return "ops", data, True, None
            return "ops", data, False, None
        return "failed", data, retry, _seconds_until(response.headers.get("retry-after"))

    def _request(self, run: Run, attempt: int, attempts: int, planned: bool) -> Json:
        return {
            "ctx": {
                "attempt": attempt, "max_attempts": attempts, "run_id": run.run_id, "env": "",
                "fn_id": run.function["id"], "disable_immediate_execution": planned, "step_id": "step",
                "use_api": False,
                "stack": {"current": len(run.stack), "stack": run.stack},
            },
            "event": run.event, "events": [run.event], "steps": run.steps, "use_api": False, "version": 2,
        }  # fmt: skip


def _seconds_until(moment: str | None) -> float | None:
    if moment is None:
        return None
    return max(0.0, (datetime.fromisoformat(moment.replace("Z", "+00:00")) - datetime.now(UTC)).total_seconds())
