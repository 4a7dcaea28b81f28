"""What the transports tell people apart, and what they send: encoding, cutting, trying again."""

import asyncio
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.core.errors import CaptureError, ConfigurationError, CredentialError, Outage, StoreError
from capture.core.models import Chunk
from capture.store.encoding import clean, decode, encode
from capture.store.keys import uuid_v7
from capture.store.persistence import Patience, Transient, is_transient, pause, persist
from capture.store.postgres_transport import open_postgres
from capture.store.splitting import split
from capture.store.store import Store
from capture.store.supabase_transport import open_supabase
from tests.store.lite import Lite
from tests.store.make import file_change, person, pull_request
from tests.store.servers import free_port

QUICK = Patience(first=0.3, later=0.3)
ENOUGH = Patience(first=60.0, later=60.0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("postgres:", "stranger:"), CredentialError, "refuses the credentials"),
        (("/test_", "/missing_"), ConfigurationError, "does not exist"),
    ],
)
async def test_a_database_that_cannot_be_opened_says_why_without_the_password(
    database_url: str, change: tuple[str, str], error: type[CaptureError], words: str
) -> None:
    """A wrong user or database is not an outage."""
    with pytest.raises(error, match=words) as refusal:
        async with open_postgres(database_url.replace(*change), patience=ENOUGH):
            pass
    password = database_url.partition("postgres:")[2].partition("@")[0]
    assert password not in str(refusal.value)


@pytest.mark.anyio
async def test_a_server_that_is_not_there_is_an_outage() -> None:
    """After some tries."""
    with pytest.raises(Outage, match="does not answer"):
        async with open_postgres(f"postgresql://u:secret@127.0.0.1:{free_port()}/d", patience=QUICK):
            pass


@pytest.mark.anyio
async def test_text_that_is_no_address_is_a_configuration_error() -> None:
    """And is not repeated, since it may hold a password."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as refusal:
        async with open_postgres("postgresql//u:secret@h", patience=QUICK):
            pass
    assert "secret" not in str(refusal.value)


@pytest.mark.anyio
async def test_a_missing_function_asks_for_the_migrations(databases: Any) -> None:
    """As on a database that was never migrated."""
    with databases.fresh(empty=True) as dsn:
        async with open_postgres(dsn, patience=ENOUGH) as transport:
            with pytest.raises(ConfigurationError, match="capture migrate"):
                await Store(transport).server_time()


@pytest.mark.anyio
async def test_a_role_without_rights_is_a_credential_error(database_url: str) -> None:
    """Somebody configured another role than the service's."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop role if exists visitor_of_tests")
        connection.execute("create role visitor_of_tests login password 'visitor'")
    _, _, rest = database_url.partition("@")
    async with open_postgres(f"postgresql://visitor_of_tests:visitor@{rest}", patience=ENOUGH) as transport:
        with pytest.raises(CredentialError, match="may not call"):
            await Store(transport).server_time()


@pytest.mark.anyio
async def test_a_refused_connection_in_the_middle_is_tried_again(database_url: str) -> None:
    """Every connection of the pool is ended by the server; the next call finds out and goes on."""
    async with open_postgres(database_url) as transport:
        store = Store(transport)
        await asyncio.gather(*(store.server_time() for _ in range(5)))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
            )
        await asyncio.gather(*(store.server_time() for _ in range(5)))


@pytest.mark.anyio
@pytest.mark.node
async def test_the_rest_server_refuses_wrong_keys_and_unknown_functions(rest: Lite) -> None:
    """The publishable key may do nothing, an unknown one neither; both are the configuration's fault."""
    for key in (rest.publishable, "sb_secret_nothing_of_the_kind"):
        async with open_supabase(rest.url, key, patience=ENOUGH) as transport:
            with pytest.raises(CredentialError, match="may not call") as refusal:
                await Store(transport).server_time()
            assert key not in str(refusal.value)
    async with open_supabase(rest.url, rest.secret, patience=ENOUGH) as transport:
        with pytest.raises(ConfigurationError, match="capture migrate"):
            await transport.call("no_such_function", {})
    async with open_supabase(f"http://127.0.0.1:{free_port()}", rest.secret, patience=QUICK) as transport:
        with pytest.raises(Outage, match="does not answer"):
            await Store(transport).server_time()


@pytest.mark.parametrize(
    ("state", "message", "expected"),
    [
        ("40001", "could not serialize", True),
        ("40P01", "deadlock detected", True),
        ("57P01", "terminating connection", True),
        ("53300", "too many connections", True),
        ("08006", "connection failure", True),
        ("XX000", "tuple concurrently updated", True),
        (None, "PostgresError: tuple concurrently updated", True),
        ("XX000", "cache lookup failed", False),
        ("23514", "check constraint", False),
        ("22023", "must be a JSON object", False),
        (None, "something else", False),
    ],
)
def test_what_may_go_away_by_itself_is_tried_again_and_nothing_else(
    state: str | None, message: str, expected: bool
) -> None:
    """Lost connections, deadlocks and concurrent changes; never a refusal that only a bug explains."""
    assert is_transient(state, message) is expected


def test_tries_end_when_patience_does() -> None:
    """With the last reason; a success in between is the answer, a bug is raised at once."""
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def run(results: list[Any], seconds: float) -> Any:
        async def attempt() -> dict[str, Any]:
            result = results.pop(0) if len(results) > 1 else results[0]
            if isinstance(result, Exception):
                raise result
            return result

        return await persist(attempt, seconds=seconds, clock=lambda: now[0], random=lambda: 0.5, sleep=sleep)

    gone = Transient("gone")
    assert asyncio.run(run([gone, gone, {"outcome": "ok"}], 10)) == {"outcome": "ok"}
    with pytest.raises(Outage, match="gone"):
        asyncio.run(run([gone], 10))
    assert now[0] <= 20
    with pytest.raises(StoreError):
        asyncio.run(run([StoreError("bug")], 10))


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_pauses_are_short_and_bounded(tries: int, chance: float) -> None:
    """Between 25 ms and 2 s."""
    assert 0.025 <= pause(tries, chance) <= 2.0


@given(st.recursive(st.text() | st.integers(-(2**53), 2**53) | st.none(), lambda inner: st.lists(inner)))
@settings(max_examples=60)
def test_encoding_keeps_everything_but_nul_and_lone_surrogates(value: Any) -> None:
    """And says how many it changed."""
    text, count = encode({"value": value, "lone": "a\ud800b"})
    cleaned, changed = clean(value)
    assert count == changed + 1
    assert decode(text) == {"value": cleaned, "lone": "a�b"}
    assert decode(encode({"v": cleaned})[0]) == {"v": cleaned}
    assert clean(cleaned) == (cleaned, 0)


def test_an_answer_that_was_encoded_twice_is_read_all_the_same() -> None:
    """As some servers do with jsonb."""
    assert decode('"{\\"outcome\\": \\"ok\\"}"') == {"outcome": "ok"}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=40), st.integers(300, 5000))
@settings(max_examples=60)
def test_a_cut_chunk_is_whole_pull_requests_with_their_people(numbers: list[int], limit: int) -> None:
    """Nothing is lost or doubled but the people that several parts name."""
    chunk = Chunk(people=[person(identity) for identity in range(1, 8)])
    for place, number in enumerate(sorted(numbers)):
        if not any(row["number"] == number for row in chunk.pull_requests):
            chunk.pull_requests.append(pull_request(number, author_key=f"user:{number}"))
        chunk.file_changes.append(file_change(number, f"f{place}"))
    parts = split(chunk, limit)
    assert [row for part in parts for row in part.pull_requests] == chunk.pull_requests
    assert sorted(row["path"] for part in parts for row in part.file_changes) == sorted(
        row["path"] for row in chunk.file_changes
    )
    homes = [{row["number"] for row in (*part.pull_requests, *part.file_changes)} for part in parts]
    assert sum(len(home) for home in homes) == len(set(numbers))
    for part in parts:
        named = {row["author_key"] for row in part.pull_requests}
        assert named <= {one["key"] for one in part.people}
    assert {one["key"] for part in parts for one in part.people} == {one["key"] for one in chunk.people}


def test_keys_are_ordered_by_time_and_never_repeat() -> None:
    """Also within a millisecond."""
    made = [uuid_v7() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {key.version for key in made} == {7}
