"""What the Inngest sandbox remembers: registered functions, events, runs, the faults it was told to make."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.inngest_wire import holds, lookup

Json = dict[str, Any]


def now_text() -> str:
    """Now, as the server writes times."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Faults:
    """What goes wrong, as set over `POST /_sandbox/faults`; counters run down to zero, -1 means always."""

    drop_events: int = 0
    """Events that are accepted with HTTP 200 and never run."""
    refuse_events: int = 0
    """Sends that are answered with 503."""
    deliver_times: int = 1
    """Runs made of each event, deduplication left aside."""
    repeat_steps: int = 0
    """Steps whose result is lost on its way back, so that they run again with the same attempt number."""
    repeat_each: int = 0
    """Not 0: every call of the application is made twice, and only the second answer counts."""
    step_delay: float = 0.0
    """Seconds before every call of the application."""
    answer_delay: float = 0.0
    """Seconds before the event API answers, after it has taken the event."""

    def take(self, name: str) -> bool:
        """Whether the fault strikes now; counts it down."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left != 0


@dataclass(slots=True)
class Run:
    """One run of one function."""

    run_id: str
    function: Json
    event: Json
    event_ulid: str
    status: str = "Scheduled"
    started_at: str = field(default_factory=now_text)
    ended_at: str | None = None
    output: Any = None
    steps: dict[str, Any] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will be called for the run."""
        return self.ended_at is not None

    def end(self, status: str, output: Any = None) -> None:
        """Put the run into its last state; the first end wins."""
        if not self.ended:
            self.status, self.output, self.ended_at = status, output, now_text()

    def view(self) -> Json:
        """The run as `GET /v1/events/{id}/runs` shows it."""
        return {
            "run_id": self.run_id,
            "run_started_at": self.started_at,
            "function_id": self.function["id"],
            "event_id": self.event_ulid,
            "status": self.status,
            "ended_at": self.ended_at,
            "output": self.output,
        }


@dataclass(slots=True)
class State:
    """The whole server. `retry_seconds` is the first retry's delay; it doubles, where the real table starts at 15 s."""

    signing_key: str | None = None
    event_key: str | None = None
    retry_seconds: float = 0.2
    apps: dict[str, Json] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    events: dict[str, Json] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    slots: dict[tuple[str, int, Any], asyncio.Semaphore] = field(default_factory=dict)
    cached: dict[tuple[str, str], tuple[float, Any]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    counts: Counter[str] = field(default_factory=Counter)

    def register(self, body: Json) -> bool:
        """Take an application's functions; answers whether that changed anything. Raises ValueError: all refused."""
        for function in body["functions"]:
            limits = function.get("concurrency") or []
            if len(limits) > 2:
                raise ValueError("At least one function is invalid: there are more than two concurrency constraints")
            if not function.get("triggers"):
                raise ValueError("At least one function is invalid: a function needs a trigger")
            for rule in function.get("cancel") or []:
                holds(rule.get("if"), {"event": {}, "async": {}})
        app = {"url": body["url"], "functions": {function["id"]: function for function in body["functions"]}}
        modified = self.apps.get(body["appname"]) != app
        self.apps[body["appname"]] = app
        return modified

    def functions(self) -> list[Json]:
        """Every registered function."""
        return [function for app in self.apps.values() for function in app["functions"].values()]

    def triggered(self, event: Json) -> list[Json]:
        """The functions that an event starts."""
        return [
            function
            for function in self.functions()
            for trigger in function["triggers"]
            if trigger.get("event") == event["name"] and holds(trigger.get("expression"), {"event": event})
        ]

    def slots_of(self, run: Run) -> list[asyncio.Semaphore]:
        """The concurrency limits that a step of the run must pass, each with its own key."""
        found: list[asyncio.Semaphore] = []
        for position, limit in enumerate(run.function.get("concurrency") or []):
            key = lookup(limit["key"], {"event": run.event}) if limit.get("key") else None
            slot = (run.function["id"], position, str(key))
            found.append(self.slots.setdefault(slot, asyncio.Semaphore(limit["limit"])))
        return found
