"""The store's part about the processors' health, and the facts that routing asks for."""

from datetime import datetime
from typing import Any

from capture.core.health import Health
from capture.core.models import Processor
from capture.core.ports import Transport
from capture.core.rollout import Rollout
from capture.core.routing_store import StoredFacts


class HealthMixin:
    """Reads and records what probes, hand-overs and heartbeats showed."""

    transport: Transport

    async def routing_facts(self, owner: str, name: str) -> StoredFacts:
        """The database's clock, the repository if it was ever seen, the rollout and the processors' health."""
        answer = await self.transport.call("routing_facts", {"owner": owner, "name": name})
        repository = answer["repository"]
        if repository is not None:
            repository["watermark"] = _time(repository["watermark"])
        return StoredFacts(
            now=datetime.fromisoformat(answer["now"]),
            repository=repository,
            rollout=Rollout.from_row(answer["rollout"]),
            health=_health(answer["health"]),
        )

    async def get_health(self) -> tuple[dict[Processor, Health], datetime]:
        """Both processors' health, and the database's clock to judge it by."""
        answer = await self.transport.call("get_health", {})
        return _health(answer["health"]), datetime.fromisoformat(answer["now"])

    async def record_health(self, health: Health, *, seen_failures: int) -> Health:
        """Store a new state that was made from one with so many failures; answers what is stored now."""
        answer = await self.transport.call(
            "record_health",
            {
                "processor": health.processor,
                "status": health.status,
                "breaker": health.breaker,
                "failures": health.failures,
                "open_until": health.open_until.isoformat() if health.open_until else None,
                "verdict": health.verdict,
                "detail": health.detail,
                "probed_at": health.probed_at.isoformat() if health.probed_at else None,
                "seen_failures": seen_failures,
            },
        )
        return Health.from_row(answer["health"])

    async def beat_processor(self, processor: Processor) -> None:
        """A processor says that it runs; silence for more than 12 minutes will count as down."""
        await self.transport.call("beat_processor", {"processor": processor})


def _health(rows: dict[str, Any]) -> dict[Processor, Health]:
    found = [Health.from_row(row) for row in rows.values()]
    return {health.processor: health for health in found}


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
