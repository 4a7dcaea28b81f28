"""One HTTP answer, and how it goes out: whole, cut off, or not at all."""

import hashlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

Send = Callable[[dict[str, Any]], Awaitable[None]]
JSON = "application/json; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """Status, headers and body. `cut` sends so many bytes of a longer announced body; `reset` drops the connection."""

    status: int = 200
    payload: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    reset: bool = False

    def bytes(self) -> bytes:
        """The body."""
        if self.body is None:
            self.body = b"" if self.payload is None else orjson.dumps(self.payload)
        return self.body

    def etag(self, token: str) -> str:
        """GitHub's ETags hang on the token: a fresh one makes every cached answer worthless."""
        return f'W/"{hashlib.sha256(token.encode() + self.bytes()).hexdigest()}"'


async def send_answer(answer: Answer, send: Send) -> None:
    """Write the answer to the client."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if answer.reset and transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return
    body = answer.bytes()
    headers = {"content-type": JSON, "server": "github.com", **answer.headers}
    if answer.status not in (204, 304):
        headers["content-length"] = str(len(body))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if answer.cut is not None and transport is not None:
        await send({"type": "http.response.body", "body": body[: answer.cut], "more_body": True})
        transport.close()
        return
    await send({"type": "http.response.body", "body": body if answer.status not in (204, 304) else b""})
