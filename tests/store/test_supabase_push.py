"""Supabase's own command line brings a bare project's database up, and ours agrees with what it did."""

import shutil
from pathlib import Path

import psycopg
import pytest

from capture.store.migrate import known_migrations, migrate, require_current
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.lite import supabase_command
from tests.store.servers import postgres

pytestmark = [pytest.mark.anyio, pytest.mark.node]

ROLES = """
create role anon nologin noinherit; create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
"""


async def test_db_push_applies_the_migrations_to_a_bare_project(tmp_path: Path) -> None:
    """With Supabase's roles and default privileges; `capture migrate` then has nothing to do."""
    project = tmp_path / "project"
    (project / "supabase" / "migrations").mkdir(parents=True)
    for migration in known_migrations():
        shutil.copy(migration.path, project / "supabase" / "migrations")
    (project / "supabase" / "config.toml").write_text('project_id = "push"\n')
    with postgres(tmp_path / "postgres", migrated=False) as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(ROLES)
        url = f"{server.dsn}?sslmode=disable"
        pushed = supabase_command(["db", "push", "--db-url", url, "--yes"], project)
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        require_current(server.dsn)
        assert migrate(server.dsn) == []
        async with open_postgres(server.dsn) as transport:
            await Store(transport).check_database("worker")
