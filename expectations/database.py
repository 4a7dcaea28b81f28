"""The database as the suites see it: one connection string, one window a process, nothing written by a check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from capture.core.errors import CredentialError, InvalidInput, Outage

STATEMENT_SECONDS = 300


_WITHOUT_STATISTICS = "select set_config('enable_nestloop', 'off', false) where dq.unanalysed()"


@dataclass(frozen=True, slots=True)
class Scope:
    """What one validation looks at: one repository or all, and a window by updatedAt or everything."""

    repository_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    whole_tables: bool = False
    """Whether the checks of this scope read large tables to the end; they are then joined without nested loops."""

    def session(self) -> dict[str, str]:
        """The session settings which the views in schema `dq` read."""
        return {
            "dq.repository": str(self.repository_id or ""),
            "dq.since": self.since.isoformat() if self.since else "",
            "dq.until": self.until.isoformat() if self.until else "",
        }


def driver_url(dsn: str) -> str:
    """The same connection with the driver named, because SQLAlchemy would otherwise choose one itself.

    A dollar sign (of a password) is escaped, because Great Expectations would read it as a variable.
    """
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(scheme="postgresql+psycopg")).replace("$", "%24")


def prepare(scope: Scope, *, read_only: bool) -> Any:
    """A listener for new connections: sets the window, a limit of 300 s a statement, and refuses writing."""

    def connected(connection: Any, _record: Any) -> None:
        values = scope.session() | {
            "statement_timeout": f"{STATEMENT_SECONDS}s",
            "timezone": "UTC",
            "work_mem": "64MB",  # joins of whole tables; two or three sorts or hashes at a time
            "jit": "off",
            "search_path": "dq",  # nothing else: a missing view must not be answered by a table
        }
        if read_only:
            values["default_transaction_read_only"] = "on"
        with connection.cursor() as cursor:
            for name, value in values.items():
                cursor.execute("select set_config(%s, %s, false)", (name, value))
            if scope.whole_tables:
                # They are joined whole; the planner cannot know that the settings above leave nothing out.
                cursor.execute("select set_config('enable_nestloop', 'off', false)")
            else:
                cursor.execute(_WITHOUT_STATISTICS)
        connection.commit()

    return connected


def open_engine(dsn: str, scope: Scope | None = None, *, read_only: bool = True) -> sa.Engine:
    """An engine whose connections see `scope`. Nothing is connected yet."""
    return sa.create_engine(
        driver_url(dsn), pool_size=1, max_overflow=1, connect_args={"connect_timeout": 10},
        pool_events=[(prepare(scope or Scope(), read_only=read_only), "connect")],
    )  # fmt: skip


def outage(error: DBAPIError) -> Outage | CredentialError:
    """The database's refusal as one sentence without the connection string."""
    reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
    if "password authentication failed" in reason:
        return CredentialError("the database refused the password in DATABASE_URL")
    return Outage(f"the database cannot be asked: {reason}")


def find_repository(dsn: str, full_name: str) -> UUID:
    """The id of `owner/name`, by its present or a former name. Raises InvalidInput when it was never captured."""
    query = sa.text(
        "select id from public.repositories"
        " where lower(owner || '/' || name) = lower(:name) or :name = any(previous_names)"
        " order by deleted_at nulls first, captured_at desc limit 1"
    )
    engine = open_engine(dsn)
    try:
        with engine.connect() as connection:
            found = connection.execute(query, {"name": full_name}).scalar()
    except OperationalError as error:
        raise outage(error) from None
    finally:
        engine.dispose()
    if found is None:
        raise InvalidInput("repository", f"{full_name} has not been captured yet; capture it first")
    return UUID(str(found))
