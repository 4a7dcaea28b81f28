"""A transport that gives up early: what a person or Inngest waits for must not wait for a minute."""

import asyncio
from collections.abc import Mapping
from typing import Any

from capture.core.errors import Outage
from capture.core.ports import Transport


class Bounded:
    """Every call, its retries included, ends within so many seconds."""

    def __init__(self, transport: Transport, seconds: float) -> None:
        self.transport = transport
        self.seconds = seconds
        self.max_bytes = transport.max_bytes

    async def call(self, function: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        """As the transport beneath; raises `Outage` when the time is up. Every function may be called again."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self.transport.call(function, argument)
        except TimeoutError as error:
            raise Outage(f"the database did not answer {function} within {self.seconds:g} s") from error

    async def close(self) -> None:
        """Close the transport beneath."""
        await self.transport.close()
