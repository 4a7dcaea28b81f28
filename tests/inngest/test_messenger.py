"""Inngest as a messenger: what it sends, what a probe finds, and what it makes of a server that fails it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from capture.core.errors import ConfigurationError, Outage
from capture.core.models import Job
from capture.processors.inngest import WANTED, InngestMessenger, build_client, event_for
from capture.settings import Settings
from tests.inngest.server import InngestServer, start_inngest

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def job(**values: Any) -> Job:
    row: dict[str, Any] = {
        "id": UUID(int=7), "job_type": "recent-prs", "owner": "Octo", "name": "Hello", "status": "pending",
        "processor_type": "inngest", "trigger": "manual", "scope_hash": "x", "created_at": NOW, "updated_at": NOW,
        "priority": 80,
    }  # fmt: skip
    return Job.model_validate(row | values)


@asynccontextmanager
async def messenger(
    server: InngestServer, app_health: str | None = None, **changed: str
) -> AsyncIterator[InngestMessenger]:
    names = {key.lower(): value for key, value in server.environment().items()} | changed
    async with httpx.AsyncClient() as http:
        client = build_client(Settings.model_validate(names))
        yield InngestMessenger(client, app_health, http, clock=lambda: datetime.now(UTC))


def register(server: InngestServer) -> None:
    functions = [{"id": name, "triggers": [{"event": f"t/{name}"}]} for name in WANTED]
    body = {"appname": "capture", "url": "http://127.0.0.1:9/api/inngest", "functions": functions}
    headers = {"authorization": f"Bearer {server.signing_key}"} if server.signing_key else {}
    assert httpx.post(f"{server.url}/fn/register", json=body, headers=headers).json()["ok"]


def test_the_event_is_versioned_and_named_for_the_hand_over() -> None:
    event = event_for(job(), 3)
    assert (event.name, event.id) == ("capture/requested", f"{UUID(int=7)}:3")
    assert event.data == {
        "v": 1, "job_id": str(UUID(int=7)), "repository": "octo/hello", "handover": 3, "priority": 80,
    }  # fmt: skip
    assert event_for(job(continuation_of=UUID(int=6)), 1).name == "capture/continued"
    assert event_for(job(priority=10_000), 1).data["priority"] == 600


def test_without_any_configuration_the_missing_name_is_told() -> None:
    with pytest.raises(ConfigurationError, match="INNGEST_DEV or INNGEST_SIGNING_KEY"):
        build_client(Settings())
    with pytest.raises(ConfigurationError, match="INNGEST_EVENT_KEY"):
        build_client(Settings.model_validate({"inngest_signing_key": "signkey-prod-00"}))


@pytest.mark.parametrize("options", [[], ["--signed"]], ids=["dev", "signed"])
def test_a_probe_finds_what_is_missing_one_after_the_other(options: list[str]) -> None:
    async def check(server: InngestServer) -> None:
        async with messenger(server) as inngest:
            assert (await inngest.probe()).code == "not_registered"
            register(server)
            assert (await inngest.probe()).up
            assert (await inngest.send(job(), 1)).reference
        async with messenger(server, app_health="http://127.0.0.1:9/healthz") as inngest:
            assert (await inngest.probe()).code == "app_down"

    with start_inngest(*options) as server:
        asyncio.run(check(server))


def test_a_dead_server_is_an_outage_and_a_verdict() -> None:
    async def check(server: InngestServer) -> None:
        async with messenger(server) as inngest:
            server.faults(refuse_events=-1)
            with pytest.raises(Outage, match="service unavailable"):
                await inngest.send(job(), 1)
            server.kill()
            verdict = await inngest.probe()
            assert (verdict.up, verdict.code) == (False, "api_down")
            with pytest.raises(Outage, match="did not take the event"):
                await inngest.send(job(), 1)

    with start_inngest() as server:
        asyncio.run(check(server))


@pytest.mark.slow
def test_a_frozen_server_leaves_open_whether_it_took_the_event() -> None:
    async def check(server: InngestServer) -> None:
        async with messenger(server) as inngest:
            server.process.send_signal(signal.SIGSTOP)
            assert (await inngest.probe()).code == "api_down"
            with pytest.raises(Outage, match="may have been taken"):
                await inngest.send(job(), 1)
            server.process.send_signal(signal.SIGCONT)

    with start_inngest() as server:
        asyncio.run(check(server))


def test_a_wrong_key_is_refused_at_once() -> None:
    async def check(server: InngestServer) -> None:
        async with messenger(server, inngest_event_key="wrong") as inngest:
            with pytest.raises(Outage, match="Event key not found"):
                await inngest.send(job(), 1)

    with start_inngest("--signed") as server:
        asyncio.run(check(server))
