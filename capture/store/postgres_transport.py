"""The store over a Postgres connection: the embedded one, a direct one, or Supabase's poolers in either mode.

One statement is one transaction, with nothing that lives in a session (no prepared statements, no SET): so it works
through a pooler in transaction mode, too.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors, sql
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from capture.core.errors import ConfigurationError, CredentialError, StoreError
from capture.store.persistence import Patience, Transient, is_transient, persist
from capture.store.transport import BaseTransport

CALL_SECONDS = 75.0
"""Longer than the longest statement_timeout of our functions: past it the connection is dead, not slow."""

_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": None,
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class PostgresTransport(BaseTransport):
    """A small pool of connections; a dead one is found before it is used, and replaced."""

    max_bytes = 4_000_000

    def __init__(self, dsn: str, *, connections: int = 10, patience: Patience | None = None) -> None:
        super().__init__(patience or Patience())
        self._dsn = dsn
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            dsn,
            min_size=0,
            max_size=connections,
            kwargs=_CONNECTION,
            check=AsyncConnectionPool.check_connection,
            open=False,
            timeout=5.0,
            reconnect_timeout=1.0,
            max_idle=120.0,
        )

    async def open(self) -> None:
        """Connect once, to tell a wrong password from a server that is not there; see `Transport.call` for errors."""

        async def attempt() -> dict[str, Any]:
            await (await _connect(self._dsn)).close()
            return {}

        await persist(attempt, seconds=self._patience.first, clock=time.monotonic, random=random.random)
        # The pool would write every failed try to standard error; `call` says what came of them.
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        await self._pool.open()

    async def close(self) -> None:
        """Give back connections."""
        await self._pool.close()

    async def _try(self, function: str, text: str) -> Any:
        query = sql.SQL("select public.{}(%s::jsonb)::text").format(sql.Identifier(function))
        try:
            async with asyncio.timeout(CALL_SECONDS), self._pool.connection() as connection:
                cursor = await connection.execute(query, (text,))
                row = await cursor.fetchone()
        except (PoolTimeout, TooManyRequests) as error:
            raise Transient("no connection could be made") from error
        except PoolClosed as error:
            raise StoreError("the store is closed") from error
        except TimeoutError as error:
            raise Transient(f"{function} took longer than {CALL_SECONDS:.0f} s") from error
        except psycopg.Error as error:
            raise _translate(function, error) from error
        return row[0] if row else None


@asynccontextmanager
async def open_postgres(
    dsn: str, *, connections: int = 10, patience: Patience | None = None
) -> AsyncGenerator[PostgresTransport, None]:
    """A transport over this address, open until the block ends."""
    transport = PostgresTransport(dsn, connections=connections, patience=patience)
    await transport.open()
    try:
        yield transport
    finally:
        await transport.close()


async def _connect(dsn: str) -> AsyncConnection[Any]:
    try:
        return await AsyncConnection.connect(dsn, **_CONNECTION)
    except psycopg.OperationalError as error:
        reason = _last_line(error)
        if "authentication failed" in reason or "no password supplied" in reason:
            raise CredentialError(f"The database refuses the credentials: {reason}") from error
        if "does not exist" in reason:
            raise ConfigurationError(f"The database cannot be opened: {reason}") from error
        raise Transient(reason) from error
    except psycopg.ProgrammingError as error:
        raise ConfigurationError("DATABASE_URL is not a database address.") from error


def _translate(function: str, error: psycopg.Error) -> Exception:
    message = error.diag.message_primary or _last_line(error)
    if isinstance(error, errors.UndefinedFunction | errors.UndefinedTable | errors.UndefinedColumn):
        return ConfigurationError(f"The database lacks what {function} needs ({message}); run `capture migrate`.")
    if isinstance(error, errors.InsufficientPrivilege):
        return CredentialError(f"This database role may not call {function}: {message}")
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None
    if lost or is_transient(error.sqlstate, message):
        return Transient(message)
    return StoreError(f"{function} was refused: {message} ({error.sqlstate})")


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
