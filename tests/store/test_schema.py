"""The schema is the one that the code was written for, and a start notices when it is not."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from capture.core.errors import ConfigurationError
from capture.store.expected import compare, expected_schema
from capture.store.migrate import known_migrations
from capture.store.store import Store

pytestmark = pytest.mark.anyio


async def test_a_migrated_database_is_as_the_code_expects(contract: Store) -> None:
    """On every version, over every transport. If this fails after a change: `python -m scripts.expected_schema`."""
    assert await contract.schema_differences() == []
    assert sorted(await contract.schema_objects()) == sorted(expected_schema().objects)


@pytest.fixture
def own(database_url: str) -> Iterator[psycopg.Connection]:
    """A database that may be damaged."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("alter table reviews drop column body cascade", "column reviews.body is missing"),
        ("alter table reviews alter column body set not null", "column reviews.body is different"),
        ("drop index pull_requests_updated", "index pull_requests_updated is missing"),
        ("alter table comments disable row level security", "row security comments is different"),
        ("grant execute on function commit_chunk(jsonb) to anon", "function commit_chunk(argument jsonb) is different"),
        ("drop trigger guard_job_status on progressive_capture_jobs", "trigger progressive_capture_jobs.guard_job"),
        (
            "create or replace function server_time(argument jsonb) returns jsonb language sql as 'select argument'",
            "function server_time(argument jsonb) is different",
        ),
    ],
)
async def test_a_start_is_refused_where_the_schema_was_changed_by_hand(
    own: psycopg.Connection, store: Store, damage: str, named: str
) -> None:
    """The sentence names what is different and what to do."""
    await store.check_database("worker")
    own.execute(damage)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="capture migrate") as refusal:
        await store.check_database("worker")
    assert named in str(refusal.value)


async def test_what_others_add_to_the_database_is_their_business(own: psycopg.Connection, store: Store) -> None:
    """A table, an index, a function of somebody else's do not stop a worker."""
    own.execute("create table notes (id int primary key); create index own_index on reviews (state)")
    await store.check_database("worker")


async def test_a_canary_that_cannot_be_read_back_stops_the_start(own: psycopg.Connection, store: Store) -> None:
    """As when writes are lost on the way, or the address leads to a replica."""
    await store.send_canary("worker")
    own.execute(
        "create function spoil() returns trigger language plpgsql as"
        " 'begin new.nonce := gen_random_uuid(); return new; end'"
    )
    own.execute("create trigger spoil before insert or update on store_canaries for each row execute function spoil()")
    with pytest.raises(ConfigurationError, match="cannot be read back"):
        await store.send_canary("other")


def test_the_expected_schema_was_read_after_the_last_change_of_a_migration() -> None:
    """If this fails: `uv run python -m scripts.expected_schema`."""
    assert expected_schema().current


def test_digests_are_compared_by_name() -> None:
    """Missing and different are told apart; more is fine."""
    assert compare({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}) == [
        "c is missing",
        "b is different",
    ]


def test_every_migration_says_what_it_locks_and_whether_old_code_survives_it() -> None:
    """In its header, where a reader of a failed deployment looks first."""
    for migration in known_migrations():
        header = migration.path.read_text(encoding="utf-8").partition("\n\n")[0]
        assert "Lock:" in header, migration.path.name
        assert "Old code survives" in header, migration.path.name


def test_the_status_guard_lets_no_terminal_state_change(own: psycopg.Connection) -> None:
    """Whoever writes: every pair of states is either in the list or refused by the database."""
    allowed = {
        "pending": {"dispatched", "processing", "deferred", "cancelled", "failed"},
        "dispatched": {"pending", "processing", "deferred", "cancelled", "failed"},
        "processing": {"completed", "failed", "cancelled", "deferred", "pending"},
        "deferred": {"pending", "cancelled", "failed"},
        "completed": set(),
        "failed": set(),
        "cancelled": set(),
    }
    terminal = {"completed", "failed", "cancelled"}
    for before, after in ((b, a) for b in allowed for a in allowed if a != b):
        own.execute(
            "insert into progressive_capture_jobs (job_type, owner, name, processor_type, trigger, scope_hash, status,"
            " started_at, completed_at) values ('recent-prs', 'o', 'r', 'inngest', 'manual', %s, %s, now(), %s)",
            (uuid4().hex, before, "2026-01-01" if before in terminal else None),
        )
        change = (
            "update progressive_capture_jobs set status = %s, completed_at = case when %s then now() end"
            " where id = (select id from progressive_capture_jobs order by id desc limit 1)"
        )
        try:
            own.execute(change, (after, after in terminal))
            accepted = True
        except psycopg.errors.CheckViolation:
            accepted = False
        assert accepted == (after in allowed[before]), (before, after)
        own.execute("delete from progressive_capture_jobs")


def test_no_package_named_supabase_shadows_the_library() -> None:
    """The folder of migrations has the name of the client library."""
    assert not (Path(__file__).parents[2] / "supabase" / "__init__.py").exists()
