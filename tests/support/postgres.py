"""Databases for tests: one Postgres per test process, one migrated template, one clone per test."""

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from capture.store.embedded import embedded_postgres
from capture.store.migrate import migrate


class Databases:
    """Hands out fresh databases on one server."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._template: str | None = None

    def dsn(self, database: str) -> str:
        """The address of a database on this server."""
        return f"{self.server.rpartition('/')[0]}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement on the server's own database."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def migrated(self) -> str:
        """The template, made on first use."""
        if self._template is None:
            self.execute("create database migrated")
            migrate(self.dsn("migrated"))
            self._template = "migrated"
        return self._template

    @contextmanager
    def fresh(self, *, empty: bool = False) -> Generator[str, None, None]:
        """A database of the test's own, dropped afterwards whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        template = "template1" if empty else self.migrated()
        self.execute(f"create database {name} template {template}")
        try:
            yield self.dsn(name)
        finally:
            self.execute(f"drop database {name} with (force)")


@contextmanager
def test_server(home: Path) -> Generator[Databases, None, None]:
    """A Postgres for tests, which forgets everything if the machine crashes and is the faster for it."""
    with embedded_postgres(home, durable=False) as dsn:
        yield Databases(dsn)
