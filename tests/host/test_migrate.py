"""The schema is brought up to the code, once, in order, and never touched when the database is ahead."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from capture.core.errors import ConfigurationError, CredentialError, Outage
from capture.store.migrate import known_migrations, migrate, require_current
from tests.support.postgres import Databases


def test_a_second_migration_applies_nothing(databases: Databases) -> None:
    with databases.fresh(empty=True) as dsn:
        first = migrate(dsn)
        assert [m.version for m in first] == [m.version for m in known_migrations()]
        assert migrate(dsn) == []
        require_current(dsn)


def test_two_migrating_at_once_take_turns(databases: Databases) -> None:
    with databases.fresh(empty=True) as dsn, ThreadPoolExecutor(2) as pool:
        done = [job.result() for job in [pool.submit(migrate, dsn) for _ in range(2)]]
        assert sorted(m.version for part in done for m in part) == [m.version for m in known_migrations()]


def test_a_database_newer_than_the_code_is_refused_in_one_sentence(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("insert into supabase_migrations.schema_migrations (version) values ('20990101000000')")
    for attempt in (migrate, require_current):
        with pytest.raises(ConfigurationError, match="newer than this code: it has migration 20990101000000"):
            attempt(database_url)


def test_a_database_without_migrations_is_told_how_to_get_them(databases: Databases) -> None:
    with databases.fresh(empty=True) as dsn, pytest.raises(ConfigurationError, match="capture migrate"):
        require_current(dsn)


def test_a_wrong_password_and_a_closed_port_are_told_apart(database_url: str) -> None:
    with pytest.raises(CredentialError):
        migrate(database_url.replace("postgres:", "postgres:not-"))
    with pytest.raises(Outage):
        migrate("postgresql://postgres@127.0.0.1:1/postgres")


def test_the_failing_migration_is_undone_and_named(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from capture.store import migrate as module

    folder = tmp_path_factory.mktemp("migrations")
    (folder / "1_good.sql").write_text("create table good ()")
    (folder / "2_bad.sql").write_text("create table half (); select broken;")
    files = [module.Migration(f.stem[0], f.stem[2:], f) for f in sorted(folder.glob("*.sql"))]
    monkeypatch.setattr(module, "known_migrations", lambda: files)
    with databases.fresh(empty=True) as dsn:
        with pytest.raises(ConfigurationError, match=r"2_bad\.sql failed and was undone"):
            migrate(dsn)
        with psycopg.connect(dsn) as connection:
            tables = connection.execute("select to_regclass('good'), to_regclass('half')").fetchone()
        assert tables == ("good", None)
