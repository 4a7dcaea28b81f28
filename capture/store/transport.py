"""What both transports share: arguments out, answers back, tries in between. One call is one transaction."""

import random
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from capture.core.errors import StoreError
from capture.store.encoding import decode, encode
from capture.store.persistence import Patience, persist

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class BaseTransport(ABC):
    """Calls `public.<function>(argument jsonb)`; subclasses know how one try is made."""

    max_bytes: int
    """How large the JSON of one call should be at most."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._answered = False

    async def call(self, function: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        """See `capture.core.ports.Transport.call`."""
        if not _NAME.fullmatch(function):
            raise StoreError(f"{function!r} is not the name of a function")
        text = encode(argument)[0].decode()

        async def attempt() -> dict[str, Any]:
            answer = decode(await self._try(function, text))
            self._answered = True
            if isinstance(answer, dict) and "outcome" in answer:
                return answer  # pyright: ignore[reportUnknownVariableType]
            raise StoreError(f"{function} did not answer an object with an outcome")

        return await persist(
            attempt,
            seconds=self._patience.later if self._answered else self._patience.first,
            clock=time.monotonic,
            random=random.random,
        )

    @abstractmethod
    async def _try(self, function: str, text: str) -> Any:
        """One try. Raises `Transient` where another may succeed, else one of `capture.core.errors`."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections."""
