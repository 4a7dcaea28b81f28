"""The store over Supabase's HTTP interface: supabase-py's `rpc`, which is one transaction a call.

The argument travels as JSON text inside the JSON body: the functions unwrap it, it is faster than a nested object, and
servers that encode a nested object twice change nothing about it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from capture.core.errors import CaptureError, ConfigurationError, CredentialError, StoreError
from capture.store.persistence import Patience, Transient, is_transient
from capture.store.transport import BaseTransport

CONCURRENCY = 20
"""Calls in flight on one client; more only wait in the server, and then time out there."""

_GATEWAY = frozenset({"PGRST000", "PGRST001", "PGRST002", "PGRST003"})
"""PostgREST's own outages: no connection to the database, or none free."""

_MISSING = frozenset({"PGRST202", "PGRST205", "42883", "42P01", "42703"})
_CREDENTIALS = frozenset({"PGRST300", "PGRST301", "PGRST302", "PGRST303", "42501", "401", "403"})


class SupabaseTransport(BaseTransport):
    """One async client; its own retries are off, since `call` has them."""

    max_bytes = 1_000_000

    def __init__(self, client: Any, http: httpx.AsyncClient, host: str, patience: Patience) -> None:
        super().__init__(patience)
        self._client = client
        self._http = http
        self._host = host
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def close(self) -> None:
        """Give back connections."""
        await self._http.aclose()

    async def _try(self, function: str, text: str) -> Any:
        from postgrest.exceptions import APIError

        try:
            async with self._slots:
                answer = await self._client.rpc(function, {"argument": text}).execute()
        except APIError as error:
            raise _translate(function, error) from error
        except httpx.HTTPStatusError as error:
            raise _of_status(function, error.response.status_code) from error
        except httpx.InvalidURL as error:
            raise ConfigurationError("SUPABASE_URL is not an address.") from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise ConfigurationError("SUPABASE_URL or SUPABASE_SECRET_KEY cannot be used in a request.") from error
        except httpx.TransportError as error:
            raise Transient(f"{type(error).__name__} at {self._host}") from error
        return answer.data


@asynccontextmanager
async def open_supabase(
    url: str, key: str, *, timeout: float = 75.0, patience: Patience | None = None
) -> AsyncGenerator[SupabaseTransport, None]:
    """A transport over a project's address and its secret key (`sb_secret_…`); `timeout` in seconds bounds one try."""
    from supabase import AsyncClientOptions, acreate_client

    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY, keepalive_expiry=20.0)
    http = httpx.AsyncClient(timeout=httpx.Timeout(timeout, connect=10.0), limits=limits)
    options = AsyncClientOptions(
        httpx_client=http, postgrest_client_retry=False, auto_refresh_token=False, persist_session=False
    )
    try:
        client = await acreate_client(url, key, options=options)
    except Exception as error:
        await http.aclose()
        raise ConfigurationError("SUPABASE_URL or SUPABASE_SECRET_KEY is not usable.") from error
    transport = SupabaseTransport(client, http, urlsplit(url).hostname or "SUPABASE_URL", patience or Patience())
    try:
        yield transport
    finally:
        await transport.close()


def _translate(function: str, error: Any) -> CaptureError | Transient:
    """A refusal that came as PostgREST's error object. Its code may be a SQLSTATE, PostgREST's own, or missing."""
    code = str(error.code) if error.code is not None else ""
    message = str(error.message or "no message")
    if code in _MISSING:
        return ConfigurationError(f"The database lacks what {function} needs ({message}); run `capture migrate`.")
    if code in _CREDENTIALS or (not code and "key" in message.lower()):
        return CredentialError(f"The key may not call {function}: {message}")
    if code in _GATEWAY or is_transient(code or None, message):
        return Transient(message)
    if code.isdigit() and len(code) == 3:
        return _of_status(function, int(code), message)
    if "CONNECTION" in message or "ECONNREFUSED" in message or "terminat" in message or "starting up" in message:
        return Transient(message)
    return StoreError(f"{function} was refused: {message} ({code or 'no code'})")


def _of_status(function: str, status: int, message: str = "") -> CaptureError | Transient:
    detail = f"HTTP {status} {message}".strip()
    if status in (401, 403):
        return CredentialError(f"The key may not call {function}: {detail}")
    if status == 404:
        return ConfigurationError(f"{function} is not offered at SUPABASE_URL ({detail}); run `capture migrate`.")
    if status in (408, 425, 429) or status >= 500:
        return Transient(detail)
    return StoreError(f"{function} was refused: {detail}")
