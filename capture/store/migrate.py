"""Brings a database's schema up to this code: the files of `supabase/migrations`, in the order of their names.

What has been applied is recorded in `supabase_migrations.schema_migrations`, the table that Supabase's own command
line uses, so that `supabase db push` and `capture migrate` may take turns.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

import psycopg

from capture.core.errors import ConfigurationError, CredentialError, Outage

LOCK = 7_226_041_915_530_287  # any number that nobody else uses as an advisory lock of this database

_RECORD: LiteralString = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text
);
"""


@dataclass(frozen=True, order=True)
class Migration:
    """One file; its version is the run of digits that its name begins with."""

    version: str
    name: str
    path: Path


def known_migrations() -> list[Migration]:
    """The migrations of this code, in order: packaged beside this module, else in the source tree."""
    here = Path(__file__).resolve().parent
    folders = (here / "migrations", here.parents[1] / "supabase" / "migrations")
    for folder in folders:
        files = sorted(folder.glob("*.sql"))
        if files:
            return [Migration(file.stem.partition("_")[0], file.stem.partition("_")[2], file) for file in files]
    raise ConfigurationError("The database migrations are missing from this installation.")


def migrate(dsn: str) -> list[Migration]:
    """Apply what is missing, each file in a transaction of its own, and return what was applied.

    Two processes may migrate at once: they take turns. Raises `ConfigurationError` when the database has migrations
    that this code does not know, or when one fails; `Outage` or `CredentialError` when it cannot be reached.
    """
    done: list[Migration] = []
    known = known_migrations()
    with connect(dsn) as connection:
        if not set(_missing(known, _applied(connection))):
            return done
        for migration in known:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
                connection.execute(_RECORD)
                if migration in _missing(known, _applied(connection)):
                    _apply(connection, migration)
                    done.append(migration)
    return done


def require_current(dsn: str) -> None:
    """Refuse a database that is newer than this code, or that lacks migrations; one sentence says what to do."""
    known = known_migrations()
    with connect(dsn) as connection:
        missing = _missing(known, _applied(connection))
    if missing:
        raise ConfigurationError(
            f"The database lacks {len(missing)} of {len(known)} migrations; `capture migrate` applies them."
        )


def connect(dsn: str) -> psycopg.Connection:
    """A plain connection, whose failures are told apart: wrong password, or not there."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10, prepare_threshold=None)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "no reason given"
        if "authentication failed" in reason or "no password supplied" in reason:
            raise CredentialError(f"The database refuses the credentials: {reason}") from error
        raise Outage(f"The database cannot be reached: {reason}") from error
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(f"DATABASE_URL is not a database address: {str(error).strip()}") from error


def _applied(connection: psycopg.Connection) -> set[str]:
    found = connection.execute("select to_regclass('supabase_migrations.schema_migrations') is not null").fetchone()
    if found is None or not found[0]:
        return set()
    rows = connection.execute("select version from supabase_migrations.schema_migrations").fetchall()
    return {str(row[0]) for row in rows}


def _missing(known: list[Migration], applied: set[str]) -> list[Migration]:
    strange = sorted(applied - {migration.version for migration in known})
    if strange:
        raise ConfigurationError(
            f"The database is newer than this code: it has migration {strange[-1]}, and the newest that this code "
            f"knows is {known[-1].version}. Update the code; the database was left alone."
        )
    return [migration for migration in known if migration.version not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        connection.execute(cast(LiteralString, migration.path.read_text(encoding="utf-8")))
    except psycopg.Error as error:
        raise ConfigurationError(f"Migration {migration.path.name} failed and was undone: {error}") from error
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
        (migration.version, migration.name),
    )
